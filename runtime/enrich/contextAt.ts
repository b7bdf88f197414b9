import type { ContextItem, PatientContext } from '../contracts/patientContext';
import type { Stated, StatedFact } from './contextStatements';
import { isoOf } from './fhirTime';

/** What was read about a patient. */
export interface KnownPatient {
  readonly id: string;
  /** FHIR date: a day, a month or a year. It never leaves. */
  readonly birthDate: string | undefined;
  readonly stated: readonly Stated[];
}

/** What holds for a patient at a time. Of statements that contradict each other none counts. */
export function contextAt({ id, birthDate, stated }: KnownPatient, time: number): PatientContext {
  const item = <Value extends boolean | 1 | 2>(fact: StatedFact) => itemOf<Value>(stated, fact, time);
  return {
    oxygenSaturationScale: item<1 | 2>('oxygenSaturationScale'),
    supplementalOxygen: item<boolean>('supplementalOxygen'),
    underSixteen: underSixteen(id, birthDate, time),
    pregnant: item<boolean>('pregnant'),
    spinalCordInjury: item<boolean>('spinalCordInjury'),
    limitsOfTreatment: item<boolean>('limitsOfTreatment'),
  };
}

function itemOf<Value extends boolean | 1 | 2>(
  stated: readonly Stated[],
  fact: StatedFact,
  time: number,
): ContextItem<Value> | null {
  const holding = stated.filter((one) => one.fact === fact && one.from <= time && time < one.until);
  if (new Set(holding.map(({ value }) => value)).size !== 1) return null;
  const [newest] = [...holding].sort(
    (one, other) =>
      (other.date ?? Number.NEGATIVE_INFINITY) - (one.date ?? Number.NEGATIVE_INFINITY) ||
      (one.resource < other.resource ? -1 : 1),
  );
  if (newest === undefined) return null;
  const { value, resource, code, date, until } = newest;
  return {
    ...{ value: value as Value, resource, code },
    date: date === undefined ? null : isoOf(date),
    validUntil: Number.isFinite(until) ? isoOf(until) : null,
  };
}

/** Without dates, by which the date of birth could be told. Of a birth date without a day only what is certain. */
function underSixteen(id: string, birthDate: string | undefined, time: number): ContextItem<boolean> | null {
  const parts = /^(\d{4})(?:-(\d\d)(?:-(\d\d))?)?$/.exec(birthDate ?? '');
  if (parts === null) return null;
  const [, year, month, day] = parts;
  const sixteenth = (monthIndex: number, date: number) => {
    const moment = new Date(0);
    moment.setUTCFullYear(Number(year) + 16, monthIndex, date);
    return moment.getTime();
  };
  const earliest = sixteenth(month === undefined ? 0 : Number(month) - 1, day === undefined ? 1 : Number(day));
  const latest = day !== undefined ? earliest : month !== undefined ? sixteenth(Number(month), 0) : sixteenth(11, 31);
  const certainly = time < earliest ? true : time >= latest ? false : undefined;
  if (certainly === undefined) return null;
  const item = { value: certainly, resource: `Patient/${id}`, code: 'Patient.birthDate' };
  return { ...item, date: null, validUntil: null };
}
