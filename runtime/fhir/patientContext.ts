import type { PatientContext } from '../contracts/patientContext';
import { contextAt, type KnownPatient } from '../enrich/contextAt';
import { type ContextCodes, type ContextResource, codedFacts } from '../enrich/contextCodes';
import { statedIn } from '../enrich/contextStatements';
import { patientIdOf, type Statement, type StoredPatient, type StoredResource } from '../enrich/fhirShapes';
import { oxygenCodes } from '../enrich/oxygen';
import type { StepLog } from '../stream/stepLog';
import { halves } from './batch';
import type { FhirClient, Found } from './fhirClient';
import { isSuccess } from './fhirFault';
import { IdentityCache } from './identityCache';

/** Patients in one search, so that what is found fits on few pages. */
const patientsPerSearch = 50;
const pageSize = 500;

/** Whose context is wanted, and at what time (milliseconds since 1970). */
export interface Asked {
  readonly patient: string;
  readonly time: number;
}

/** `unknown`: there is no such Patient; `refused`: the service does not answer for this one. */
export type ContextAnswer = PatientContext | 'unknown' | 'refused';

interface CachedPatient extends KnownPatient {
  /** Charted oxygen was read from then on. */
  readonly oxygenSince: number;
}

/**
 * What scoring must know of patients: reads the Patients of many measurements, and what hangs on them, with one batch of
 * searches. What was read is believed for a limited time, as by IdentityResolver; what holds is told for the time of each
 * measurement. One for a process.
 */
export class ContextResolver {
  private readonly known: IdentityCache<CachedPatient>;
  private readonly oxygenMs: number;

  /**
   * @param cacheSeconds at most 60 are used
   * @param timer a monotonic clock in milliseconds
   */
  constructor(
    private readonly client: FhirClient,
    private readonly codes: ContextCodes,
    cacheSeconds: number,
    timer: () => number = () => performance.now(),
  ) {
    this.known = new IdentityCache(Math.min(60, cacheSeconds) * 1000, timer);
    this.oxygenMs = codes.supplementalOxygen.validHours * 3_600_000;
  }

  /**
   * The answers in the order of the questions.
   *
   * @param at enqueue time of the newest event at hand, milliseconds since 1970; ages the cache
   */
  async resolve(asked: readonly Asked[], at: number, log: StepLog): Promise<readonly ContextAnswer[]> {
    const earliest = new Map<string, number>();
    for (const { patient, time } of asked) {
      earliest.set(patient, Math.min(time, earliest.get(patient) ?? Number.POSITIVE_INFINITY));
    }
    const found = new Map<string, CachedPatient | 'unknown' | 'refused'>();
    const missing: Asked[] = [];
    for (const [patient, time] of earliest) {
      const cached = this.known.get(patient, at);
      if (cached !== undefined && cached.oxygenSince <= time - this.oxygenMs) found.set(patient, cached);
      else missing.push({ patient, time });
    }
    // Somebody whose late reading is read for keeps what is needed for the readings of now.
    for (const [patient, read] of await this.read(missing, log)) {
      found.set(patient, read);
      if (typeof read !== 'string') this.known.set(patient, read, at);
    }
    return asked.map(({ patient, time }) => {
      const one = found.get(patient) ?? 'unknown';
      return typeof one === 'string' ? one : contextAt(one, time);
    });
  }

  /** Reads patients in parts; a part for which a search is refused is divided until the one who brings it about is alone. */
  private async read(
    asked: readonly Asked[],
    log: StepLog,
  ): Promise<ReadonlyMap<string, CachedPatient | 'unknown' | 'refused'>> {
    const result = new Map<string, CachedPatient | 'unknown' | 'refused'>();
    let parts = partsOf(asked);
    while (parts.length > 0) {
      const urls = parts.map((part) => this.searches(part));
      const answers = [...(await this.client.search(urls.flat(), log))];
      const divided: (readonly Asked[])[] = [];
      for (const [index, part] of parts.entries()) {
        const own = answers.splice(0, urls[index]?.length ?? 0);
        if (own.every(({ status }) => isSuccess(status))) this.take(part, own, result);
        else if (part.length > 1) divided.push(...halves(part));
        else result.set(part[0]?.patient ?? '', 'refused');
      }
      parts = divided;
    }
    return result;
  }

  private take(
    part: readonly Asked[],
    answers: readonly Found[],
    result: Map<string, CachedPatient | 'unknown' | 'refused'>,
  ): void {
    const resources = answers.flatMap((answer): readonly StoredResource[] => answer.resources);
    const patients = new Map(resources.filter(isPatient).map((one) => [one.id, one]));
    const byPatient = new Map<string | undefined, StoredResource[]>();
    for (const one of resources)
      add(byPatient, patientIdOf((one as Statement).subject ?? (one as Statement).patient), one);
    const oxygenSince = this.oxygenSince(part);
    for (const { patient } of part) {
      const one = patients.get(patient);
      if (one === undefined) result.set(patient, 'unknown');
      else {
        const stated = statedIn(unique(byPatient.get(patient) ?? []), this.codes);
        result.set(patient, { id: patient, birthDate: one.birthDate, stated, oxygenSince });
      }
    }
  }

  /** Only what is needed is asked for: of a Patient the date of birth. */
  private searches(part: readonly Asked[]): readonly string[] {
    const ids = part.map(({ patient }) => encodeURIComponent(patient)).join(',');
    const count = `_count=${pageSize}`;
    const since = new Date(this.oxygenSince(part)).toISOString();
    const coded = [...this.codesByResource()].map(([resource, codes]) =>
      resource === 'Flag' || resource === 'Goal'
        ? `${resource}?patient=${ids}&${count}`
        : `${resource}?patient=${ids}&${resource === 'Consent' ? 'category' : 'code'}=${listOf(codes)}&${count}`,
    );
    return [
      `Patient?_id=${ids}&_elements=birthDate&${count}`,
      // What devices measure comes by the stream.
      `Observation?patient=${ids}&code=${listOf(oxygenCodes)}&date=ge${since}&device:missing=true&${count}`,
      ...coded,
    ];
  }

  private codesByResource(): ReadonlyMap<ContextResource, readonly string[]> {
    const byResource = new Map<ContextResource, string[]>();
    for (const fact of codedFacts) {
      for (const { resource, codes } of this.codes[fact]) {
        for (const code of codes) if (!byResource.get(resource)?.includes(code)) add(byResource, resource, code);
      }
    }
    return byResource;
  }

  /** To the minute, so that equal searches are equal. */
  private oxygenSince(part: readonly Asked[]): number {
    const earliest = Math.min(...part.map(({ time }) => time));
    return Math.floor((earliest - this.oxygenMs) / 60_000) * 60_000;
  }
}

function add<Key, Value>(lists: Map<Key, Value[]>, key: Key, value: Value): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}

const isPatient = (one: StoredResource): one is StoredPatient => one.resourceType === 'Patient';

const listOf = (codes: readonly string[]) => codes.map(encodeURIComponent).join(',');

/** Pages may overlap when something is written meanwhile. */
function unique(resources: readonly StoredResource[]): readonly StoredResource[] {
  return [...new Map(resources.map((one) => [`${one.resourceType}/${one.id}`, one])).values()];
}

/** By time, so that one late reading does not make everybody's search long. */
function partsOf(asked: readonly Asked[]): readonly (readonly Asked[])[] {
  const order = [...asked].sort((one, other) => one.time - other.time);
  return Array.from({ length: Math.ceil(order.length / patientsPerSearch) }, (_, index) =>
    order.slice(index * patientsPerSearch, (index + 1) * patientsPerSearch),
  );
}
