import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { admit } from '../../local/admissions';
import { LocalCloud } from '../../local/cloud';
import { lineLog } from '../../local/core/log';
import { StateFolder } from '../../local/core/state';
import { healthRecord, judge } from '../../local/identity/principals';
import { hospitalProgram, localConfig } from '../../local/localStack';
import { machineTime, serve } from '../childProcess';
import { Commits } from './commits';

/** The whole local cloud with the stack `local` in it, whose functions are processes below this one. */
class Hospital {
  private constructor(
    private readonly cloud: LocalCloud,
    private readonly outputs: Readonly<Record<string, string>>,
    private readonly commits: Commits,
  ) {}

  static async start(folder: string): Promise<Hospital> {
    const state = StateFolder.open(folder);
    const cloud = await LocalCloud.start({ state, clockStart: Date.now(), log: lineLog(true) });
    setDefaultCACertificates([...getCACertificates('default'), cloud.certificates.authority]);
    const config = await localConfig(cloud, 0);
    const connector = { ...(config['hospital:connector'] as object), flushSeconds: 0 };
    const stack = cloud.stack('local', hospitalProgram);
    await stack.configure({ ...config, 'hospital:connector': connector });
    await stack.up();
    cloud.clock.run();
    return new Hospital(cloud, (await stack.outputs()) as Record<string, string>, new Commits(cloud));
  }

  place() {
    const { cloud, outputs } = this;
    const [, eventHub = ''] = /\/eventhubs\/([^/]+)$/i.exec(outputs.deviceDataHubId ?? '') ?? [];
    return {
      iotHubHost: outputs.iotHubHostName ?? '',
      provisioning: { host: outputs.provisioningHostName ?? '', idScope: outputs.provisioningIdScope ?? '' },
      eventHubsHost: outputs.eventHubsNamespaceHost ?? '',
      deviceDataHub: eventHub,
      serverAuthority: cloud.certificates.authority,
      deviceAuthorityFolder: cloud.state.folder('devices'),
      consumerEnvironment: cloud.identityEnvironment([judge]),
    };
  }

  /** Puts a patient behind each device. */
  admit(deviceIds: readonly string[]): Promise<void> {
    const { cloud, outputs } = this;
    const since = new Date(cloud.clock.now() - 60_000).toISOString();
    return admit(outputs.fhirUrl ?? '', cloud.credential(healthRecord), deviceIds, since);
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
