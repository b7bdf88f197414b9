import { beginOf, endOf } from '../fhir/deviceUse';
import type { CodeableConcept } from '../medtech/mapping/fhirTemplate';
import { type CodedFact, type ContextCodes, type ContextRule, codedFacts } from './contextCodes';
import { type Statement, type StoredObservation, type StoredResource, tokensOf } from './fhirShapes';
import { dayMs, millisecondsOf } from './fhirTime';
import { oxygenIn } from './oxygen';

export type StatedFact = CodedFact | 'supplementalOxygen';

/** That something holds for a patient during a time; milliseconds since 1970. */
export interface Stated {
  readonly fact: StatedFact;
  readonly value: boolean | 1 | 2;
  readonly resource: string;
  readonly code: string;
  /** As of when the resource says so; undefined where it does not tell. */
  readonly date: number | undefined;
  readonly from: number;
  /** Exclusive. */
  readonly until: number;
}

/** What resources of one patient say. Those that are refuted, in error, planned, or ended at an unknown time say nothing. */
export function statedIn(resources: readonly StoredResource[], codes: ContextCodes): readonly Stated[] {
  const observations = resources.filter(isObservation);
  const others = resources.filter((one) => !isObservation(one)) as readonly Statement[];
  const coded = codedFacts.flatMap((fact) => [
    ...others.flatMap((one) => codes[fact].flatMap((rule) => standing(fact, one, rule))),
    ...inTurn(observations.flatMap((one) => codes[fact].flatMap((rule) => observed(fact, one, rule)))),
  ]);
  const hours = codes.supplementalOxygen.validHours;
  return [...coded, ...inTurn(observations.flatMap((one) => oxygen(one, hours)))];
}

const isObservation = (one: StoredResource): one is StoredObservation => one.resourceType === 'Observation';

const certain = ['final', 'amended', 'corrected'];

/** What an Observation says from its time on, before a later one ends it. */
interface Observed {
  readonly stated: Stated;
  readonly afterMs: number;
}

function observed(fact: CodedFact, one: StoredObservation, rule: ContextRule<boolean | 1 | 2>): readonly Observed[] {
  const date = millisecondsOf(beginOf(one.effectiveDateTime ?? one.effectiveInstant ?? ''));
  const code = tokensOf(one.code).find((token) => rule.codes.includes(token));
  const value = tokensOf(one.valueCodeableConcept).find((token) => rule.values?.includes(token));
  if (rule.resource !== 'Observation' || !certain.includes(one.status)) return [];
  if (date === undefined || code === undefined || value === undefined) return [];
  const until = rule.validDays === undefined ? Number.POSITIVE_INFINITY : date + rule.validDays * dayMs;
  const stated = { fact, value: rule.says, resource: nameOf(one), code: value, date, from: date, until };
  return [{ stated, afterMs: (rule.afterDays ?? 0) * dayMs }];
}

function oxygen(one: StoredObservation, validHours: number): readonly Observed[] {
  const date = millisecondsOf(beginOf(one.effectiveDateTime ?? one.effectiveInstant ?? ''));
  const found = oxygenIn(one);
  // A unit that cannot be used, or an answer that is not known, says nothing.
  if (date === undefined || !certain.includes(one.status) || typeof found?.value !== 'number') return [];
  const until = date + validHours * 3_600_000;
  const value = found.value === 1;
  const stated = { value, resource: nameOf(one), code: found.code, date, from: date, until };
  return [{ stated: { fact: 'supplementalOxygen', ...stated }, afterMs: 0 }];
}

/** Of Observations each holds until the next one, or for its time after that when the next one says something else. */
function inTurn(observations: readonly Observed[]): readonly Stated[] {
  const order = [...observations].sort((one, other) => one.stated.from - other.stated.from);
  const result: Stated[] = [];
  let previous: Observed | undefined;
  for (const { stated, afterMs } of order) {
    let from = stated.from;
    const last = result.at(-1);
    if (previous !== undefined && last !== undefined && stated.from > previous.stated.from) {
      const extended = previous.stated.value === stated.value ? from : from + previous.afterMs;
      from = Math.max(from, Math.min(extended, last.until));
      for (const [index, one] of result.entries()) {
        if (one.until > from) result[index] = { ...one, until: from };
      }
    }
    result.push({ ...stated, from });
    previous = { stated, afterMs };
  }
  return result;
}

