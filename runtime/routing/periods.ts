import { millisecondsOf } from '../enrich/fhirTime';
import { beginOf, endOf } from '../fhir/deviceUse';
import type { Period } from '../medtech/fhir/resources';

/**
 * Whether a FHIR Period holds at a time, both ends included; milliseconds since 1970. One without a start has always begun, one
 * without an end goes on, and none at all holds. An end that cannot be read ends it: it was meant to.
 */
export function holdsAt(period: Period | undefined, time: number): boolean {
  const { start, end } = period ?? {};
  const begun = start === undefined || (millisecondsOf(beginOf(start)) ?? Number.POSITIVE_INFINITY) <= time;
  return begun && (end === undefined || time <= (millisecondsOf(endOf(end)) ?? Number.NEGATIVE_INFINITY));
}

/** When it began, milliseconds since 1970; one that does not say it is older than all that do. */
export function startOf(period: Period | undefined): number {
  return millisecondsOf(beginOf(period?.start ?? '')) ?? Number.NEGATIVE_INFINITY;
}

/** The later start first, and of equal ones the lesser id: the same answer whatever the order in which they were found. */
export function latestFirst<One extends { readonly id?: string; readonly period?: Period }>(
  one: One,
  other: One,
): number {
  const [first, second] = [startOf(one.period), startOf(other.period)];
  if (first !== second) return first > second ? -1 : 1;
  return (one.id ?? '') < (other.id ?? '') ? -1 : 1;
}
