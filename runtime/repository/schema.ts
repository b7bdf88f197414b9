import type { ColumnType } from 'kysely';

/**
 * The repository of step 14 as its readers and writers see it; what makes it is `migrations/`. Times are UTC, `datetime2(3)`.
 * Patients are known by the id of their FHIR Patient. Nothing here is wider than routing, the dashboard and the care team
 * need: a name, a date of birth and a record number to tell patients apart, and no diagnosis.
 */
export interface RepositoryTables {
  'care.scoredWindow': ScoredWindowRow;
  'care.episode': EpisodeRow;
  'care.patient': PatientRow;
  'care.route': RouteRow;
  'care.teamMember': TeamMemberRow;
  'care.feed': FeedRow;
  'audit.entry': AuditRow;
}

/** Written with a time that the program has, read as what the driver gives. */
type Time = ColumnType<Date, Date, Date>;
type OptionalTime = ColumnType<Date | null, Date | null, Date | null>;
/** Of the database's clock, when the row was written last. */
type WrittenAt = ColumnType<Date, never, Date>;

/** One row a window: its newest revision. Key: patient, horizon, windowStart. */
export interface ScoredWindowRow {
  /** `varchar(64)`. */
  patient: string;
  /** ISO 8601, `PT5M`. `varchar(16)`. */
  horizon: string;
  windowStart: Time;
  windowEnd: Time;
  /** Whether it is of the length that flags go by, and the dashboard shows. */
  hot: boolean;
  revision: number;
  corrected: boolean;
  /** Name and version of rules and kernel, as `NEWS2 2017, kernel 1.1.0`. `varchar(100)`. */
  method: string;
  /** Whether all seven parts are known; false where NEWS2 does not hold. */
  complete: boolean;
  /** Null with a part unknown, or where NEWS2 does not hold. */
  total: number | null;
  floorTotal: number | null;
  ceilingTotal: number | null;
  /** `low`, `low-medium`, `medium`, `high`: at least that of the floor. Null where NEWS2 does not hold. */
  band: string | null;
  /** Missing parts, by the names of `news2Parts`, with commas. `varchar(100)`; empty: none. */
  missing: string;
  /** Why NEWS2 does not hold, with commas; empty: it holds. `varchar(100)`. */
  notApplicable: string;
  /** What to keep in mind, with commas. `varchar(100)`. */
  cautions: string;
  /** Points of the parts; null: unknown. */
  respPoints: number | null;
  spo2Points: number | null;
  oxygenPoints: number | null;
  sbpPoints: number | null;
  pulsePoints: number | null;
  consciousnessPoints: number | null;
  tempPoints: number | null;
  /** Values that were scored, charts' precision; consciousness and oxygen as `VitalSample` codes them. `decimal(9,3)`. */
  respirationRate: number | null;
  oxygenSaturation: number | null;
  supplementalOxygen: number | null;
  systolicBloodPressure: number | null;
  heartRate: number | null;
  consciousness: number | null;
  temperature: number | null;
  /** Vitals whose value was carried from an earlier window, with commas. `varchar(200)`. */
  carried: string;
  /** Change of the total (or floor) since the window before, and over the hour; null: not known. */
  totalChange: number | null;
  totalChangeHour: number | null;
  /** Of a model beside NEWS2, named as the model names it `risk`; null without one. `decimal(9,6)`. */
  predictedRisk: number | null;
  /** What stands after the window: `low-medium`, `medium`, `high`; null: no flag. */
  flagLevel: string | null;
  /** Vitals that are missing for longer, with commas; empty: none. */
  dataGap: string;
  /** Time of the newest sample of the window; null: it had none. */
  lastSampleAt: OptionalTime;
  /** When monitoring ended within the window; null: it goes on. */
  monitoringEndedAt: OptionalTime;
  /** By what: `death`, `encounter`, `assignment`; null while it goes on, and for rows of before migration 002. */
  monitoringEndBasis: string | null;
  /** When the event hub `scored` took the result. */
  scoredAt: Time;
  writtenAt: WrittenAt;
}

/**
 * `Episode` of runtime/hotPath/episodes.ts. Key: patient, kind, since. A filtered unique index on (patient, kind) where `endedAt`
 * is null leaves one standing.
 */
export interface EpisodeRow {
  patient: string;
  /** `deterioration` or `data-gap`. `varchar(16)`. */
  kind: string;
  since: Time;
  raisedAt: Time;
  level: string | null;
  /** With commas. */
  vitals: string;
  /** Start of the window that changed it last: an older one changes nothing. */
  changedBy: Time;
  endedAt: OptionalTime;
  endReason: string | null;
  writtenAt: WrittenAt;
}

/** What people need to recognise a patient, projected from FHIR. Key: patient. */
export interface PatientRow {
  patient: string;
  /** `nvarchar(200)`; null: FHIR has none. */
  displayName: string | null;
  /** ISO 8601 date, `varchar(10)`: FHIR allows a year alone. */
  birthDate: string | null;
  /** `nvarchar(64)`. */
  recordNumber: string | null;
  /** Id and name of the Location of the encounter; null: unknown. */
  ward: string | null;
  wardName: string | null;
  /** Whether somebody observes the patient now; false after `monitoringEnd`. */
  monitored: boolean;
  /** As of when FHIR said so. */
  asOf: Time;
}

