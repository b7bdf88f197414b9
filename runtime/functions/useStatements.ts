import { isoOf } from '../enrich/fhirTime';
import type { DeviceUseStatement } from '../fhir/deviceUse';
import type { Resource } from '../medtech/fhir/resources';

/** A service may make a resource visible a little after the time that it gives it. */
const overlapMs = 30_000;
/** A search for what changed does not find what was deleted. */
const readAgainMs = 3_600_000;
/** A choice by its base name and by its own names, as in CareSearches. */
const elements = 'status,subject,device,timing,timingPeriod,timingDateTime,timingTiming';
const search = `DeviceUseStatement?_elements=${elements}&_count=500`;

/**
 * All statements of who wore which device. FHIR R4 cannot search them by status or time, and a hospital has as many as it has
 * had stays, so that a process reads all of them once an hour and in between what changed. Nobody else needs what is kept
 * here: another process reads for itself.
 */
export class UseStatements {
  private known = new Map<string, DeviceUseStatement>();
  private upTo: number | undefined;
  private readAllAt = Number.NEGATIVE_INFINITY;

  /** The search that is due at a time of the service, milliseconds since 1970. */
  searchAt(time: number): string {
    const since =
      this.upTo === undefined || this.isAllDue(time) ? '' : `&_lastUpdated=ge${isoOf(this.upTo - overlapMs)}`;
    return `${search}${since}`;
  }

  /** All statements, with what that search found. */
  with(found: readonly Resource[], time: number): readonly DeviceUseStatement[] {
    if (this.isAllDue(time)) {
      this.known = new Map();
      this.readAllAt = time;
    }
    this.upTo = time;
    for (const one of found) this.known.set(one.id ?? '', one as DeviceUseStatement);
    return [...this.known.values()];
  }

  private isAllDue(time: number): boolean {
    return time - this.readAllAt >= readAgainMs;
  }
}
