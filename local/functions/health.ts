/**
 * `starting`: its process loads the package; `running`; `waiting`: it runs, and its trigger tries again, as a hub, a
 * storage account or a role is missing; `failed`: its process ended and is started again after a while; `stopped`.
 */
export type FunctionState = 'starting' | 'running' | 'waiting' | 'failed' | 'stopped';

export interface FunctionHealth {
  readonly name: string;
  /** `eventHubTrigger`, `httpTrigger`, `timerTrigger`. */
  readonly trigger: string;
  readonly state: FunctionState;
  /** Why it waits or failed. */
  readonly reason?: string;
  /** Why an invocation does not get on and tries again, as the function logs it (`iomt.held`); left out when it gets on. */
  readonly held?: string;
  readonly invocations: number;
  /** Invocations that failed after their retries. */
  readonly failures: number;
  /** Events of the invocations that ended, failed ones too. */
  readonly events: number;
  /** How often its process was started again after it had ended by itself. */
  readonly restarts: number;
  /** Events per partition that lie in its hub and that it has not handled; undefined for other triggers and without the hub. */
  readonly lag?: readonly number[];
}

/**
 * `noPackage`: nothing is deployed; `starting`: its package is fetched and loaded; `waiting`: it cannot be fetched for now;
 * `failed`: it cannot be loaded, and another must be deployed.
 */
export type AppState = 'stopped' | 'noPackage' | 'starting' | 'waiting' | 'running' | 'failed';

export interface AppHealth {
  /** ARM id of the site. */
  readonly site: string;
  readonly name: string;
  readonly state: AppState;
  readonly reason?: string;
  /** How often its package was loaded. */
  readonly starts: number;
  readonly functions: readonly FunctionHealth[];
  /** Why Application Insights took nothing of it the last time that it sent something. */
  readonly telemetryRefused?: string;
}
