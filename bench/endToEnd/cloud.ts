import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { admit, patientIdOf } from '../../local/admissions';
import { LocalCloud } from '../../local/cloud';
import { lineLog } from '../../local/core/log';
import { StateFolder } from '../../local/core/state';
import { hotPathOf } from '../../local/hotPath';
import { healthRecord, judge } from '../../local/identity/principals';
import { deployLocalStack, type LocalStack, localConfig } from '../../local/localStack';
import { machineTime, serve } from '../childProcess';

/** When a device's patient was flagged, and the row of that window was written; milliseconds of the local cloud's clock. */
export interface Flagged {
  readonly deviceId: string;
  /** Start and end of the window that raised the flag. */
  readonly start: number;
  readonly end: number;
  readonly flagAt: number;
  readonly rowAt: number;
}

interface FlagRead {
  readonly meta?: { readonly lastUpdated?: string; readonly versionId?: string };
  readonly code?: { readonly coding?: readonly { readonly code?: string }[] };
  readonly subject?: { readonly reference?: string };
}

/** The shortest windows that there are, and nothing that waits: what is left is the path. */
export const windowMs = 60_000;

class Hospital {
  private constructor(
    private readonly cloud: LocalCloud,
    private readonly stack: LocalStack,
    private readonly databaseId: string,
  ) {}

  static async start(folder: string): Promise<Hospital> {
    const state = StateFolder.open(folder);
    const log = lineLog(true);
    const cloud = await LocalCloud.start({ state, clockStart: Date.now(), log });
    setDefaultCACertificates([...getCACertificates('default'), cloud.certificates.authority]);
    const { 'hospital:connector': connector } = await localConfig(cloud, 0);
    const settings = {
      'hospital:connector': { ...(connector as object), flushSeconds: 0 },
      'hospital:scoring': { windowMinutes: windowMs / 60_000, latenessMinutes: 0, baselines: false },
    };
    const stack = await deployLocalStack(cloud, { roleDelaySeconds: 0, settings, log, onProgress: () => {} });
    cloud.clock.run();
    const databaseId = hotPathOf(cloud.controlPlane.resources)?.databaseId;
    if (databaseId === undefined) throw new Error('The local stack has no repository.');
    return new Hospital(cloud, stack, databaseId);
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
    const since = new Date(cloud.clock.now()).toISOString();
    return admit(stack.fhirUrl, cloud.credential(healthRecord), deviceIds, since);
  }

  clockOffset(): number {
    return machineTime() - this.cloud.clock.now();
  }

  isDrained(): boolean {
    return this.cloud.functionApps.isDrained();
  }

  /** Those whose deterioration is flagged and written by now. */
  flagged(deviceIds: readonly string[]): Flagged[] {
    const flags = new Map(this.flags().map((flag) => [flag.subject?.reference, flag]));
    const sql = `SELECT patient, windowStart, windowEnd, writtenAt FROM "care.scoredWindow"
      WHERE hot = 1 AND flagLevel IS NOT NULL ORDER BY windowStart`;
    // Of each patient the first.
    const rows = new Map(
      this.cloud.sqlServers
        .read(this.databaseId, sql)
        .reverse()
        .map((row) => [String(row.patient), row]),
    );
    return deviceIds.flatMap((deviceId) => {
      const patient = patientIdOf(deviceId);
      const flagAt = Date.parse(flags.get(`Patient/${patient}`)?.meta?.lastUpdated ?? '');
      const row = rows.get(patient);
      if (Number.isNaN(flagAt) || row === undefined) return [];
      const { windowStart: start, windowEnd: end, writtenAt } = row;
      return [{ deviceId, start: Number(start), end: Number(end), flagAt, rowAt: Number(writtenAt) }];
    });
  }

  /** As they were written first. @throws Error when one was written again */
  private flags(): FlagRead[] {
    const { fhirServices } = this.cloud;
    const all = fhirServices.ids().flatMap((id) => [...fhirServices.resources(id, 'Flag')]) as FlagRead[];
    const raised = all.filter(({ code }) => code?.coding?.some((one) => one.code === 'deterioration-high'));
    if (raised.some(({ meta }) => meta?.versionId !== '1')) throw new Error('A Flag was written more than once.');
    return raised;
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
  flagged: async (deviceIds: readonly string[]) => hospital.flagged(deviceIds),
};
export type EndToEndCloudHandlers = typeof handlers;

serve(handlers);
