import type { MonitoringEnd, ScoredWindow } from '../contracts/scored';
import type { Episode } from '../hotPath/episodes';

/** A result and when the event hub `scored` took it, milliseconds since 1970. */
export interface ArrivedWindow {
  readonly window: ScoredWindow;
  readonly scoredAt: number;
  /** Whether it is of the length that flags go by (`WINDOW_SECONDS`). */
  readonly hot: boolean;
}

/** A window whose revision is newer than the stored one. */
export interface DueWindow extends ArrivedWindow {
  /** The revision that was read; 0: none. */
  readonly replaces: number;
}

/** What becomes of an episode: `before` as it was read, null for a new one. */
export interface EpisodeChange {
  readonly before: Episode | null;
  readonly after: Episode;
}

/** What a patient's windows come to: written together, or not at all. */
export interface PatientResults {
  readonly patient: string;
  /** Of each window the newest revision. */
  readonly windows: readonly DueWindow[];
  /** Of each episode the last state. */
  readonly changes: readonly EpisodeChange[];
  /** When monitoring ended, in milliseconds since 1970; empty: it goes on. */
  readonly ends: readonly number[];
}

/** What a batch came to; patients who are not named here have all that was to be written. */
export interface WrittenResults {
  /** Patients of whom somebody else wrote a window or an episode meanwhile: to be read and followed again. */
  readonly overtaken: readonly string[];
  /** Patients of whom the database does not take a row, with a sentence without values. */
  readonly refused: readonly { readonly patient: string; readonly reason: string }[];
  /** The database's clock after the last row, milliseconds since 1970. */
  readonly writtenAt: number;
}

/** That a patient's monitoring ended, as the window says that starts then. */
export interface WindowedEnd extends MonitoringEnd {
  readonly patient: string;
  readonly windowStart: number;
}

/**
 * The repository as its writers use it: one interface, T-SQL behind it. Every method is idempotent, may be called by several
 * instances at once, and leaves nothing half done: a row is written by one statement whose condition decides, or in one
 * transaction.
 *
 * Errors: `RepositoryFault` (a schema that is missing or older, a server that is away or pauses): to be tried again, it holds the
 * caller. What is wrong with one row is told as refused, and concerns its patient alone.
 */
export interface Repository {
  /** Revisions that are there, in the order of the windows; 0: none. To be read before episodes are. */
  readRevisions(windows: readonly ScoredWindow[]): Promise<readonly number[]>;
  /**
   * Episodes of these patients that stand, or were changed by a window that starts at that time or later, and the named ones
   * whatever became of them: all that `followWindow` has to know of windows from that time on.
   */
  readEpisodes(
    patients: readonly string[],
    from: number,
    named: readonly Pick<Episode, 'patient' | 'kind' | 'since'>[],
  ): Promise<readonly Episode[]>;
  /** Ends of monitoring in hot windows of these patients that start at or after the given time, in the order of windows. */
  readEnds(patients: readonly string[], from: number): Promise<readonly WindowedEnd[]>;
  /**
   * Writes what windows came to: the windows, the episodes with entries in the audit, and ends of monitoring (`care.patient` and
   * `care.route` say so, unless FHIR has said otherwise since). All of a patient in one transaction, which fails where a
   * window or an episode is not as it was read: so a window is followed once, whoever dies or comes twice.
   */
  writeResults(results: readonly PatientResults[]): Promise<WrittenResults>;
  /** How far a feed is; never goes back. */
  reportFeed(feed: 'repository' | 'fhir' | 'routing', source: string, until: number): Promise<void>;
  /**
   * Replaces the projection of a hospital's patients, routes and teams with what FHIR said at `asOf`: who is not in it any more
   * is not monitored, and without a route. What is older than the last one is left out as a whole. Reports the feed `routing`
   * (source: the hospital) in the same transaction.
   * @returns whether it was the newest
   */
  writeRouting(routing: RoutingSnapshot): Promise<boolean>;
  /** Closes its connections. */
  close(): Promise<void>;
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
