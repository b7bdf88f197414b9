import { news2Parts, type ScoredWindow } from '../contracts/scored';
import { partNames } from './codes';
import type { CodeableConcept, Note, ResultStatus } from './fhirTypes';

// What RiskAssessment and score say of a window in words. A reader who sees nothing else must not take it for more than it is.

export function statusOf({ revision, news2 }: ScoredWindow): ResultStatus {
  if (revision > 1) return 'corrected';
  return news2 !== null && !news2.complete ? 'preliminary' : 'final';
}

/** Rules and kernel by name and version: who wants to know how a result came about finds it by these. */
export function methodText({ rules, kernel, horizon }: ScoredWindow): string {
  return `${rules.name} ${rules.version}, kernel ${kernel}, window ${horizon}`;
}

/** As `4 of 7 parts known; missing: consciousness, temperature`. Undefined for a complete set. */
export function missingText({ news2 }: ScoredWindow): string | undefined {
  if (news2 === null || news2.complete) return undefined;
  const { missing, indeterminate = [], floorTotal, ceilingTotal } = news2;
  const known = news2Parts.length - missing.length - indeterminate.length;
  const list = (parts: typeof missing) => parts.map((part) => partNames[part]).join(', ');
  return [
    known === 0 ? 'No data' : `Partial NEWS2 (${known} of ${news2Parts.length} parts)`,
    `total at least ${floorTotal} and at most ${ceilingTotal}`,
    ...(missing.length > 0 ? [`missing: ${list(missing)}`] : []),
    ...(indeterminate.length > 0 ? [`undetermined without air or oxygen: ${list(indeterminate)}`] : []),
  ].join('; ');
}

const reasons: Readonly<Record<string, string>> = {
  underSixteen: 'younger than 16 years',
  pregnant: 'pregnant or within the time after birth',
  spinalCordInjury: 'spinal cord injury',
};

const cautions: Readonly<Record<string, string>> = {
  spinalCordInjury: 'spinal cord injury: the score may be unreliable',
  limitsOfTreatment: 'limits of treatment are agreed: the response differs',
  ageUnknown: 'the age is unknown: NEWS2 holds from 16 years on',
  pregnancyUnknown: 'it is unknown whether the patient is pregnant: then NEWS2 does not hold',
};

const worded = (names: readonly string[], words: Readonly<Record<string, string>>) =>
  names.map((name) => (Object.hasOwn(words, name) ? words[name] : name)).join(', ');

/** Everything that limits what a result says, a note each. */
export function notesOf(window: ScoredWindow): readonly Note[] {
  const { applicability, prediction, dataGap, monitoringEnd } = window;
  const missing = missingText(window);
  const carried = carriedText(window);
  return [
    ...(applicability.applicable
      ? []
      : [`Not scored: NEWS2 is not applicable (${worded(applicability.reasons, reasons)}). This is not a low risk.`]),
    ...(missing === undefined ? [] : [`${missing}.`]),
    ...(applicability.cautions.length > 0 ? [`Caution: ${worded(applicability.cautions, cautions)}.`] : []),
    ...(carried === '' ? [] : [`Carried from earlier windows: ${carried}.`]),
    ...(prediction?.state === 'pending' ? [`The model ${prediction.model} has not answered yet.`] : []),
    ...(dataGap.since === null ? [] : [`No data from the device for longer: ${dataGap.vitals.join(', ')}.`]),
    ...(monitoringEnd === null ? [] : ['Monitoring ended within this window.']),
  ].map((text) => ({ text }));
}

function carriedText({ vitals }: ScoredWindow): string {
  return Object.entries(vitals)
    .flatMap(([vital, { carriedSeconds }]) =>
      carriedSeconds === undefined ? [] : [`${vital} (${Math.round(carriedSeconds / 60)} min old)`],
    )
    .join(', ');
}

export function absent(code: 'temp-unknown' | 'not-applicable', display: string): CodeableConcept {
  return { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/data-absent-reason', code, display }] };
}
