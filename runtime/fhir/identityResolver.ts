import type { Compatibility } from '../medtech/compatibility';
import { MedTechError } from '../medtech/errors';
import { type IdentitySettings, type MeasuredIdentity, resolveIdentity } from '../medtech/fhir/identity';
import { type ResourceIds, resourceId } from '../medtech/fhir/observation';
import type { Ticks } from '../medtech/instant';
import type { StepLog } from '../stream/stepLog';
import type { FhirClient } from './fhirClient';
import { IdentityCache } from './identityCache';
import { findByIdentifiers, identifiersOfPatients } from './identitySearch';
import { writeIdentities } from './identityWrites';
import { type IdentifiedType, type Known, KnownResources, refusal } from './knownResources';

/** Whose measurement it is as the message says it, and when it was taken. */
export interface Measured extends MeasuredIdentity {
  readonly occurred: Ticks;
}

export interface ResolverSettings extends IdentitySettings {
  readonly compatibility: Compatibility;
  /** For how long what was read is believed; at most 60 s, so that a device that is given away is seen in that time. */
  readonly cacheSeconds: number;
}

/** The resources that a measurement refers to, or why they cannot be told. */
export type Resolved = ResourceIds | MedTechError;

/**
 * Who wore a device when: finds Device, Patient and Encounter of many measurements at once, by the rules of
 * `resolveIdentity` at the time of each measurement (`wearerAt`). One for a process.
 *
 * In `r4` a patient whom the message names and who is not the wearer is a PatientDeviceMismatchException, so that no
 * reading lands in another person's record. A message may name the Patient's id or the value of one of its identifiers.
 * In `medtech` only `Create` looks at the message's patient, as the original.
 */
export class IdentityResolver {
  private readonly known: IdentityCache<Known>;
  private readonly patients: IdentityCache<ReadonlySet<string>>;

  /** @param timer a monotonic clock in milliseconds */
  constructor(
    private readonly client: FhirClient,
    private readonly settings: ResolverSettings,
    timer: () => number = () => performance.now(),
  ) {
    const lifeMs = Math.min(60, settings.cacheSeconds) * 1000;
    this.known = new IdentityCache(lifeMs, timer);
    this.patients = new IdentityCache(lifeMs, timer);
  }

  /**
   * The results in the order of the measurements. What fails by what was read earlier is read again first, so that a
   * device that gets its patient is seen at once.
   *
   * @param at enqueue time of the newest event at hand, milliseconds since 1970; ages the cache
   */
  async resolve(measured: readonly Measured[], at: number, log: StepLog): Promise<readonly Resolved[]> {
    const reading: Reading = { at, log, readNow: new Set() };
    const results = [...(await this.attempt(measured, reading))];
    const doubtful = measured.flatMap((one, index) =>
      results[index] instanceof MedTechError && this.forgetOlder(one, reading) ? [index] : [],
    );
    if (doubtful.length === 0) return results;
    const again = await this.attempt(
      doubtful.map((index) => measured[index] as Measured),
      reading,
    );
    for (const [position, index] of doubtful.entries()) results[index] = again[position] as Resolved;
    return results;
  }

  private async attempt(measured: readonly Measured[], reading: Reading): Promise<readonly Resolved[]> {
    const known = new KnownResources();
    const encounters = measured.flatMap(({ encounterId }) => filled(encounterId));
    await Promise.all([
      this.load(
        'Device',
        measured.map(({ deviceId }) => deviceId),
        known,
        reading,
      ),
      this.load('Encounter', encounters, known, reading),
    ]);
    const { resolutionType } = this.settings;
    const lookUp = {
      ...this.settings,
      resolutionType: resolutionType === 'Create' ? 'Lookup' : resolutionType,
    } as const;
    let results: readonly Resolved[] = await Promise.all(measured.map((one) => resolveOne(one, lookUp, known)));
    if (resolutionType === 'Create') results = await this.create(measured, results, known, reading);
    return this.settings.compatibility === 'r4' ? this.checkPatients(measured, results, reading) : results;
  }

