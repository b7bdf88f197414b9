import { millisecondsOf } from '../enrich/fhirTime';
import { beginOf } from '../fhir/deviceUse';
import type { NamedPatient } from './careShapes';
import { holdsAt } from './periods';

/** By what people tell patients apart, and no more: HIPAA's minimum necessary, GDPR Art. 5(1)(c). */
export interface Recognised {
  readonly displayName: string | null;
  readonly birthDate: string | null;
  readonly recordNumber: string | null;
}

/** As long as the columns of the repository. */
const [nameLength, numberLength] = [200, 64];
/** The first that a patient has; what is not here (`old`, `maiden`, `nickname`, `anonymous`) is not shown. */
const nameUses = ['official', 'usual', undefined, 'temp'];

/**
 * @param recordNumberSystem system of the record number; empty: the first identifier of type MR
 * @param time milliseconds since 1970, at which name and number hold
 */
export function recognise(patient: NamedPatient | undefined, recordNumberSystem: string, time: number): Recognised {
  const { birthDate = '' } = patient ?? {};
  const isDate = /^\d{4}(-\d\d){0,2}$/.test(birthDate) && millisecondsOf(beginOf(birthDate)) !== undefined;
  return {
    displayName: nameOf(patient, time),
    birthDate: isDate ? birthDate : null,
    recordNumber: recordNumberOf(patient, recordNumberSystem, time),
  };
}

function nameOf(patient: NamedPatient | undefined, time: number): string | null {
  const names = (patient?.name ?? []).filter(({ period }) => holdsAt(period, time));
  const name = nameUses.flatMap((wanted) => names.filter(({ use }) => use === wanted))[0];
  const parts = [name?.family, name?.given?.join(' ')].filter((part) => part !== undefined && part.trim() !== '');
  const text = name?.text ?? parts.join(', ');
  return text.trim() === '' ? null : text.trim().slice(0, nameLength);
}

/** One that is too long to be kept is none: a part of it may be somebody else's. */
function recordNumberOf(patient: NamedPatient | undefined, wanted: string, time: number): string | null {
  const numbers = (patient?.identifier ?? []).filter(({ system, type, use, period }) => {
    const isRecordNumber = wanted === '' ? type?.coding?.some(({ code }) => code === 'MR') === true : system === wanted;
    return isRecordNumber && use !== 'old' && holdsAt(period, time);
  });
  const value = numbers.find((one) => one.value !== undefined)?.value ?? '';
  return value === '' || value.length > numberLength ? null : value;
}
