import { type Vital, vitals } from '../contracts/scoringSource';
import {
  assessmentId,
  codeSystems,
  episodeName,
  extensionUrls,
  flagId,
  identifierSystems,
  iso,
  standingIdentifier,
} from './codes';
import { type Episode, type EpisodeEnd, episodeKinds } from './episodes';
import type { CodeableConcept, Coding, Extended, Extension, Flag } from './fhirTypes';

/** Members and markings of a Flag that are ours: what others have added stays. */
const ownIdentifiers: readonly string[] = [identifierSystems.flag, identifierSystems.standingFlag];
const ownExtensions: readonly string[] = Object.values(extensionUrls);

/**
 * The Flag of an episode: a pure function of it, from which `episodeOf` reads it again. While it stands it is `active`, has no
 * end, and carries the identifier by which the standing one is found.
 *
 * @param horizon of the windows that flags go by
 */
export function flagOf(episode: Episode, horizon: string): Flag {
  const { patient, kind, raisedAt, changedBy, ended } = episode;
  return {
    resourceType: 'Flag',
    id: flagId(episode),
    extension: [
      {
        url: extensionUrls.flagDetail,
        valueReference: { reference: `RiskAssessment/${assessmentId({ patient, horizon, start: changedBy })}` },
      },
      { url: extensionUrls.flagPriority, valueCodeableConcept: { coding: [priorityOf(episode)] } },
      { url: extensionUrls.changedBy, valueDateTime: iso(changedBy) },
      ...episode.vitals.map((vital) => ({ url: extensionUrls.missingVital, valueCode: vital })),
      ...(ended === null ? [] : [{ url: extensionUrls.episodeEnd, valueCode: ended.reason }]),
    ],
    identifier: [
      { system: identifierSystems.flag, value: episodeName(episode) },
      ...(ended === null ? [standingIdentifier(patient, kind)] : []),
    ],
    status: ended === null ? 'active' : 'inactive',
    category: [kind === 'deterioration' ? category('clinical', 'Clinical') : category('safety', 'Safety')],
    code: codeOf(episode),
    subject: { reference: `Patient/${patient}` },
    period: { start: iso(raisedAt), ...(ended !== null && { end: iso(ended.time) }) },
  };
}

/** A stored Flag with the episode's content: what others have added to it is kept. */
export function flagOver(stored: Flag, episode: Episode, horizon: string): Flag {
  const next = flagOf(episode, horizon);
  const { meta: { versionId: _version, lastUpdated: _updated, ...meta } = {}, ...rest } = stored;
  return {
    ...rest,
    ...(Object.keys(meta).length > 0 && { meta }),
    ...next,
    extension: [...next.extension, ...stored.extension.filter(({ url }) => !ownExtensions.includes(url))],
    identifier: [
      ...next.identifier,
      ...stored.identifier.filter(({ system }) => !ownIdentifiers.includes(system ?? '')),
    ],
  };
}

/** The episode that a Flag is about; undefined for a Flag of somebody else. */
export function episodeOf(resource: Extended): Episode | undefined {
  const flag = resource as Partial<Flag>;
  const name = flag.identifier?.find(({ system }) => system === identifierSystems.flag)?.value;
  const { patient, kind, since } = /^(?<patient>.+)\/(?<kind>[^/]+)\/(?<since>[^/]+)$/.exec(name ?? '')?.groups ?? {};
  const known = episodeKinds.find((one) => one === kind);
  const changedBy = timeIn(flag.extension, extensionUrls.changedBy);
  const raisedAt = Date.parse(flag.period?.start ?? '');
  if (patient === undefined || known === undefined || changedBy === undefined || Number.isNaN(raisedAt))
    return undefined;
  return {
    ...{ patient, kind: known, since: Date.parse(since ?? ''), raisedAt },
    level: levels.find((level) => hasCode(flag.code, `deterioration-${level}`)) ?? null,
    vitals: codesIn(flag.extension, extensionUrls.missingVital).filter(isVital),
    changedBy,
    ended: endOf(flag, changedBy),
  };
}

/** Somebody took it back, as for a wrong patient: it stays as it is, whatever comes. */
export const isWithdrawn = (resource: Extended): boolean => (resource as Partial<Flag>).status === 'entered-in-error';

function endOf(flag: Partial<Flag>, changedBy: number): Episode['ended'] {
  if (flag.status === 'active') return null;
  const [reason = 'improved'] = codesIn(flag.extension, extensionUrls.episodeEnd) as readonly EpisodeEnd[];
  const time = Date.parse(flag.period?.end ?? '');
  return { time: Number.isNaN(time) ? changedBy : time, reason };
}

const isVital = (name: string): name is Vital => (vitals as readonly string[]).includes(name);

const levels = ['low-medium', 'medium', 'high'] as const;

function codeOf({ kind, level, vitals: missing }: Episode): CodeableConcept {
  if (kind === 'data-gap')
    return concept('data-gap', 'Monitoring data are missing', `Monitoring data are missing: ${names(missing)}`);
  const text = `Risk of deterioration: ${level}`;
  return concept(`deterioration-${level}`, text, text);
}

const names = (missing: readonly Vital[]) => missing.join(', ');

function concept(code: string, display: string, text: string): CodeableConcept {
  return { coding: [{ system: codeSystems.flag, code, display }], text };
}

function category(code: string, display: string): CodeableConcept {
  return { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/flag-category', code, display }] };
}

const priorities = {
  high: { code: 'PH', display: 'High priority' },
  medium: { code: 'PM', display: 'Medium priority' },
  'low-medium': { code: 'PL', display: 'Low priority' },
} as const;

/** A data gap is for whoever looks after devices, so it alarms nobody at the bedside. */
function priorityOf({ level }: Episode): Coding {
  const priority = level === null ? { code: 'PN', display: 'No alarm' } : priorities[level];
  return { system: 'http://hl7.org/fhir/flag-priority-code', ...priority };
}

function hasCode(concept: CodeableConcept | undefined, code: string): boolean {
  return concept?.coding?.some((one) => one.system === codeSystems.flag && one.code === code) ?? false;
}

const codesIn = (extensions: readonly Extension[] | undefined, url: string) =>
  (extensions ?? []).flatMap((one) => (one.url === url ? (one.valueCode ?? []) : []));

function timeIn(extensions: readonly Extension[] | undefined, url: string): number | undefined {
  const time = Date.parse(extensions?.find((one) => one.url === url)?.valueDateTime ?? '');
  return Number.isNaN(time) ? undefined : time;
}
