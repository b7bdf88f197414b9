import { type News2Result, news2Parts, type ScoredWindow } from '../contracts/scored';
import type { Reference } from '../medtech/fhir/resources';
import {
  bandCoding,
  codeSystems,
  identifierSystems,
  iso,
  type ScoreCodes,
  scoreCode,
  scoreId,
  windowName,
} from './codes';
import type { ScoreObservation, ScorePart } from './fhirTypes';
import { revisionExtension } from './riskAssessment';
import { absent, methodText, missingText, notesOf, statusOf } from './statements';

/**
 * The score of a window as an Observation of the category `survey`: the total as value, the seven parts as components, the
 * readings as `derivedFrom`. With a part unknown there is no value, and each part that is unknown says so. A pure function of
 * the result and its readings. `effective` is the time of the window's newest sample; without one the window's end.
 */
export function scoreObservationOf(
  window: ScoredWindow,
  derivedFrom: readonly Reference[],
  codes: ScoreCodes,
): ScoreObservation {
  const { patient, end, vitals, news2, rules, kernel } = window;
  const newest = Math.max(...Object.values(vitals).map(({ lastTime }) => lastTime ?? Number.NEGATIVE_INFINITY));
  const note = notesOf(window);
  const interpretation = news2 === null ? undefined : interpretationOf(window, news2);
  return {
    resourceType: 'Observation',
    id: scoreId(window),
    extension: revisionExtension(window),
    identifier: [{ system: identifierSystems.score, value: windowName(window) }],
    status: statusOf(window),
    category: [
      {
        coding: [
          { system: 'http://terminology.hl7.org/CodeSystem/observation-category', code: 'survey', display: 'Survey' },
        ],
      },
    ],
    code: scoreCode('total', news2?.scale ?? null, codes),
    subject: { reference: `Patient/${patient}` },
    effectiveDateTime: iso(Number.isFinite(newest) ? newest : end),
    ...totalOf(news2),
    ...(interpretation && { interpretation: [interpretation] }),
    ...(note.length > 0 && { note }),
    method: {
      coding: [{ system: codeSystems.method, version: `${rules.version}+${kernel}`, code: rules.name }],
      text: methodText(window),
    },
    ...(derivedFrom.length > 0 && { derivedFrom }),
    ...(news2 !== null && { component: partsOf(news2, codes) }),
  };
}

function totalOf(news2: News2Result | null): Pick<ScoreObservation, 'valueInteger' | 'dataAbsentReason'> {
  if (news2 === null) return { dataAbsentReason: absent('not-applicable', 'Not Applicable') };
  if (news2.total === null) return { dataAbsentReason: absent('temp-unknown', 'Temporarily Unknown') };
  return { valueInteger: news2.total };
}

function interpretationOf(window: ScoredWindow, { band, complete }: News2Result) {
  return { coding: [bandCoding(band, complete)], text: missingText(window) ?? band };
}

function partsOf({ parts, scale }: News2Result, codes: ScoreCodes): readonly ScorePart[] {
  return news2Parts.map((part) => {
    const points = parts[part];
    return {
      code: scoreCode(part, scale, codes),
      ...(points === undefined
        ? { dataAbsentReason: absent('temp-unknown', 'Temporarily Unknown') }
        : { valueInteger: points }),
    };
  });
}
