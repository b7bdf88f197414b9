import { existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import * as automation from '@pulumi/pulumi/automation';

/** A resource as the stack's state holds it. */
export interface StateResource {
  readonly urn: string;
  readonly type: string;
  readonly id?: string;
  readonly protect?: boolean;
  readonly inputs?: Readonly<Record<string, unknown>>;
  readonly outputs?: Readonly<Record<string, unknown>>;
}

/** What one resource goes through in a preview: `create`, `update`, `replace` ... and where it differs. */
export interface PreviewStep {
  readonly op: string;
  readonly name: string;
  /** Property path to kind of change (`update`, `add-replace` ...). */
  readonly differences: Readonly<Record<string, string>>;
}

/**
 * A stack of the real Pulumi engine with an inline program, attached to a running control plane.
 * The engine is the one in the folder PULUMI_BIN, else the one on PATH.
 */
export class EngineStack {
  private constructor(
    private readonly stack: automation.Stack,
    private readonly folder: string,
  ) {}

  /** @param env further environment of the engine, as who deploys and which authority to trust */
  static async open(
    folder: string,
    port: number,
    name = 'test',
    env: Readonly<Record<string, string>> = {},
  ): Promise<EngineStack> {
    linkLibrary(folder);
    const bin = process.env.PULUMI_BIN;
    const pulumiCommand = await automation.PulumiCommand.get(bin ? { root: dirname(bin) } : {});
    const stack = await automation.LocalWorkspace.createOrSelectStack(
      { stackName: name, projectName: 'controlplane', program: async () => {} },
      {
        pulumiCommand,
        workDir: folder,
        envVars: {
          PULUMI_HOME: join(folder, 'home'),
          PULUMI_BACKEND_URL: `file://${folder}`,
          PULUMI_CONFIG_PASSPHRASE: 'test',
          PULUMI_SKIP_UPDATE_CHECK: 'true',
          PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: 'true',
          PULUMI_DEBUG_PROVIDERS: `azure-native:${port}`,
          ...env,
        },
      },
    );
    return new EngineStack(stack, folder);
  }

  /** Attaches to a control plane that listens elsewhere now. */
  attach(port: number): void {
    this.stack.workspace.envVars.PULUMI_DEBUG_PROVIDERS = `azure-native:${port}`;
  }

  config(key: string, value: string): Promise<void> {
    return this.stack.setConfig(key, { value });
  }

  async up(program: automation.PulumiFn): Promise<automation.UpResult> {
    return this.stack.up({ program });
  }

  /** The steps of a preview, without what stays the same. */
  async preview(program: automation.PulumiFn, refresh = false): Promise<PreviewStep[]> {
    const steps: PreviewStep[] = [];
    const onEvent = ({ resourcePreEvent }: automation.EngineEvent) => {
      const step = resourcePreEvent?.metadata;
      if (!step || step.op === 'same' || step.op === 'refresh') return;
      const differences = Object.entries(step.detailedDiff ?? {}).map(([path, diff]) => [path, diff.diffKind]);
      steps.push({
        op: step.op,
        name: step.urn.split('::').at(-1) ?? '',
        differences: Object.fromEntries(differences),
      });
    };
    await this.stack.preview({ program, refresh, onEvent });
    return steps;
  }

  /** What the engine says of a program that Azure would refuse, in its preview. */
  async refusal(program: automation.PulumiFn, verb: 'preview' | 'up' = 'preview'): Promise<string> {
    return this.stack[verb]({ program }).then(
      () => Promise.reject(new Error(`The ${verb} was expected to be refused, and passed.`)),
      String,
    );
  }

  /** The custom resources in the state, providers left out. */
  async resources(): Promise<StateResource[]> {
    const resources = (await this.state()).resources ?? [];
    return resources.filter(({ id, type }) => id !== undefined && !type.startsWith('pulumi:'));
  }

  async state(): Promise<{ readonly resources?: readonly StateResource[] }> {
    return (await this.stack.exportStack()).deployment;
  }

  /** `pulumi import` of one resource that exists, without the program that it writes. */
  async import(type: string, name: string, id: string): Promise<void> {
    await this.stack.import({ resources: [{ type, name, id }], generateCode: false, protect: false });
  }

  async refresh(): Promise<Record<string, number>> {
    return { ...(await this.stack.refresh()).summary.resourceChanges };
  }

  async destroy(): Promise<void> {
    await this.stack.destroy();
  }

  /** What the engine says when it may not destroy. */
  async destroyRefusal(): Promise<string> {
    return this.stack
      .destroy()
      .then(() => Promise.reject(new Error('The destroy was expected to be refused, and passed.')), String);
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Dynamic providers find the library from the folder in which the engine runs, as in a project that has installed it. */
function linkLibrary(folder: string): void {
  const link = join(folder, 'node_modules', 'pulumi-azure-iomt');
  // Another stack of the same backend has it already.
  if (existsSync(link)) return;
  mkdirSync(dirname(link), { recursive: true });
  symlinkSync(resolve(__dirname, '..', '..'), link);
}
