import type { Principal } from '../contracts';

/** Tenant and subscription of the local cloud, where a provider's configuration names none. */
export const localTenantId = '10ca1000-0000-4000-8000-00000000000a';
export const localSubscriptionId = '10ca1000-0000-4000-8000-00000000000b';

/** Who runs `pulumi up` against the local cloud. It holds the rights that role assignments give it, and no others. */
export const deployer: Principal = {
  objectId: '10ca1000-0000-4000-8000-00000000000d',
  clientId: '10ca1000-0000-4000-8000-0000000000dc',
  tenantId: localTenantId,
  name: 'deployer',
};

/** Who proves a run by reading what arrived: it may read all data and write none. */
export const judge: Principal = {
  objectId: '10ca1000-0000-4000-8000-00000000000e',
  clientId: '10ca1000-0000-4000-8000-0000000000ec',
  tenantId: localTenantId,
  name: 'judge',
};

/** The hospital's health record, which admits patients. It holds the rights that role assignments give it, and no others. */
export const healthRecord: Principal = {
  objectId: '10ca1000-0000-4000-8000-00000000000f',
  clientId: '10ca1000-0000-4000-8000-0000000000fc',
  tenantId: localTenantId,
  name: 'health-record',
};
