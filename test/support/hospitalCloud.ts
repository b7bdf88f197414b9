import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import type { HospitalEnvironmentArgs } from '../../components';
import { LocalCloud } from '../../local/cloud';
import { StateFolder } from '../../local/core/state';
import { localConfig } from '../../local/localStack';
import { EngineStack } from './engineStack';

export interface HospitalCloudOptions {
  /** Seconds after which a role assignment works; default 0. */
  readonly roleDelaySeconds?: number;
}

/** A whole local cloud in a temporary folder, for stacks of the real engine. */
export class HospitalCloud {
  private readonly stacks: EngineStack[] = [];

  private constructor(
    readonly cloud: LocalCloud,
    readonly folder: string,
    private readonly roleDelaySeconds: number,
    /** What the services warned of, a line each. */
    readonly warnings: readonly string[],
  ) {}

  static async start({ roleDelaySeconds = 0 }: HospitalCloudOptions = {}): Promise<HospitalCloud> {
    const folder = mkdtempSync(join(tmpdir(), 'hospital-cloud-'));
    const warnings: string[] = [];
    const cloud = await LocalCloud.start({
      state: StateFolder.open(join(folder, 'state')),
      clockStart: Date.parse('2026-03-01T00:00:00Z'),
      roleDelaySeconds,
      log: { info() {}, warn: (line) => void warnings.push(line) },
    });
    setDefaultCACertificates([...getCACertificates('default'), cloud.certificates.authority]);
    return new HospitalCloud(cloud, folder, roleDelaySeconds, warnings);
  }

  /**
   * A stack whose program lies in the test.
   * @param backend stacks that refer to each other's outputs have one
   */
  async stack(name: string, backend = name): Promise<EngineStack> {
    const folder = this.temporaryFolder(backend);
    const { cloud } = this;
    const stack = await EngineStack.open(folder, cloud.controlPlanePort, name, {
      ...cloud.deployerEnvironment(),
      PULUMI_DEBUG_PROVIDERS: `azure-native:${cloud.controlPlanePort},databricks:${cloud.databricksPort}`,
    });
    this.stacks.push(stack);
    return stack;
  }

  /** The arguments with which `npm start` makes its hospital, for another one in the same cloud, without a hot path unless said. */
  async args(hospitalId: string, others: Partial<HospitalEnvironmentArgs> = {}): Promise<HospitalEnvironmentArgs> {
    const config = Object.entries(await localConfig(this.cloud, this.roleDelaySeconds))
      .filter(([key]) => key.startsWith('hospital:'))
      .map(([key, value]) => [key.replace('hospital:', ''), value]);
    const args = Object.fromEntries(config) as HospitalEnvironmentArgs;
    return { ...args, hospitalId, hotPathEnabled: false, ...others, ingest: { ...args.ingest, ...others.ingest } };
  }

  temporaryFolder(name: string): string {
    const folder = join(this.folder, name);
    mkdirSync(folder, { recursive: true });
    return folder;
  }

  async close(): Promise<void> {
    for (const stack of this.stacks) stack.close();
    await this.cloud.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
