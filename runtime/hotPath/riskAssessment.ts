import type { Band, MonitoringEnd, ScoredWindow, Trend } from '../contracts/scored';
import type { Identifier, Reference } from '../medtech/fhir/resources';
import { assessmentId, bandCoding, codeSystems, extensionUrls, identifierSystems, iso, windowName } from './codes';
import type { CodeableConcept, Coding, Extended, Extension, RiskAssessment, RiskPrediction } from './fhirTypes';
import { methodText, missingText, notesOf, statusOf } from './statements';

/**
 * The RiskAssessment of a window: a pure function of the result and the readings that it is based on.
 *
 * A partial set is never a negligible or low risk, and one that is not applicable has no risk at all; both say why in a note. The
 * trend and a model's probability are predictions of their own, never part of NEWS2's.
 *
 * @param basis references to Observations, at most one a vital
 */
export function riskAssessmentOf(window: ScoredWindow, basis: readonly Reference[]): RiskAssessment {
  const { patient, start, end, rules, kernel } = window;
  const prediction = predictionsOf(window);
  const note = notesOf(window);
  return {
    resourceType: 'RiskAssessment',
    id: assessmentId(window),
    extension: [...revisionExtension(window), ...endExtension(window.monitoringEnd)],
    identifier: [{ system: identifierSystems.riskAssessment, value: windowName(window) }, ...endIdentifier(window)],
    status: statusOf(window),
    method: {
      coding: [{ system: codeSystems.method, version: `${rules.version}+${kernel}`, code: rules.name }],
      text: methodText(window),
    },
    code: { text: 'Risk of clinical deterioration' },
    subject: { reference: `Patient/${patient}` },
    occurrencePeriod: { start: iso(start), end: iso(end) },
    ...(basis.length > 0 && { basis }),
    ...(prediction.length > 0 && { prediction }),
    ...(note.length > 0 && { note }),
  };
}

/** For whom the newest revision is read again: 0 where it says none. */
export function revisionOf(resource: Extended | undefined): number {
  return resource?.extension?.find(({ url }) => url === extensionUrls.revision)?.valuePositiveInt ?? 0;
}

export const revisionExtension = ({ revision }: ScoredWindow): readonly Extension[] => [
  { url: extensionUrls.revision, valuePositiveInt: revision },
];

/** The end of monitoring that a stored RiskAssessment states, and the start of its window. */
export function statedEnd(resource: Extended): (MonitoringEnd & { readonly windowStart: number }) | undefined {
  const parts = resource.extension?.find(({ url }) => url === extensionUrls.monitoringEnd)?.extension ?? [];
  const time = Date.parse(parts.find(({ url }) => url === 'time')?.valueDateTime ?? '');
  const basis = parts.find(({ url }) => url === 'basis')?.valueCode as MonitoringEnd['basis'] | undefined;
  const windowStart = Date.parse((resource as Partial<RiskAssessment>).occurrencePeriod?.start ?? '');
  if (basis === undefined || Number.isNaN(time) || Number.isNaN(windowStart)) return undefined;
  return { time, basis, windowStart };
}

function endExtension(end: MonitoringEnd | null): readonly Extension[] {
  if (end === null) return [];
  const extension: Extension[] = [
    { url: 'time', valueDateTime: iso(end.time) },
    { url: 'basis', valueCode: end.basis },
  ];
  return [{ url: extensionUrls.monitoringEnd, extension }];
}

const endIdentifier = ({ patient, monitoringEnd }: ScoredWindow): readonly Identifier[] =>
  monitoringEnd === null ? [] : [{ system: identifierSystems.monitoringEnd, value: patient }];

const deterioration: CodeableConcept = {
  coding: [{ system: codeSystems.outcome, code: 'deterioration', display: 'Clinical deterioration' }],
  text: 'Clinical deterioration',
};
const change: CodeableConcept = {
  coding: [{ system: codeSystems.outcome, code: 'trend', display: 'Trend beside the score' }],
  text: 'Trend beside the score',
};

/** How far ahead a score looks: the day that NEWS2 was validated for. */
const aheadMs = 24 * 3_600_000;

function predictionsOf(window: ScoredWindow): readonly RiskPrediction[] {
  const { news2, prediction, trend, end } = window;
  const whenPeriod = { start: iso(end), end: iso(end + aheadMs) };
  const percent = percentOf(prediction?.values?.risk);
  const rationale = trendText(trend);
  return [
    ...(news2 === null ? [] : [{ outcome: deterioration, qualitativeRisk: riskOf(window), whenPeriod }]),
    ...(prediction === null || percent === undefined
      ? []
      : [
          {
            ...{ outcome: deterioration, probabilityDecimal: percent, whenPeriod },
            rationale: `Model ${prediction.model} ${prediction.version}`,
          },
        ]),
    ...(rationale === undefined ? [] : [{ outcome: change, rationale }]),
  ];
}

const riskCodes: Readonly<Record<Band, 'low' | 'moderate' | 'high'>> = {
  low: 'low',
  'low-medium': 'moderate',
  medium: 'moderate',
  high: 'high',
};
const riskDisplays = { low: 'Low likelihood', moderate: 'Moderate likelihood', high: 'High likelihood' } as const;

function riskOf(window: ScoredWindow): CodeableConcept | undefined {
  const { news2 } = window;
  if (news2 === null) return undefined;
  const { band, complete, total } = news2;
  const isOpen = !complete && band === 'low';
  const code = riskCodes[band];
  const general: Coding = {
    system: 'http://terminology.hl7.org/CodeSystem/risk-probability',
    code,
    display: riskDisplays[code],
  };
  return {
    coding: [...(isOpen ? [] : [general]), bandCoding(band, complete)],
    text: missingText(window) ?? `NEWS2 ${total}, ${band}`,
  };
}

/** FHIR counts a probability in percent. What is no probability is left out. */
function percentOf(risk: number | undefined): number | undefined {
  if (risk === undefined || !(risk >= 0 && risk <= 1)) return undefined;
  return Number((risk * 100).toFixed(4));
}

function trendText(trend: Trend | null): string | undefined {
  if (trend === null) return undefined;
  const signed = (value: number) => `${value > 0 ? '+' : ''}${Number(value.toFixed(1))}`;
  const parts = [
    ...(trend.totalChange === null ? [] : [`NEWS2 since the window before ${signed(trend.totalChange)}`]),
    ...(trend.totalChangeHour === null ? [] : [`NEWS2 over the hour ${signed(trend.totalChangeHour)}`]),
    ...Object.entries(trend.fromBaseline).map(([vital, value]) => `${vital} from the usual ${signed(value)}`),
  ];
  return parts.length === 0 ? undefined : `Change: ${parts.join(', ')}`;
}
