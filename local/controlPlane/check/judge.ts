import type { Properties } from '../../contracts';
import { idKey, isAtOrBelow, nameOf, parentId } from '../armIds';
import { type Declared, declaredNameInput, idOf, nameInput } from '../declared';
import type { Failure, Surroundings } from '../kinds/kind';
import type { Session } from '../sessions';
import type { Store } from '../store';
import { exists } from './implied';
import { checkSchema } from './schemaCheck';

/**
 * All that Azure would refuse about a declared resource, as far as its inputs are known.
 * `oldId` is the resource's id before this deployment, absent when it is new.
 */
export function judge(declared: Declared, store: Store, session: Session, oldId: string | undefined): Failure[] {
  const id = idOf(declared, session.subscriptionId);
  const around: Surroundings = {
    resources: store,
    exists: (other) => exists(store, other) || session.plans(other),
    id,
    subscriptionId: session.subscriptionId,
    tenantId: session.tenantId,
    current: id && oldId && idKey(id) === idKey(oldId) ? store.get(id) : undefined,
  };
  const shape = checkSchema(declared.schema, declared.spec, declared.inputs);
  const rules = (declared.kind.rules ?? []).flatMap((rule) => rule(declared.inputs, around));
  const own = [
    ...nameFailures(declared),
    ...parentFailures(declared, around),
    ...takenName(declared, store, session, id, oldId),
  ];
  return firstPerProperty([...shape, ...own, ...rules]);
}

function nameFailures(declared: Declared): Failure[] {
  const { kind, inputs } = declared;
  const name = inputs[nameInput(kind)];
  if (!kind.name || typeof name !== 'string') return [];
  const { min, max, pattern, allowed } = kind.name;
  const property = declaredNameInput(declared);
  const failures: Failure[] = [];
  if (name.length < min || name.length > max) {
    const lengths = min === max ? `exactly ${min}` : `${min} to ${max}`;
    failures.push({ property, reason: `the name '${name}' has ${name.length} characters; allowed are ${lengths}.` });
  }
  if (!pattern.test(name))
    failures.push({ property, reason: `the name '${name}' is not allowed; allowed are ${allowed}.` });
  return failures;
}

function parentFailures({ kind, inputs }: Declared, around: Surroundings): Failure[] {
  // An extension's scope is judged as a reference, with a message of its own.
  if (!around.id || !kind.id.startsWith('/')) return missingLocation(inputs, kind.kind);
  const parent = parentId(around.id);
  if (!parent || around.exists(parent)) return missingLocation(inputs, kind.kind);
  const property = parentInput(kind.id);
  return [
    {
      property,
      reason: `'${parent}' does not exist; name a parent that exists, or depend on the resource that creates it.`,
    },
  ];
}

/** The input that names a resource's parent: the last but one of its id. */
function parentInput(template: string): string {
  const names = [...template.matchAll(/\{(\w+)\}/g)].map((m) => m[1] ?? '');
  return (template.endsWith('}') ? names.at(-2) : names.at(-1)) ?? '';
}

function missingLocation(inputs: Properties, kind: string): Failure[] {
  if (kind !== 'resources:ResourceGroup' || inputs.location !== undefined) return [];
  return [
    {
      property: 'location',
      reason: 'location is missing; set it, or set the default with `pulumi config set azure-native:location`.',
    },
  ];
}

/** Names of some kinds are host names, unique in the whole of Azure. */
function takenName(
  declared: Declared,
  store: Store,
  session: Session,
  id: string | undefined,
  oldId: string | undefined,
): Failure[] {
  const name = declared.inputs[nameInput(declared.kind)];
  if (!declared.kind.isGlobalName || typeof name !== 'string' || !id) return [];
  const holder = store
    .list(declared.kind.kind)
    .find((r) => nameOf(r.id).toLowerCase() === name.toLowerCase() && idKey(r.id) !== idKey(id));
  if (!holder || (oldId && idKey(holder.id) === idKey(oldId)) || session.replaces(holder.id)) return [];
  const reason = `the name '${name}' is taken by '${holder.id}'; names of ${declared.kind.armType} are unique in the whole of Azure.`;
  return [{ property: declaredNameInput(declared), reason }];
}

/** One sentence per property: the first judge of a property is the most basic one. */
function firstPerProperty(failures: readonly Failure[]): Failure[] {
  const seen = new Set<string>();
  return failures.filter(({ property, reason }) => {
    const key = `${property}\n${reason}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

/** Locks at, above or (for deletes) below a resource, by Learn: "Lock your resources to protect your infrastructure". */
export function lockOn(store: Store, id: string, deletes: boolean): string | undefined {
  // A lock never keeps a lock from being removed.
  if (/\/providers\/microsoft\.authorization\/locks\/[^/]+$/i.test(id)) return undefined;
  return store.list('authorization:ManagementLockByScope').find((lock) => {
    const scope = String(lock.inputs.scope);
    if (lock.inputs.level === 'CanNotDelete' && !deletes) return false;
    return isAtOrBelow(id, scope) || (deletes && isAtOrBelow(scope, id));
  })?.id;
}
