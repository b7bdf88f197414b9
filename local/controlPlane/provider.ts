import type { Principal, Properties } from '../contracts';
import { judge } from './check/judge';
import { type Declared, declared, declaredNameInput, idOf, outputNames, shownOutputs } from './declared';
import { differences } from './diff';
import { invoke } from './invokes';
import type { Failure } from './kinds/kind';
import { autoName } from './naming';
import { notFound, type Operations } from './operations';
import { merge, previewOutputs } from './outputs';
import type { Answer, Asked, DiffAnswer, ResourceProvider } from './resourceProvider';
import { azureNative } from './schema/azureNative';
import { pulumiSchema } from './schema/pulumiSchema';
import { Session, type Target } from './sessions';
import type { Store, StoredResource } from './store';
import { textAt } from './values';

/** Pulumi's azure-native: what each of the engine's requests means. */
export class Provider implements ResourceProvider<Session> {
  readonly packageName = 'azure-native';
  readonly version = azureNative.sdk;

  /** @param target of providers whose configuration names none */
  constructor(
    private readonly store: Store,
    private readonly operations: Operations,
    private readonly target: Target,
    private readonly caller: Principal,
  ) {}

  schema(): string {
    return pulumiSchema();
  }

  session(config: (name: string) => string | undefined): Session {
    const target = {
      subscriptionId: config('subscriptionId') ?? this.target.subscriptionId,
      tenantId: config('tenantId') ?? this.target.tenantId,
      location: config('location') ?? this.target.location,
    };
    return new Session(target, this.caller);
  }

  invoke(token: string, args: Properties, session: Session): Properties {
    return invoke(token, args, session, this.store);
  }

  /** Fills in name and region, and judges everything that is known. */
  check(
    asked: Asked<Session>,
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
    asked: Asked<Session>,
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

  diff(asked: Asked<Session>, id: string, before: Properties, now: Properties): DiffAnswer {
    const resource = declared(asked.token, now);
    const found = differences(resource, before, now);
    const replaces = found.some((d) => d.replace);
    if (replaces) asked.session.replace(id);
    const name = declaredNameInput(resource);
    return { differences: found, deleteBeforeReplace: replaces && before[name] === now[name] };
  }

  async create(asked: Asked<Session>, inputs: Properties, preview: boolean): Promise<Answer> {
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

  async update(
    asked: Asked<Session>,
    id: string,
    inputs: Properties,
    olds: Properties,
    preview: boolean,
  ): Promise<Answer> {
    const resource = declared(asked.token, inputs);
    if (preview) {
      if (!this.store.get(id)) throw notFound(id);
      return { id, outputs: merge(olds, previewOutputs(outputNames(resource), inputs, olds)) };
    }
    const made = await this.operations.update(id, resource, inputs, asked.session);
    return { id, outputs: shown(made) };
  }

  /** Undefined when there is no such resource (any more). */
  read(asked: Asked<Session>, id: string): { id: string; inputs: Properties; outputs: Properties } | undefined {
    const found = this.store.get(id);
    if (!found) return undefined;
    if (found.declaredToken !== asked.token) {
      throw new Error(`'${id}' is an azure-native:${found.declaredToken}, not an azure-native:${asked.token}.`);
    }
    return { id: found.id, inputs: found.declaredInputs, outputs: shown(found) };
  }

  delete(_asked: Asked<Session>, id: string): Promise<void> {
    return this.operations.delete(id);
  }
}

function shown(resource: StoredResource): Properties {
  return shownOutputs({ token: resource.declaredToken }, resource.outputs);
}
