import { isDeepStrictEqual } from 'node:util';
import type { MonitoringEnd } from '../contracts/scored';
import type { BatchAnswer, BatchRequest } from '../fhir/batch';
import type { FhirClient } from '../fhir/fhirClient';
import { isSuccess } from '../fhir/fhirFault';
import type { StepLog } from '../stream/stepLog';
import { flagId, identifierSystems, iso, standingIdentifier } from './codes';
import { type Episode, episodeKinds } from './episodes';
import type { Extended, Flag } from './fhirTypes';
import { flagOf, flagOver } from './flag';
import type { PatientFlags } from './patientFlags';
import { isConflict } from './resultWriter';
import { statedEnd } from './riskAssessment';

/** A stated end of monitoring, and the window that states it. */
export type StatedEnd = MonitoringEnd & { readonly windowStart: number };

/** Whose past is read, and from when on: milliseconds since 1970. */
export interface PatientPast {
  readonly patient: string;
  readonly from: number;
  readonly flags: PatientFlags;
}

/** A change of a Flag, and what was known of its patient. */
export interface FlagChange {
  readonly episode: Episode;
  readonly flags: PatientFlags;
  /** Of the windows that flags go by. */
  readonly horizon: string;
}

/** What became of a change. `conflict`: somebody else wrote the Flag meanwhile. */
export type FlagAnswer = 'unchanged' | 'written' | 'conflict' | 'refused';

/** The Flags of a FHIR service, as the hot path reads and writes them: each call is one batch. */
export class FlagStore {
  constructor(private readonly client: FhirClient) {}

  /**
   * Reads Flags into what is known of patients.
   *
   * @param standing of whom nothing is known: those that stand are searched for
   * @param named Flags that windows name, whether or not they stand
   * @returns patients about whom the service refuses to say
   */
  async load(
    standing: ReadonlyMap<string, PatientFlags>,
    named: ReadonlyMap<string, PatientFlags>,
    log: StepLog,
  ): Promise<ReadonlySet<PatientFlags>> {
    const searches = [...standing.keys()].map((patient) => {
      const tokens = episodeKinds.map((kind) => tokenOf(standingIdentifier(patient, kind)));
      return `Flag?identifier=${tokens.join(',')}&_count=100`;
    });
    const reads = [...named.keys()].map((id) => ({ method: 'GET', url: `Flag/${id}` }) as const);
    const [found, answers] = await Promise.all([this.client.search(searches, log), this.client.batch(reads, log)]);
    const refused = new Set<PatientFlags>();
    for (const [index, flags] of [...standing.values()].entries()) {
      const { status = 0, resources = [] } = found[index] ?? {};
      if (!isSuccess(status)) refused.add(flags);
      for (const resource of resources) flags.add(resource);
    }
    for (const [index, flags] of [...named.values()].entries()) {
      const { status, resource } = answers[index] as BatchAnswer;
      if (isSuccess(status) && resource !== undefined) flags.add(resource);
      else if (![404, 410].includes(status)) refused.add(flags);
    }
    return refused;
  }

  /**
   * Reads Flags that stood at a time or later into what is known of patients.
   * @returns in the order of the patients, the ends of monitoring that their stored windows state
   */
  async loadPast(patients: readonly PatientPast[], log: StepLog): Promise<readonly (readonly StatedEnd[])[]> {
    const searches = patients.flatMap(({ patient, from }) => [
      `Flag?subject=Patient/${encodeURIComponent(patient)}&date=ge${iso(from)}&_count=100`,
      `RiskAssessment?identifier=${tokenOf({ system: identifierSystems.monitoringEnd, value: patient })}&_count=100`,
    ]);
    const found = await this.client.search(searches, log);
    return patients.map(({ flags }, index) => {
      for (const resource of found[2 * index]?.resources ?? []) flags.add(resource);
      return (found[2 * index + 1]?.resources ?? []).flatMap((resource) => statedEnd(resource as Extended) ?? []);
    });
  }

  /** Writes changes over what is known, which then is as it is stored. The answers are in the order of the changes. */
  async write(changes: readonly FlagChange[], log: StepLog): Promise<readonly FlagAnswer[]> {
    const puts = changes.map((change) => ({ change, request: requestOf(change) }));
    const sent = puts.filter((one): one is Put => one.request !== undefined);
    const answers = await this.client.batch(
      sent.map(({ request }) => request),
      log,
    );
    const byChange = new Map(sent.map(({ change, request }, index) => [change, { request, answer: answers[index] }]));
    return changes.map((change) => {
      const { request, answer } = byChange.get(change) ?? {};
      return request === undefined || answer === undefined ? 'unchanged' : taken(change, request, answer);
    });
  }
}

interface Put {
  readonly change: FlagChange;
  readonly request: BatchRequest;
}

/** Undefined where the Flag says the same already. */
function requestOf({ episode, flags, horizon }: FlagChange): BatchRequest | undefined {
  const id = flagId(episode);
  const known = flags.get(id);
  if (known !== undefined && isDeepStrictEqual(known.episode, episode)) return undefined;
  const url = `Flag/${id}`;
  return known === undefined
    ? { method: 'PUT', url, resource: flagOf(episode, horizon), ifNoneMatch: '*' }
    : { method: 'PUT', url, resource: flagOver(known.flag, episode, horizon), ifMatch: known.version };
}

function taken({ episode, flags }: FlagChange, request: BatchRequest, { status, etag }: BatchAnswer): FlagAnswer {
  if (isConflict(status, request.ifMatch)) return 'conflict';
  if (!isSuccess(status)) return 'refused';
  const flag = request.resource as Flag;
  // Without a version the next change would be refused, and then read.
  flags.set({ episode, flag, version: etag ?? 'W/"0"', isWithdrawn: false });
  return 'written';
}

const tokenOf = ({ system = '', value = '' }) => encodeURIComponent(`${system}|${value}`);
