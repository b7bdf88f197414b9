import type { Band } from '../../runtime/contracts/scored';
import type { Verdict } from '../judge/verdict';
import type { StepId } from './steps';

/**
 * All that the live page shows, as one value: devices, vital signs, and patients by the ids that the local cloud made up for
 * them.
 */
export interface Snapshot {
  readonly cloud: CloudSnapshot;
  readonly clock: ClockSnapshot;
  /** Null when nothing is replayed. */
  readonly replay: ReplaySnapshot | null;
  /** Null until the judge has read what lies in the stores. */
  readonly verdict: Verdict | null;
  /** One for each step; a step that is left out is drawn as `planned`. */
  readonly steps: readonly StepSnapshot[];
  /** What a reader of `devicedata` has received: the end of the path as far as it is alive. Null without a reader. */
  readonly consumer: Measure | null;
  readonly endpoints: readonly EndpointSnapshot[];
  /** One for each function of each app that is deployed. */
  readonly functions: readonly FunctionSnapshot[];
  readonly devices: readonly DeviceSnapshot[];
  /** Those with a scored window, most at risk first. */
  readonly patients: readonly PatientSnapshot[];
  /** What the dashboard's own queries answer; null without a repository. The page draws it in the place of `patients`. */
  readonly dashboard: DashboardSnapshot | null;
  /** How old what is on the dashboard is, and where that time went; null without a repository. */
  readonly latency: LatencySnapshot | null;
  readonly places: readonly Place[];
}

export interface CloudSnapshot {
  readonly state: 'starting' | 'ready' | 'stopping';
  /** One short sentence, such as `Creating resources: 12 of 60`. */
  readonly message?: string;
}

export interface ClockSnapshot {
  /** The virtual clock, ISO 8601. */
  readonly now: string;
  /** Virtual seconds per second of wall clock; 1 is real time, null is as fast as messages are acknowledged. */
  readonly speed: number | null;
  /** IANA name of the ward's zone, in which the page shows times. */
  readonly timeZone: string;
}

export interface ReplaySnapshot {
  /** What is replayed, such as `synthetic ward` or a file's name. */
  readonly source: string;
  /** `judging`: all is sent, the judge reads the stores. `failed`: it ended early, `message` says why. */
  readonly state: 'starting' | 'running' | 'judging' | 'finished' | 'failed';
  /** First and last recorded time, ISO 8601. */
  readonly from: string;
  readonly to: string;
  /** 0 to 1. */
  readonly progress: number;
  readonly message?: string;
}

export interface Measure {
  /** Messages since the local cloud was started. */
  readonly count: number;
  /** Over the last five seconds of wall clock. */
  readonly ratePerSecond: number;
  /** Of the latest messages, in milliseconds of wall clock since they were sent; left out where not known. */
  readonly delayP50Ms?: number;
  readonly delayP95Ms?: number;
}

/**
 * `planned`: comes with a later release. `absent`: the program does not use it (IoT Edge turned off, say).
 * `waiting`: alive, nothing has passed yet. `active`: messages have passed. `held`: messages wait; `reason` says why.
 */
export type StepState = 'planned' | 'absent' | 'waiting' | 'active' | 'held';

export interface StepSnapshot extends Measure {
  readonly id: StepId;
  readonly state: StepState;
  readonly reason?: string;
}

export interface EndpointSnapshot {
  /** Name of the routing endpoint, such as `devicedata`. */
  readonly name: string;
  /** Where it delivers to, such as `Event hub evhns-.../devicedata`. */
  readonly target: string;
  /** `unknown` until a first message was routed to it, as IoT Hub says it. */
  readonly state: 'unknown' | 'healthy' | 'held';
  /** Messages that wait for delivery. */
  readonly waiting: number;
  /** Why it is held, in words: `identity id-hub lacks Azure Event Hubs Data Sender on devicedata`. */
  readonly reason?: string;
}

export interface FunctionSnapshot {
  /** Name of the function, such as `writeObservations`. */
  readonly name: string;
  /** Name of its app. */
  readonly app: string;
  /** `held`: it tries again, or its process has ended; `reason` says why. */
  readonly state: 'starting' | 'healthy' | 'held';
  /** Invocations since it was started. */
  readonly invocations: number;
  /** Events that lie in its hub and that it has not handled. */
  readonly waiting: number;
  readonly reason?: string;
}

