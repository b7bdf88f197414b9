import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as automation from '@pulumi/pulumi/automation';

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

  static async open(folder: string, port: number, name = 'test'): Promise<EngineStack> {
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
    try {
      await (verb === 'up' ? this.stack.up({ program }) : this.stack.preview({ program }));
    } catch (error) {
      return String(error);
    }
    throw new Error(`The ${verb} was expected to be refused, and passed.`);
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