  /** Makes what Lookup did not find. A device of which statements say when it was used is never linked beside them. */
  private async create(
    measured: readonly Measured[],
    found: readonly Resolved[],
    known: KnownResources,
    reading: Reading,
  ): Promise<readonly Resolved[]> {
    const missing = measured.flatMap((one, index) =>
      isMissing(found[index]) && !known.hasUses(one.deviceId) ? [index] : [],
    );
    if (missing.length === 0) return found;
    const patients = missing.flatMap((index) => filled(measured[index]?.patientId));
    for (const value of patients) this.known.delete(keyOf('Patient', value));
    await this.load('Patient', patients, known, reading);
    const results = [...found];
    for (const index of missing) results[index] = await resolveOne(measured[index] as Measured, this.settings, known);
    const { refused, conflict } = await writeIdentities(this.client, [...known.writes.values()], reading.log);
    for (const index of missing) {
      for (const key of keysOf(measured[index] as Measured)) this.known.delete(key);
      const ids = results[index];
      if (ids instanceof MedTechError || ids === undefined) continue;
      if (refused.has(`Patient/${ids.patient}`) || refused.has(`Device/${ids.device}`)) results[index] = refusal();
    }
    // Another instance was first: what it made is there now.
    return conflict ? this.attempt(measured, reading) : results;
  }

  private async checkPatients(
    measured: readonly Measured[],
    found: readonly Resolved[],
    { at, log }: Reading,
  ): Promise<readonly Resolved[]> {
    const wearers = measured.map((one, index) => wearerToCompare(one, found[index]));
    const names = (wearer: string, index: number) =>
      this.patients.get(wearer, at)?.has(measured[index]?.patientId ?? '') ?? false;
    const open = new Set(wearers.filter((wearer, index) => wearer !== undefined && !names(wearer, index)));
    if (open.size === 0) return found;
    const read = await identifiersOfPatients(this.client, [...open] as string[], log);
    for (const [id, values] of read) this.patients.set(id, values, at);
    return found.map((result, index) => {
      const wearer = wearers[index];
      if (wearer === undefined || !open.has(wearer)) return result;
      return read.get(wearer)?.has(measured[index]?.patientId ?? '') ? result : mismatch();
    });
  }

  private async load(
    type: IdentifiedType,
    values: readonly string[],
    known: KnownResources,
    { at, log, readNow }: Reading,
  ): Promise<void> {
    const missing: string[] = [];
    for (const value of new Set(values)) {
      const cached = this.known.get(keyOf(type, value), at);
      if (cached === undefined) missing.push(value);
      else known.add(type, value, cached);
    }
    if (missing.length === 0) return;
    const system = type === 'Device' ? filled(this.settings.deviceIdentifierSystem)[0] : undefined;
    const found = await findByIdentifiers(this.client, type, missing, system, log);
    for (const value of missing) {
      readNow.add(keyOf(type, value));
      const read = found.get(value);
      known.add(type, value, read);
      if (read !== undefined) this.known.set(keyOf(type, value), read, at);
    }
  }

  /** Forgets what was read before this call, so that it is read again; whether there was any. */
  private forgetOlder(measured: Measured, { readNow }: Reading): boolean {
    const older = keysOf(measured).filter((key) => !readNow.has(key));
    for (const key of older) this.known.delete(key);
    return older.length > 0;
  }
}

/** One call of `resolve`. */
interface Reading {
  readonly at: number;
  readonly log: StepLog;
  /** What was read during the call. */
  readonly readNow: Set<string>;
}

async function resolveOne(measured: Measured, settings: IdentitySettings, known: KnownResources): Promise<Resolved> {
  try {
    return await resolveIdentity(measured, settings, known.at(measured.occurred));
  } catch (error) {
    if (error instanceof MedTechError) return error;
    throw error;
  }
}

/** The wearer's id where the message names a patient in other words. */
function wearerToCompare({ patientId }: Measured, found: Resolved | undefined): string | undefined {
  const [named] = filled(patientId);
  if (named === undefined || found === undefined || found instanceof MedTechError) return undefined;
  // `Create` makes the id of a Patient of the value that the message gives.
  const own = [found.patient, `Patient/${found.patient}`];
  return own.includes(named) || resourceId('', named) === found.patient ? undefined : found.patient;
}

function isMissing(result: Resolved | undefined): boolean {
  return (
    result instanceof MedTechError && ['DeviceNotFoundException', 'PatientNotFoundException'].includes(result.errorName)
  );
}

function mismatch(): MedTechError {
  return new MedTechError(
    'PatientDeviceMismatchException',
    'The measurement names another patient than the one who wore its device at the time.',
  );
}

function keysOf({ deviceId, encounterId }: Measured): readonly string[] {
  return [keyOf('Device', deviceId), ...filled(encounterId).map((value) => keyOf('Encounter', value))];
}

const keyOf = (type: IdentifiedType, value: string) => `${type} ${value}`;

const filled = (text: string | null | undefined): readonly string[] =>
  text === null || text === undefined || text.trim() === '' ? [] : [text];
