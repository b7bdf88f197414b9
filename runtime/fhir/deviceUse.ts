import { MedTechError } from '../medtech/errors';
import type { Device, Period, Reference, Resource } from '../medtech/fhir/resources';
import { parseTimestamp, type Ticks, ticksPerMillisecond } from '../medtech/instant';

/** The parts of a FHIR R4 DeviceUseStatement that say who wore a device when. */
export interface DeviceUseStatement extends Resource {
  readonly resourceType: 'DeviceUseStatement';
  readonly status?: string;
  readonly subject?: Reference;
  readonly device?: Reference;
  readonly timingPeriod?: Period;
  readonly timingDateTime?: string;
}

/** That a patient wore a device during a time. */
export interface DeviceUse {
  readonly patient: string;
  /** Undefined: since ever. */
  readonly start: Ticks | undefined;
  /** The last moment that belongs to it; undefined: until further notice. */
  readonly end: Ticks | undefined;
}

/**
 * The patient (id) who wore a device at a time; undefined when nobody is known to have.
 *
 * Statements of use decide wherever there are any, since Device.patient says who has the device now and not since when:
 * it counts for a device without statements, and after the end of the last one, unless it still names the patient of
 * whom the statement says that the use has ended. Before the first statement and between two nobody wore it. A device that
 * is handed over at a moment belongs to the next patient at that moment.
 *
 * @throws MedTechError MultiplePatientFoundException when statements give the device to several patients at the time.
 */
export function wearerAt(device: Device, uses: readonly DeviceUse[], time: Ticks): string | undefined {
  if (uses.length === 0) return patientOf(device.patient);
  const covering = uses.filter(
    ({ start, end }) => (start === undefined || start <= time) && (end === undefined || time <= end),
  );
  const going = covering.filter(({ end }) => end !== time);
  const patients = new Set((going.length > 0 ? going : covering).map(({ patient }) => patient));
  if (patients.size > 1) {
    throw new MedTechError(
      'MultiplePatientFoundException',
      'DeviceUseStatements give the Device to several patients at the time of the measurement.',
    );
  }
  const [wearer] = patients;
  return wearer ?? patientAfterLast(device, uses, time);
}

/** What the statements say about a device. */
export function usesOf(device: Resource, statements: readonly DeviceUseStatement[]): readonly DeviceUse[] {
  return statements
    .filter((statement) => usedDevice(statement) === device.id)
    .flatMap((statement) => useOf(statement) ?? []);
}

function patientAfterLast(device: Device, uses: readonly DeviceUse[], time: Ticks): string | undefined {
  const current = patientOf(device.patient);
  const allEnded = uses.every(({ end }) => end !== undefined && end < time);
  if (!allEnded || current === undefined) return undefined;
  const last = uses.reduce((latest, use) => ((use.end as Ticks) > (latest.end as Ticks) ? use : latest));
  return last.patient === current ? undefined : current;
}

/** Id of the Device that a statement is about. */
export function usedDevice({ device }: DeviceUseStatement): string | undefined {
  return /(?:^|\/)Device\/([^/]+)/.exec(device?.reference ?? '')?.[1];
}

/**
 * What a statement says about a time at which the device was worn. `intended` and `entered-in-error` say nothing. One that
 * has ended, or is on hold, says nothing without its end: until when cannot be known.
 */
export function useOf({ status, subject, timingPeriod, timingDateTime }: DeviceUseStatement): DeviceUse | undefined {
  const patient = patientOf(subject);
  if (patient === undefined || !['active', 'completed', 'stopped', 'on-hold'].includes(status ?? '')) return undefined;
  if (timingDateTime !== undefined) {
    const [start, end] = [beginOf(timingDateTime), endOf(timingDateTime)];
    return start === undefined || end === undefined ? undefined : { patient, start, end };
  }
  if (timingPeriod === undefined) return undefined;
  const start = timingPeriod.start === undefined ? undefined : beginOf(timingPeriod.start);
  const end = timingPeriod.end === undefined ? undefined : endOf(timingPeriod.end);
  const unreadable = start === undefined && timingPeriod.start !== undefined;
  const openEnded = end === undefined && (timingPeriod.end !== undefined || status !== 'active');
  return unreadable || openEnded ? undefined : { patient, start, end };
}

/** The first moment of a FHIR dateTime. It may be a year, a month or a day; those are UTC here, since they have no zone. */
export function beginOf(dateTime: string): Ticks | undefined {
  const [, year, month = '01', date = '01'] = /^(\d{4})(?:-(\d\d))?(?:-(\d\d))?$/.exec(dateTime) ?? [];
  return parseTimestamp(year === undefined ? dateTime : `${year}-${month}-${date}`);
}

/** The last moment of a FHIR dateTime. */
export function endOf(dateTime: string): Ticks | undefined {
  const [, year, month, date] = /^(\d{4})(?:-(\d\d))?(?:-(\d\d))?$/.exec(dateTime) ?? [];
  if (year === undefined) return parseTimestamp(dateTime);
  const next = new Date(0);
  if (date !== undefined) next.setUTCFullYear(Number(year), Number(month) - 1, Number(date) + 1);
  else if (month !== undefined) next.setUTCFullYear(Number(year), Number(month), 1);
  else next.setUTCFullYear(Number(year) + 1, 0, 1);
  return BigInt(next.getTime()) * ticksPerMillisecond - 1n;
}

/** The id in a relative reference to a Patient. */
function patientOf(reference: Reference | undefined): string | undefined {
  return /^patient\/([A-Za-z0-9_.\-~#]+)$/i.exec(reference?.reference ?? '')?.[1];
}
