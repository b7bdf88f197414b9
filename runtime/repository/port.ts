import type { MonitoringEnd, ScoredWindow } from '../contracts/scored';
import type { Episode } from '../hotPath/episodes';

/** A result and when the event hub `scored` took it, milliseconds since 1970. */
export interface ArrivedWindow {
  readonly window: ScoredWindow;
  readonly scoredAt: number;
}

/** What a batch of results came to. */
export interface WrittenWindows {
  readonly written: number;
  /** Revisions that are not newer than what is there. */
  readonly ignored: number;
}

/**
 * The repository as its writers use it: one interface, T-SQL behind it. Every method is idempotent, may be called by several
 * instances at once, and leaves nothing half done: a row is written by one statement whose condition decides, or in one
 * transaction.
 *
 * Errors: `RepositoryFault` (a schema that is missing or older, a server that is away or pauses: to be tried again, it holds the
 * caller), or an error of one row, which concerns it alone.
 */
export interface Repository {
  /** Rows of `care.scoredWindow`, where the revision is newer. */
  writeWindows(windows: readonly ArrivedWindow[]): Promise<WrittenWindows>;
  /** Episodes that stand for these patients, and the named ones (`patient kind since`) whether or not they stand. */
  readEpisodes(
    patients: readonly string[],
    named: readonly Pick<Episode, 'patient' | 'kind' | 'since'>[],
  ): Promise<readonly Episode[]>;
  /** Ends of monitoring in windows of a patient that start at or after the given time; null: none. */
  readLaterEnd(patient: string, start: number): Promise<MonitoringEnd | null>;
  /**
   * Writes episodes with an entry in the audit each, unless a newer window changed them already.
   * @returns those that somebody else wrote meanwhile: to be read and followed again
   */
  writeEpisodes(episodes: readonly Episode[]): Promise<readonly Episode[]>;
  /** Monitoring of these patients ended: `care.patient` and `care.route` say so, unless FHIR has said otherwise since. */
  endMonitoring(ends: readonly { readonly patient: string; readonly time: number }[]): Promise<void>;
  /** How far a feed is; never goes back. */
  reportFeed(feed: 'repository' | 'fhir' | 'routing', source: string, until: number): Promise<void>;
  /** Replaces the projection of patients, routes and teams with what FHIR said at `asOf`; what is older stays out. */
  writeRouting(routing: RoutingSnapshot): Promise<void>;
}

/** What the care teams of a hospital are, as FHIR said at one moment. */
export interface RoutingSnapshot {
  readonly hospital: string;
  /** Milliseconds since 1970. */
  readonly asOf: number;
  readonly patients: readonly RoutedPatient[];
  readonly members: readonly { readonly careTeam: string; readonly objectId: string; readonly role: string | null }[];
}

export interface RoutedPatient {
  readonly patient: string;
  readonly displayName: string | null;
  readonly birthDate: string | null;
  readonly recordNumber: string | null;
  readonly ward: string | null;
  readonly wardName: string | null;
  readonly monitored: boolean;
  readonly careTeam: string;
  readonly careTeamName: string | null;
  readonly source: 'careTeam' | 'ward' | 'default';
}