/** To whom a patient's flags go. Key: patient. */
export interface RouteRow {
  patient: string;
  /** Of the hospital, as `hospitalId`; rows are filtered by it and by the care team. `varchar(64)`. */
  hospital: string;
  /** Id of the CareTeam, `ward:<Location id>` as the fallback, or `default`. `varchar(80)`. */
  careTeam: string;
  careTeamName: string | null;
  /** `careTeam`, `ward`, `default`. */
  source: string;
  asOf: Time;
  /** When it ended with the patient's monitoring; null: it holds. */
  endedAt: OptionalTime;
}

/** Who is in a care team. Key: careTeam, objectId, hospital. */
export interface TeamMemberRow {
  careTeam: string;
  hospital: string;
  /** Object id in Microsoft Entra, lower case. `varchar(36)`. */
  objectId: string;
  /** `nvarchar(100)`; null: unknown. */
  role: string | null;
  asOf: Time;
}

/** How far each writer of the path is: no row older than `until` is to come from it. Key: feed, source. */
export interface FeedRow {
  /** `repository`, `fhir` or `routing`. `varchar(16)`. */
  feed: string;
  /** Source of the clock marks, or partition. `varchar(64)`. */
  source: string;
  until: Time;
  /** What `until` was before it was reported last. */
  earlierUntil: Time | null;
  writtenAt: WrittenAt;
}

/** Append-only ledger: who changed what about whose episode or route. */
export interface AuditRow {
  /** `bigint`, which the driver gives as text. */
  id: ColumnType<string, never, never>;
  at: WrittenAt;
  /** Name of the database user: of the identity that wrote. */
  actor: ColumnType<string, never, never>;
  /** `episode.raised`, `episode.changed`, `episode.ended`, `route.changed`, `route.ended`, `monitoring.ended`. `varchar(40)`. */
  action: string;
  patient: string;
  /** JSON without PHI beyond the patient's id. `nvarchar(400)`. */
  detail: string;
}

/** Views for the dashboard, in a schema of their own: what `dashboardReader` may see, and nothing else. */
export interface DashboardViews {
  /**
   * One row a patient who is monitored, stands flagged, or was scored in the last hour though nothing was projected of them yet:
   * newest hot window, standing episodes, route.
   */
  'dashboard.patient': DashboardPatientRow;
  /** Hot windows of the last 24 hours of those patients. */
  'dashboard.trend': DashboardTrendRow;
  /** Episodes that stand, and those that ended within 24 hours. */
  'dashboard.episode': DashboardEpisodeRow;
  /** One row a feed. */
  'dashboard.feed': DashboardFeedRow;
  /** Rows of `care.teamMember`, for row-level security. */
  'dashboard.teamMember': { careTeam: string; hospital: string; objectId: string };
}

export interface DashboardFeedRow {
  feed: string;
  /** The least of its sources. */
  until: Date;
  ageSeconds: number;
  /** How far it is behind the other writer of windows (`repository`, `fhir`); 0 while it follows as it should. */
  behindSeconds: number;
}

export interface DashboardPatientRow {
  patient: string;
  displayName: string | null;
  birthDate: string | null;
  recordNumber: string | null;
  wardName: string | null;
  /** Empty while the patient has no route. */
  hospital: string;
  /** `default` while the patient has no route. */
  careTeam: string;
  careTeamName: string | null;
  /** As `RouteRow.source`, and `none` while there is no route. */
  routeSource: string;
  windowEnd: Date | null;
  total: number | null;
  floorTotal: number | null;
  ceilingTotal: number | null;
  band: string | null;
  complete: boolean;
  missing: string;
  notApplicable: string;
  totalChange: number | null;
  totalChangeHour: number | null;
  /** Of the episodes that stand: level and from when, and the vitals that are missing; no rows of windows. */
  flagLevel: string | null;
  flaggedAt: Date | null;
  dataGap: string;
  lastSampleAt: Date | null;
  /** Of the database's clock now, less `lastSampleAt`; null: nothing measured for a day. */
  dataAgeSeconds: number | null;
  /** `current` up to 15 minutes, `stale` up to 30, then `no data`. */
  dataState: string;
  /** By the flag that stands or the band, whichever is worse: 0 high, 1 medium, 2 low-medium, 3 low, 4 not scored. */
  riskOrder: number;
}

export interface DashboardTrendRow {
  patient: string;
  hospital: string;
  careTeam: string;
  windowEnd: Date;
  total: number | null;
  floorTotal: number | null;
  ceilingTotal: number | null;
  band: string | null;
}

export interface DashboardEpisodeRow {
  patient: string;
  hospital: string;
  careTeam: string;
  kind: string;
  level: string | null;
  raisedAt: Date;
  endedAt: Date | null;
  endReason: string | null;
}
