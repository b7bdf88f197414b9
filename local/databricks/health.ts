import type { StreamProgress } from './progress';

/**
 * `settingUp`: Java, jars or Python packages are fetched; `waiting`: a right, a resource or the broker is missing;
 * `running`; `failed`: it has ended and is started again after a while.
 */
export type JobState = 'paused' | 'settingUp' | 'waiting' | 'running' | 'failed' | 'stopped';

export interface JobHealth {
  /** ARM id of the workspace, and the job's id in it. */
  readonly workspace: string;
  readonly id: string;
  readonly name: string;
  readonly state: JobState;
  /** Why it waits or failed. */
  readonly reason?: string;
  /** How often it was started again. */
  readonly restarts: number;
  readonly progress?: StreamProgress;
  /** Events per partition of the hubs that it reads which it has not handled; undefined while it has read none. */
  readonly lag?: readonly number[];
  readonly logFile: string;
}
