import { setTimeout as wait } from 'node:timers/promises';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { LocalCloud } from '../../local/cloud';
import { lineLog } from '../../local/core/log';
import { StateFolder } from '../../local/core/state';
import { siteSettings } from '../../local/functions/appEnvironment';
import { hotPathOf } from '../../local/hotPath';
import { deployLocalStack } from '../../local/localStack';
import { machineTime, serve } from '../childProcess';

/** Of one round: when how many Flags and rows of windows were there for good, and what was asked for that. */
export interface Written {
  /** Times of the machine in milliseconds since 1970, one a Flag and one a row, ascending. */
  readonly flags: readonly number[];
  readonly rows: readonly number[];
  readonly fhirRequests: number;
  readonly fhirEntries: number;
  readonly sqlCalls: number;
}

/** Rows that others have committed are looked for so often. */
const lookMs = 10;
const deadlineMs = 120_000;

/** The whole local cloud with the stack `local` in it, whose functions are processes below this one. */
class Hospital {
  private flags: number[] = [];

  private constructor(
    private readonly cloud: LocalCloud,
    private readonly databaseId: string,
  ) {
    const { steps } = cloud;
    const emit = steps.emit.bind(steps);
    steps.emit = (event) => {
      // Said after the transaction.
      if (event.step === '13b') this.flags.push(...new Array<number>(event.count).fill(machineTime()));
      emit(event);
    };
  }

  static async start(folder: string): Promise<Hospital> {
    const state = StateFolder.open(folder);
    const log = lineLog(true);
    const cloud = await LocalCloud.start({ state, clockStart: Date.now(), log });
    setDefaultCACertificates([...getCACertificates('default'), cloud.certificates.authority]);
    await deployLocalStack(cloud, { roleDelaySeconds: 0, log, onProgress: () => {} });
    cloud.clock.run();
    const databaseId = hotPathOf(cloud.controlPlane.resources)?.databaseId;
    if (databaseId === undefined) throw new Error('The local stack has no repository.');
    return new Hospital(cloud, databaseId);
  }

  /** How the apps that send to `scored` and read it reach everything, and an environment in which one gets their tokens. */
  place() {
    const sites = this.cloud.controlPlane.resources.list('web:WebApp').map((site) => siteSettings(site));
    const score = sites.find(({ settings }) => settings.KERNEL_SETTINGS !== undefined && settings.ENRICHED_HUB);
    const output = sites.find(({ settings }) => settings.FHIR_CONSUMER_GROUP !== undefined);
    if (!score || !output) throw new Error('The local stack lacks the app that scores or the one that writes results.');
    return {
      sender: score.settings,
      writer: output.settings,
      environment: this.cloud.identityEnvironment([...score.identities, ...output.identities]),
      serverAuthority: this.cloud.certificates.authority,
    };
  }

  isDrained(): boolean {
    return this.cloud.functionApps.isDrained();
  }

  /** Resolves when so many Flags and rows more are there than when it was asked. */
  async written(count: number): Promise<Written> {
    this.flags = [];
    const rows: number[] = [];
    const before = { rows: this.rows(), ...this.asked() };
    const deadline = machineTime() + deadlineMs;
    while (this.flags.length < count || rows.length < count) {
      if (machineTime() > deadline) {
        throw new Error(`After ${deadlineMs / 1000} s there were ${this.flags.length} flags and ${rows.length} rows.`);
      }
      await wait(lookMs);
      const more = this.rows() - before.rows - rows.length;
      rows.push(...new Array<number>(more).fill(machineTime()));
    }
    const after = this.asked();
    return {
      ...{ flags: this.flags, rows },
      fhirRequests: after.requests - before.requests,
      fhirEntries: after.entries - before.entries,
      sqlCalls: after.calls - before.calls,
    };
  }

  private rows(): number {
    const [row] = this.cloud.sqlServers.read(this.databaseId, 'SELECT COUNT(*) AS count FROM "care.scoredWindow"');
    return Number(row?.count);
  }

  private asked() {
    const fhir = Object.values(this.cloud.fhirServices.stats());
    const sum = (values: readonly number[]) => values.reduce((total, one) => total + one, 0);
    const sql = this.cloud.sqlServers.stats()[this.databaseId.toLowerCase()];
    return {
      requests: sum(fhir.map(({ requests }) => requests)),
      entries: sum(fhir.map(({ entries }) => entries)),
      calls: (sql?.calls ?? 0) + (sql?.batches ?? 0),
    };
  }
}

let hospital: Hospital;
const handlers = {
  start: async (folder: string) => {
    hospital = await Hospital.start(folder);
    return hospital.place();
  },
  isDrained: async () => hospital.isDrained(),
  written: (count: number) => hospital.written(count),
};
export type HotCloudHandlers = typeof handlers;

serve(handlers);
