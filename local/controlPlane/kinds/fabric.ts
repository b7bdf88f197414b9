import { inGroup, type Kind } from './kind';
import { atLeastOne, oneOf } from './rules';

const skus = [2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048].map((units) => `F${units}`);

/** What workspaces of Microsoft Fabric run on. */
export const fabricCapacity: Kind = {
  kind: 'fabric:FabricCapacity',
  armType: 'Microsoft.Fabric/capacities',
  id: inGroup('Microsoft.Fabric/capacities/{capacityName}'),
  name: {
    min: 3,
    max: 63,
    pattern: /^[a-z][a-z0-9]*$/,
    allowed: 'lower-case letters and digits, starting with a letter',
  },
  rules: [
    oneOf('sku.name', skus, 'Learn: Microsoft Fabric concepts and licenses'),
    // ARM types: an array of administrator user identities.
    atLeastOne('administration.members', 'ARM types'),
  ],
  computed: () => ({ provisioningState: 'Succeeded', state: 'Active' }),
};