function standing(fact: CodedFact, one: Statement, rule: ContextRule<boolean | 1 | 2>): readonly Stated[] {
  if (one.resourceType !== rule.resource) return [];
  const code = codesOf(one, rule).find((token) => rule.codes.includes(token));
  const times = code === undefined ? undefined : timesOf(one);
  if (code === undefined || times === undefined) return [];
  const { begin, end } = times;
  const until = end === undefined ? Number.POSITIVE_INFINITY : end + (rule.afterDays ?? 0) * dayMs;
  const from = begin ?? Number.NEGATIVE_INFINITY;
  return [{ fact, value: rule.says, resource: nameOf(one), code, date: begin, from, until }];
}

function codesOf(one: Statement, { range }: ContextRule<unknown>): readonly string[] {
  if (one.resourceType === 'Consent') return (one.category ?? []).flatMap(tokensOf);
  if (one.resourceType !== 'Goal') return tokensOf(one.code);
  const targets = (one.target ?? []).filter(
    ({ detailRange }) => detailRange?.low?.value === range?.low && detailRange?.high?.value === range?.high,
  );
  return targets.flatMap(({ measure }) => tokensOf(measure));
}

interface Times {
  readonly begin: number | undefined;
  /** Undefined: until further notice. */
  readonly end: number | undefined;
}

/** When the statement held; undefined when it never did, or when that cannot be told. */
function timesOf(one: Statement): Times | undefined {
  switch (one.resourceType) {
    case 'Condition':
      return conditionTimes(one);
    case 'Goal':
      return stateTimes(one.lifecycleStatus, ['active', 'accepted', 'on-hold'], one.startDate, undefined, {
        ended: ['completed', 'cancelled'],
        end: one.statusDate,
      });
    case 'Consent': {
      const period = one.provision?.period;
      return stateTimes(one.status, ['active'], period?.start ?? one.dateTime, period?.end);
    }
    case 'Flag':
      return stateTimes(one.status, ['active'], one.period?.start, one.period?.end, {
        ended: ['inactive'],
        end: one.period?.end,
      });
    case 'ServiceRequest': {
      if (one.doNotPerform === true || ['proposal', 'plan', 'option'].includes(one.intent ?? '')) return undefined;
      const { start = one.authoredOn, end } = one.occurrencePeriod ?? {};
      return stateTimes(one.status, ['active', 'completed'], start, end);
    }
    default:
      return undefined;
  }
}

function conditionTimes(one: Statement): Times | undefined {
  const words = (concept: CodeableConcept | undefined) => (concept?.coding ?? []).flatMap(({ code }) => code ?? []);
  const [verification = 'confirmed'] = words(one.verificationStatus);
  if (verification !== 'confirmed') return undefined;
  const [clinical = 'active'] = words(one.clinicalStatus);
  const start = one.onsetDateTime ?? one.onsetPeriod?.start ?? one.recordedDate;
  const end = one.abatementDateTime ?? one.onsetPeriod?.end;
  const going = ['active', 'recurrence', 'relapse'];
  return stateTimes(clinical, going, start, end, { ended: ['inactive', 'remission', 'resolved'], end });
}

/** @param over states in which it has ended, and when; without the time it says nothing */
function stateTimes(
  state: string | undefined,
  going: readonly string[],
  start: string | undefined,
  end: string | undefined,
  over: { readonly ended: readonly string[]; readonly end: string | undefined } = { ended: [], end: undefined },
): Times | undefined {
  const begin = start === undefined ? undefined : millisecondsOf(beginOf(start));
  if (start !== undefined && begin === undefined) return undefined;
  const isOver = over.ended.includes(state ?? '');
  if (!isOver && !going.includes(state ?? '')) return undefined;
  const last = isOver ? over.end : end;
  if (last === undefined) return isOver ? undefined : { begin, end: undefined };
  const until = millisecondsOf(endOf(last));
  return until === undefined ? undefined : { begin, end: until };
}

const nameOf = ({ resourceType, id }: StoredResource) => `${resourceType}/${id}`;
