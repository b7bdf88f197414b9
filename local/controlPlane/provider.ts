import type { Properties } from '../contracts';
import { judge } from './check/judge';
import { type Declared, declared, declaredNameInput, idOf, outputNames, shownOutputs } from './declared';
import { type Difference, differences } from './diff';
import type { Failure } from './kinds/kind';
import { autoName } from './naming';
import { notFound, type Operations } from './operations';
import { merge, previewOutputs } from './outputs';
import type { Session } from './sessions';
import type { Store, StoredResource } from './store';
import { textAt } from './values';

/** What the engine asks about one resource, with property values already taken off the wire. */
export interface Asked {
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

/** The resource provider: what each of the engine's requests means. */
export class Provider {
  constructor(
    private readonly store: Store,
    private readonly operations: Operations,
  ) {}

  /** Fills in name and region, and judges everything that is known. */
  check(
    asked: Asked,
    inputs: Properties,
    olds: Properties | undefined,
    seed: Uint8Array,
  ): { inputs: Properties; failures: readonly Failure[] } {
    const before = olds && Object.keys(olds).length > 0 ? declared(asked.token, olds) : undefined;
    const filled = this.fill(asked, inputs, before, olds ?? {}, seed);
    const oldId = before && idOf(before, asked.session.subscriptionId);
    return { inputs: filled, failures: judge(declared(asked.token, filled), this.store, asked.session, oldId) };
  }

  private fill(
    asked: Asked,
    inputs: Properties,
    before: Declared | undefined,
    olds: Properties,
    seed: Uint8Array,
  ): Properties {
    const resource = declared(asked.token, inputs);
    const filled = { ...inputs };
    const name = declaredNameInput(resource);
    // A kind that comes with its parent under a fixed name may have no name input of its own.
    if (filled[name] === undefined && resource.kind.id.endsWith('}')) {
      filled[name] = (before && olds[name]) ?? autoName(resource.kind, asked.logicalName, seed);
    }
    if (filled.location === undefined && 'location' in resource.spec.properties) {
      const location = asked.session.location ?? this.groupLocation(resource, asked.session) ?? olds.location;
      if (location !== undefined) filled.location = location;
    }
    return filled;
  }

  /** azure-native puts a resource that names no region into that of its group. */
  private groupLocation({ kind, inputs }: Declared, session: Session): string | undefined {
    if (kind.kind === 'resources:ResourceGroup' || typeof inputs.resourceGroupName !== 'string') return undefined;
    const group = this.store.get(`/subscriptions/${session.subscriptionId}/resourceGroups/${inputs.resourceGroupName}`);
    return textAt(group?.inputs, 'location');
  }

  diff(asked: Asked, id: string, before: Properties, now: Properties): DiffAnswer {
    const resource = declared(asked.token, now);
    const found = differences(resource, before, now);
    const replaces = found.some((d) => d.replace);
    if (replaces) asked.session.replace(id);
    const name = declaredNameInput(resource);
    return { differences: found, deleteBeforeReplace: replaces && before[name] === now[name] };
  }

  async create(asked: Asked, inputs: Properties, preview: boolean): Promise<Answer> {
    const resource = declared(asked.token, inputs);
    if (preview) {
      const id = idOf(resource, asked.session.subscriptionId);
      if (id) {
        this.operations.refuseCreate(resource, asked.session, id);
        asked.session.plan(id);
      }
      return { id: '', outputs: previewOutputs(outputNames(resource), inputs) };
    }
    const made = await this.operations.create(resource, inputs, asked.session);
    return { id: made.id, outputs: shown(made) };
  }

  async update(asked: Asked, id: string, inputs: Properties, olds: Properties, preview: boolean): Promise<Answer> {
    const resource = declared(asked.token, inputs);
    if (preview) {
      if (!this.store.get(id)) throw notFound(id);
      return { id, outputs: merge(olds, previewOutputs(outputNames(resource), inputs, olds)) };
    }
    const made = await this.operations.update(id, resource, inputs, asked.session);
    return { id, outputs: shown(made) };
  }

  /** Undefined when there is no such resource (any more). */
  read(asked: Asked, id: string): { id: string; inputs: Properties; outputs: Properties } | undefined {
    const found = this.store.get(id);
    if (!found) return undefined;
    if (found.declaredToken !== asked.token) {
      throw new Error(`'${id}' is an azure-native:${found.declaredToken}, not an azure-native:${asked.token}.`);
    }
    return { id: found.id, inputs: found.declaredInputs, outputs: shown(found) };
  }

  delete(id: string): Promise<void> {
    return this.operations.delete(id);
  }
}

function shown(resource: StoredResource): Properties {
  return shownOutputs({ token: resource.declaredToken }, resource.outputs);
}
