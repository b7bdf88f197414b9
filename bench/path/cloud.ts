import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { admit } from '../../local/admissions';
import { LocalCloud } from '../../local/cloud';
import { lineLog } from '../../local/core/log';
import { StateFolder } from '../../local/core/state';
import { healthRecord, judge } from '../../local/identity/principals';
import { deployLocalStack, type LocalStack, localConfig } from '../../local/localStack';
import { machineTime, serve } from '../childProcess';
import { Commits } from './commits';

/** The whole local cloud with the stack `local` in it, whose functions are processes below this one. */
class Hospital {
  private constructor(
    private readonly cloud: LocalCloud,
    private readonly stack: LocalStack,
    private readonly commits: Commits,
  ) {}

  static async start(folder: string): Promise<Hospital> {
    const state = StateFolder.open(folder);
    const log = lineLog(true);
    const cloud = await LocalCloud.start({ state, clockStart: Date.now(), log });
    setDefaultCACertificates([...getCACertificates('default'), cloud.certificates.authority]);
    const { 'hospital:connector': connector } = await localConfig(cloud, 0);
    const settings = {
      'hospital:hotPathEnabled': false,
      'hospital:connector': { ...(connector as object), flushSeconds: 0 },
    };
    const stack = await deployLocalStack(cloud, { roleDelaySeconds: 0, settings, log, onProgress: () => {} });
    cloud.clock.run();
    return new Hospital(cloud, stack, new Commits(cloud));
  }

  place() {
    const { cloud, stack } = this;
    return {
      stack,
      serverAuthority: cloud.certificates.authority,
      deviceAuthorityFolder: cloud.state.folder('devices'),
      consumerEnvironment: cloud.identityEnvironment([judge]),
    };
  }

  /** Puts a patient behind each device. */
  admit(deviceIds: readonly string[]): Promise<void> {
    const { cloud, stack } = this;
    const since = new Date(cloud.clock.now() - 60_000).toISOString();
    return admit(stack.fhirUrl, cloud.credential(healthRecord), deviceIds, since);
  }

  /** What has to be added to a time of this cloud's clock for one of the machine's, in milliseconds. */
  clockOffset(): number {
    return machineTime() - this.cloud.clock.now();
  }

  isDrained(): boolean {
    return this.cloud.functionApps.isDrained();
  }

  committed() {
    return this.commits.times();
  }
}

let hospital: Hospital;
const handlers = {
  start: async (folder: string) => {
    hospital = await Hospital.start(folder);
    return hospital.place();
  },
  admit: (deviceIds: readonly string[]) => hospital.admit(deviceIds),
  clockOffset: async () => hospital.clockOffset(),
  isDrained: async () => hospital.isDrained(),
  committed: async () => hospital.committed(),
};
export type CloudHandlers = typeof handlers;

serve(handlers);