export interface DeviceSnapshot {
  readonly deviceId: string;
  /** Time of the newest measurement, ISO 8601. */
  readonly lastTime: string;
  /** The newest value of each vital sign, by its name in the message (`hr`, `spo2`). */
  readonly latest: Readonly<Record<string, number>>;
  /** The last measurements, oldest first: times in seconds since 1970, and for each vital one value or null per time. */
  readonly history: {
    readonly times: readonly number[];
    readonly values: Readonly<Record<string, readonly (number | null)[]>>;
  };
}

/** The last window of a patient. */
export interface PatientSnapshot {
  readonly patient: string;
  /** ISO 8601. */
  readonly windowEnd: string;
  readonly revision: number;
  /** Null where the score does not hold for the patient. */
  readonly score: ScoreSnapshot | null;
  /** Why it does not hold; empty where it does. */
  readonly notApplicable: readonly string[];
  /** Level of the flag that stands; null without one. */
  readonly flag: Exclude<Band, 'low'> | null;
  /** Vitals of which nothing has come for two windows. */
  readonly dataGap: readonly string[];
  /** What NEWS2 was at least in the last windows, oldest first; null where there was none. */
  readonly scores: readonly (number | null)[];
}

export interface ScoreSnapshot {
  /** The sum of the parts that are known, and what it is at most; equal when all are known. */
  readonly atLeast: number;
  readonly atMost: number;
  readonly band: Band;
  /** How many of the seven parts are known. */
  readonly known: number;
  readonly complete: boolean;
}

/** The dashboard of step 15, from what its report's visuals were answered. All times ISO 8601, of the virtual clock. */
export interface DashboardSnapshot {
  /** When its queries were answered last; null: never yet. */
  readonly refreshedAt: string | null;
  /** Why they are not answered now; left out when they are. What was answered last is shown all the same. */
  readonly fault?: string;
  /** The cards of the report's first page. */
  readonly cards: readonly { readonly title: string; readonly value: string }[];
  /** Patients by risk as the report words it, the gravest first. */
  readonly risks: readonly { readonly risk: string; readonly patients: number }[];
  readonly feeds: readonly FeedSnapshot[];
  /** In the order of the report: those most at risk first. */
  readonly patients: readonly DashboardPatient[];
}

/** How far a writer of the path is: nothing older than `until` is to come from it. */
export interface FeedSnapshot {
  /** `repository`, `fhir`, `routing`. */
  readonly feed: string;
  readonly until: string;
  /** How far it is behind the other writer of windows; 0 while it follows as it should. */
  readonly behindSeconds: number;
}

/** Texts are the report's. */
export interface DashboardPatient {
  /** What people know the patient by. */
  readonly label: string;
  readonly ward: string;
  readonly careTeam: string;
  readonly risk: string;
  readonly score: string;
  /** Change of the score within the hour; null: not known. */
  readonly changeInHour: number | null;
  /** Level of the flag that stands; null: none does. */
  readonly flag: string | null;
  readonly flaggedAt: string | null;
  /** Parts of the score that are not known. */
  readonly missing: readonly string[];
  /** Vitals of which nothing has come for two windows. */
  readonly dataGap: readonly string[];
  /** `current`, `stale`, `no data`, when it was answered. */
  readonly dataState: string;
  /** Newest sample; null: never measured. */
  readonly lastSampleAt: string | null;
  /** The last hours, oldest first. */
  readonly trend: readonly TrendPoint[];
}

export interface TrendPoint {
  /** End of the window, seconds since 1970. */
  readonly time: number;
  /** What the score is at least and at most; null where it does not hold. */
  readonly atLeast: number | null;
  readonly atMost: number | null;
}

/** Of the sample's age: where a part of it is spent. `sampleAge` is all of it, from the measurement to the screen. */
export const latencyStages = ['sampleAge', 'transport', 'windowWait', 'processing', 'screen'] as const;
export type LatencyStage = (typeof latencyStages)[number];

/** Milliseconds of virtual time of the latest windows; null where nothing was measured. */
export type LatencySnapshot = Readonly<Record<LatencyStage, LatencyMeasure | null>>;

export interface LatencyMeasure {
  readonly p50Ms: number;
  readonly p95Ms: number;
}

/** At the 95th percentile of the sample's age: operations are told, and the limit is broken. */
export const latencyLimits = { warningMs: 10 * 60_000, breachMs: 15 * 60_000 } as const;

/** Where something is: an address, a port, a resource group, a folder. Never a secret. */
export interface Place {
  readonly name: string;
  /** A URL with http or https becomes a link. */
  readonly value: string;
}
