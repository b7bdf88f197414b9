import type { Band, News2Part, ScoredWindow } from '../contracts/scored';
import { resourceId } from '../medtech/fhir/observation';
import type { Identifier } from '../medtech/fhir/resources';
import type { Episode, EpisodeKind } from './episodes';
import type { CodeableConcept, Coding } from './fhirTypes';
import { flagSystem, standingFlagSystem } from './flagIdentifiers';

const own = (name: string) => `urn:pulumi-azure-iomt:${name}`;

/** Systems of identifiers, by which resources are found again with a standard search. */
export const identifierSystems = {
  /** `patient/horizon/start`. */
  riskAssessment: own('risk-assessment'),
  score: own('score'),
  /** `patient`, on RiskAssessments of windows in which the patient's monitoring ended. */
  monitoringEnd: own('monitoring-end'),
  /** `patient/kind/since`, for good. */
  flag: flagSystem,
  /** `patient.kind`, only while it stands. */
  standingFlag: standingFlagSystem,
} as const;

export const extensionUrls = {
  /** Of the scored window that a resource is from: an older or equal one changes nothing. */
  revision: own('revision'),
  /** `time` and `basis` of the end of monitoring. */
  monitoringEnd: own('monitoring-end'),
  /** Start of the window that changed a Flag last. */
  changedBy: own('changed-by'),
  /** A vital that a data gap is about; one extension each. */
  missingVital: own('missing-vital'),
  /** How a Flag ended: `improved`, `dataReturned`, `monitoringEnded`. */
  episodeEnd: own('episode-end'),
  flagDetail: 'http://hl7.org/fhir/StructureDefinition/flag-detail',
  flagPriority: 'http://hl7.org/fhir/StructureDefinition/flag-priority',
} as const;

/** Systems of our codes. */
export const codeSystems = {
  method: own('risk-method'),
  outcome: own('outcome'),
  /** `low`, `low-medium`, `medium`, `high`; with parts unknown `at-least-low` and so on, since more is possible. */
  band: own('news2-band'),
  score: own('news2'),
  flag: own('flag-code'),
} as const;

const sct = 'http://snomed.info/sct';

/**
 * Codes of the score and its parts. Those of SNOMED CT are of its UK edition, which needs a licence; LOINC has none. A site that
 * may use them says so (`snomedUk`).
 */
export type ScoreCodes = 'local' | 'snomedUk';

type ScoreItem = News2Part | 'total';

const snomedUk: Readonly<Record<ScoreItem, string>> = {
  total: '1104051000000101',
  resp: '1104301000000104',
  spo2: '1104311000000102',
  oxygen: '1104331000000105',
  sbp: '1104341000000101',
  pulse: '1104351000000103',
  consciousness: '1104361000000100',
  temp: '1104371000000107',
};
const snomedUkScale2 = '1104321000000108';

export const partNames: Readonly<Record<News2Part, string>> = {
  resp: 'respiration rate',
  spo2: 'oxygen saturation',
  oxygen: 'air or oxygen',
  sbp: 'systolic blood pressure',
  pulse: 'pulse',
  consciousness: 'consciousness',
  temp: 'temperature',
};

/** @param scale of oxygen saturation; null where NEWS2 does not hold */
export function scoreCode(item: ScoreItem, scale: 1 | 2 | null, codes: ScoreCodes): CodeableConcept {
  const isScale2 = item === 'spo2' && scale === 2;
  const name = item === 'total' ? 'NEWS2 total' : `NEWS2 ${partNames[item]}${isScale2 ? ', scale 2' : ''}`;
  const local: Coding = { system: codeSystems.score, code: isScale2 ? 'spo2-scale-2' : item, display: name };
  const licensed: Coding = { system: sct, code: isScale2 ? snomedUkScale2 : snomedUk[item] };
  return { coding: codes === 'snomedUk' ? [licensed, local] : [local], text: name };
}

/** The four bands, and what a set with parts unknown says: more is possible, except above `high`. */
export function bandCoding(band: Band, isComplete: boolean): Coding {
  const isExact = isComplete || band === 'high';
  return isExact
    ? { system: codeSystems.band, code: band, display: band }
    : { system: codeSystems.band, code: `at-least-${band}`, display: `Incomplete, at least ${band}` };
}

export const iso = (time: number): string => new Date(time).toISOString();

type WindowName = Pick<ScoredWindow, 'patient' | 'horizon' | 'start'>;

export const windowName = ({ patient, horizon, start }: WindowName): string => `${patient}/${horizon}/${iso(start)}`;

export const assessmentId = (window: WindowName): string =>
  resourceId(identifierSystems.riskAssessment, windowName(window));

export const scoreId = (window: WindowName): string => resourceId(identifierSystems.score, windowName(window));

type EpisodeName = Pick<Episode, 'patient' | 'kind' | 'since'>;

export const episodeName = ({ patient, kind, since }: EpisodeName): string => `${patient}/${kind}/${iso(since)}`;

export const flagId = (episode: EpisodeName): string => resourceId(identifierSystems.flag, episodeName(episode));

export const standingIdentifier = (patient: string, kind: EpisodeKind): Identifier => ({
  system: identifierSystems.standingFlag,
  value: `${patient}.${kind}`,
});
