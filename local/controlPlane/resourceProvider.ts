import type { Properties } from '../contracts';
import type { Difference } from './diff';
import type { Failure } from './kinds/kind';

/** What the engine asks about one resource, with property values already taken off the wire. */
export interface Asked<Session> {
  /** Type token without package, from the URN. */
  readonly token: string;
  readonly logicalName: string;
  readonly session: Session;
}

export interface Answer {
  readonly id: string;
  readonly outputs: Properties;
}

export interface DiffAnswer {
  readonly differences: readonly Difference[];
  /** The old one must go first: the new one will have its name. */
  readonly deleteBeforeReplace: boolean;
}

/** A package's provider without the wire: what each of the engine's requests means. */
export interface ResourceProvider<Session> {
  /** As in `azure-native`. */
  readonly packageName: string;
  /** Version of the SDK that it takes the place of. */
  readonly version: string;
  /** The package in Pulumi's schema. */
  schema(): string;
  /** What is kept for one connection of the engine. @param config the provider's configuration, by name */
  session(config: (name: string) => string | undefined): Session;
  invoke(token: string, args: Properties, session: Session): Properties;
  /** @param olds inputs as of the last deployment; undefined or empty for a new resource */
  check(
    asked: Asked<Session>,
    inputs: Properties,
    olds: Properties | undefined,
    seed: Uint8Array,
  ): { inputs: Properties; failures: readonly Failure[] };
  diff(asked: Asked<Session>, id: string, before: Properties, now: Properties): DiffAnswer;
  create(asked: Asked<Session>, inputs: Properties, preview: boolean): Promise<Answer>;
  update(asked: Asked<Session>, id: string, inputs: Properties, olds: Properties, preview: boolean): Promise<Answer>;
  /** Undefined when there is no such resource (any more). */
  read(asked: Asked<Session>, id: string): { id: string; inputs: Properties; outputs: Properties } | undefined;
  delete(asked: Asked<Session>, id: string): Promise<void>;
}
