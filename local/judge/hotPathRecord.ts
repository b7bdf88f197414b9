import type { EpisodeEnd, EpisodeKind } from './episodes';
import type { FhirReader } from './fhirReader';
import { type AssessmentRead, type EpisodeRead, type ScoreRead, windowKey } from './hotPath';

/** What the judge reads of the resources of the hot path; everything else does not matter to it. */
interface ResultResource {
  readonly id?: string;
  readonly meta?: { readonly versionId?: string };
  readonly extension?: readonly ExtensionRead[];
  readonly identifier?: readonly { readonly system?: string; readonly value?: string }[];
  readonly status?: string;
  readonly subject?: { readonly reference?: string };
}

interface ExtensionRead {
  readonly url: string;
  readonly valueCode?: string;
  readonly valuePositiveInt?: number;
  readonly valueReference?: ReferenceRead;
}

interface ReferenceRead {
  readonly reference?: string;
}

type Concept = { readonly coding?: readonly { readonly system?: string; readonly code?: string }[] };

interface AssessmentResource extends ResultResource {
  readonly occurrencePeriod?: { readonly start?: string; readonly end?: string };
  readonly basis?: readonly ReferenceRead[];
  readonly prediction?: readonly { readonly qualitativeRisk?: Concept }[];
}

interface ScoreResource extends ResultResource {
  readonly valueInteger?: number;
  readonly derivedFrom?: readonly ReferenceRead[];
}

interface FlagResource extends ResultResource {
  readonly code?: Concept;
  readonly period?: { readonly start?: string; readonly end?: string };
}

/** Written apart from the code that writes these, so that the judge does not believe it. */
const own = (name: string) => `urn:pulumi-azure-iomt:${name}`;
const flagDetail = 'http://hl7.org/fhir/StructureDefinition/flag-detail';

export interface HotPathRecord {
  readonly assessments: readonly AssessmentRead[];
  readonly scores: readonly ScoreRead[];
  readonly flags: readonly EpisodeRead[];
}

/**
 * Reads what the hot path has written into FHIR, and looks whether all that it refers to is there.
 * @param known references that are known to lead somewhere, as `Observation/a`; what is found is added
 */
export async function readHotPath(reader: Pick<FhirReader, 'all' | 'has'>, known: Set<string>): Promise<HotPathRecord> {
  const assessments = await reader.all<AssessmentResource>('RiskAssessment');
  const scores = await reader.all<ScoreResource>('Observation', 'category=survey');
  const flags = await reader.all<FlagResource>('Flag');
  for (const { id } of assessments) known.add(`RiskAssessment/${id}`);
  const resolves = async (references: readonly (ReferenceRead | undefined)[]) => {
    for (const { reference = '' } of references.flatMap((one) => one ?? [])) {
      if (!known.has(reference) && !(await reader.has(reference))) return false;
      known.add(reference);
    }
    return true;
  };
  return {
    assessments: await inTurn(assessments, async (one) => assessmentOf(one, await resolves(one.basis ?? []))),
    scores: await inTurn(scores, async (one) => scoreOf(one, await resolves(one.derivedFrom ?? []))),
    flags: await inTurn(flags, async (one) => flagOf(one, await resolves(detailsOf(one)))),
  };
}

async function inTurn<T, R>(all: readonly T[], read: (one: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (const one of all) results.push(await read(one));
  return results;
}

function resultOf(resource: ResultResource, resolves: boolean) {
  return {
    revision: extensionOf(resource, 'revision')?.valuePositiveInt ?? 0,
    status: resource.status ?? '',
    versions: Number(resource.meta?.versionId),
    resolves,
  };
}

function assessmentOf(resource: AssessmentResource, resolves: boolean): AssessmentRead {
  const { subject, occurrencePeriod = {}, prediction = [] } = resource;
  const bands = prediction.flatMap(({ qualitativeRisk }) => codeIn(qualitativeRisk, 'news2-band') ?? []);
  return {
    key: windowKey(idIn(subject), timeOf(occurrencePeriod.start), timeOf(occurrencePeriod.end)),
    ...resultOf(resource, resolves),
    band: bands.length > 1 ? bands.join(' ') : (bands[0] ?? null),
  };
}

function scoreOf(resource: ScoreResource, resolves: boolean): ScoreRead {
  const key = identifierOf(resource, 'score') ?? `Observation/${resource.id}`;
  return { key, ...resultOf(resource, resolves), total: resource.valueInteger ?? null };
}

const levels = ['low-medium', 'medium', 'high'] as const;

function flagOf(resource: FlagResource, resolves: boolean): EpisodeRead {
  const { subject, code, period = {}, status, extension = [] } = resource;
  const [, kind, since] = (identifierOf(resource, 'flag') ?? '').split('/');
  const raised = codeIn(code, 'flag-code');
  const isMarked = identifierOf(resource, 'standing-flag') === `${idIn(subject)}.${kind}`;
  return {
    patient: idIn(subject),
    kind: kind as EpisodeKind,
    since: timeOf(since),
    raisedAt: timeOf(period.start),
    level: levels.find((level) => raised === `deterioration-${level}`) ?? null,
    vitals: extension.flatMap(({ url, valueCode = '' }) => (url === own('missing-vital') ? [valueCode] : [])),
    ended: status === 'active' ? null : { time: timeOf(period.end), reason: endOf(resource) },
    versions: Number(resource.meta?.versionId),
    // By this identifier the standing one is found: one that has it and does not stand would be taken for it.
    resolves: resolves && isMarked === (status === 'active'),
  };
}

const endOf = (flag: FlagResource) => (extensionOf(flag, 'episode-end')?.valueCode ?? '') as EpisodeEnd;

function detailsOf({ extension = [] }: FlagResource): (ReferenceRead | undefined)[] {
  return extension.filter(({ url }) => url === flagDetail).map(({ valueReference }) => valueReference);
}

const extensionOf = ({ extension = [] }: ResultResource, name: string) =>
  extension.find(({ url }) => url === own(name));

const identifierOf = ({ identifier = [] }: ResultResource, name: string) =>
  identifier.find(({ system }) => system === own(name))?.value;

const codeIn = (concept: Concept | undefined, name: string) =>
  concept?.coding?.find(({ system }) => system === own(name))?.code;

const idIn = (reference: ReferenceRead | undefined) => (reference?.reference ?? '').replace(/^Patient\//, '');

/** A time that cannot be read is one at which nothing is expected. */
function timeOf(text: string | undefined): number {
  const time = Date.parse(text ?? '');
  return Number.isNaN(time) ? 0 : time;
}
