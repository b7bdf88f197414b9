import type { Resources } from '../../contracts';
import { idKey, parentId } from '../armIds';
import { textAt, valuesAt } from '../values';

/** True for a resource that exists, and for what Azure makes together with one. */
export function exists(resources: Resources, id: string): boolean {
  if (resources.get(id)) return true;
  // Subscriptions, management groups and the tenant are given, not made by a program.
  if (
    /^\/(subscriptions|tenants)\/[^/]+$/i.test(id) ||
    /^\/providers\/microsoft\.management\/managementgroups\/[^/]+$/i.test(id)
  ) {
    return true;
  }
  const parent = parentId(id);
  const above = parent ? resources.get(parent) : undefined;
  if (!parent || !above) return false;
  const tail = idKey(id).slice(idKey(parent).length + 1);
  return withParent(above.kind, above.inputs).includes(tail);
}

/** Ids, below a resource, of what comes with it. */
function withParent(kind: string, inputs: unknown): string[] {
  switch (kind) {
    case 'storage:StorageAccount':
      return ['blob', 'queue', 'table', 'file'].map((s) => `${s}services/default`);
    case 'eventhub:Namespace':
      return ['networkrulesets/default', 'authorizationrules/rootmanagesharedaccesskey'];
    case 'eventhub:EventHub':
      return ['consumergroups/$default'];
    case 'iothub:IotHubResource':
      return ['eventhubendpoints/events'];
    case 'sql:Server':
      return ['databases/master', 'encryptionprotector/current'];
    case 'network:VirtualNetwork':
      return valuesAt(inputs, 'subnets[]').map(({ value }) => `subnets/${String(textAt(value, 'name')).toLowerCase()}`);
    default:
      return [];
  }
}
