import { AzureError, type Properties } from '../contracts';
import { idKey } from './armIds';
import { kinds } from './kinds';
import type { Session } from './sessions';
import type { Store } from './store';

/** Functions of azure-native that a program may call. */
export function invoke(token: string, args: Properties, session: Session, store: Store): Properties {
  const name = token.replace(/^azure-native:/, '');
  if (name === 'authorization:getClientConfig') {
    const { objectId, clientId } = session.caller;
    return { clientId, objectId, subscriptionId: session.subscriptionId, tenantId: session.tenantId };
  }
  const [module = '', verb = ''] = name.split(':');
  if (verb.startsWith('get')) return lookUp(`${module}:${verb.slice(3)}`, args, session, store);
  if (/^list\w*Keys$/.test(verb)) throw keysRefused(name, args, session, store);
  throw new AzureError(501, 'UnknownFunction', `The local cloud does not know the function azure-native:${name}.`);
}

function lookUp(kindName: string, args: Properties, session: Session, store: Store): Properties {
  const kind = kinds.get(kindName);
  if (!kind) throw new AzureError(501, 'UnknownKind', `The local cloud does not know azure-native:${kindName}.`);
  const values: Properties = { ...args, subscriptionId: session.subscriptionId };
  const id = kind.id.replaceAll(/\{(\w+)\}/g, (_, input: string) => String(values[input]));
  const found = store.get(id);
  if (!found) throw new AzureError(404, 'ResourceNotFound', `'${id}' does not exist.`);
  return { ...found.outputs, id: found.id };
}

/** Properties by which a resource says that its keys are worth nothing. */
const localAuthOff: Readonly<Record<string, (outputs: Properties) => boolean>> = {
  'storage:StorageAccount': (o) => o.allowSharedKeyAccess === false,
  'eventhub:Namespace': (o) => o.disableLocalAuth === true,
  'iothub:IotHubResource': (o) => (o.properties as Properties | undefined)?.disableLocalAuth === true,
};

/** Azure hands out keys even when they are useless; here a program that asks for one learns it at once. */
function keysRefused(name: string, args: Properties, session: Session, store: Store): AzureError {
  const group = idKey(`/subscriptions/${session.subscriptionId}/resourceGroups/${String(args.resourceGroupName)}/`);
  const names = Object.entries(args).filter(([key]) => key !== 'resourceGroupName');
  const target = store
    .all()
    .find(
      (r) =>
        localAuthOff[r.kind] &&
        idKey(r.id).startsWith(group) &&
        names.some(([, v]) => idKey(r.id).endsWith(`/${String(v).toLowerCase()}`)),
    );
  const off = target && localAuthOff[target.kind]?.(target.outputs);
  const why = off ? `local authentication of '${target.id}' is off` : 'the local cloud hands out no keys';
  return new AzureError(
    403,
    'LocalAuthDisabled',
    `azure-native:${name} is refused: ${why}; use an identity with a role instead.`,
  );
}
