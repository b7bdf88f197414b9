import type { HttpRoute } from './httpRoutes';

/** What the local cloud and the process of a function say to each other, over the channel that Node.js gives to a child. */

/** A function as its app registers it. */
export interface FunctionDescription {
  readonly name: string;
  /** `eventHubTrigger`, `httpTrigger`, `timerTrigger`. */
  readonly trigger: string;
  /** NCRONTAB expression of a timer, with settings filled in. */
  readonly schedule?: string;
  readonly runOnStartup?: boolean;
  /** Event hub that it reads, as `localhost:<port>/<hub>`. */
  readonly eventHub?: string;
  /** Where it is called by HTTP. */
  readonly http?: HttpRoute;
}

/** A call that the front end took for a function. */
export interface HttpCall {
  /** In capitals. */
  readonly method: string;
  /** With scheme, host and query. */
  readonly url: string;
  /** Names in small letters. */
  readonly headers: Readonly<Record<string, string>>;
  /** What the path holds for the route's parameters. */
  readonly params: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array;
}

export type ToFunction =
  /** Which of the app's functions this process runs. */
  | { readonly kind: 'run'; readonly function: string }
  /** A timer is due. `info` is the JSON that the function is handed, `status` what is remembered afterwards. */
  | { readonly kind: 'tick'; readonly id: number; readonly info: string; readonly status?: string }
  | { readonly kind: 'call'; readonly id: number; readonly call: HttpCall }
  | { readonly kind: 'stop' };

export type FromFunction =
  /** The app's code is loaded. */
  | { readonly kind: 'loaded'; readonly functions: readonly FunctionDescription[] }
  /** The app cannot run: its code throws at load, or it has what is not offered here. */
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'running' }
  /** The trigger tries again: its hub, its storage or its role is missing. */
  | { readonly kind: 'waiting'; readonly reason: string }
  | { readonly kind: 'log'; readonly level: 'info' | 'warn'; readonly message: string }
  /** An invocation ended, after its retries. */
  | { readonly kind: 'invoked'; readonly events: number; readonly failed: boolean }
  /** Up to where a partition is handled: sequence number of the last event. */
  | { readonly kind: 'position'; readonly partition: string; readonly sequence: number }
  /** Content of the timer's blob, read when the function begins to run. */
  | { readonly kind: 'timerStatus'; readonly status?: string }
  | { readonly kind: 'ticked'; readonly id: number }
  /** Of a call; undefined where the function failed. */
  | { readonly kind: 'answered'; readonly id: number; readonly answer: HttpAnswer | undefined }
  /** Telemetry was taken, or why it was not. */
  | { readonly kind: 'telemetry'; readonly refused?: string };
