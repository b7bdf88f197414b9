import { type ArmResource, AzureError } from '../contracts';

interface ImmutableStorage {
  readonly enabled?: boolean;
  readonly immutabilityPolicy?: {
    readonly state?: 'Disabled' | 'Unlocked' | 'Locked';
    readonly immutabilityPeriodSinceCreationInDays?: number;
  };
}

const day = 24 * 60 * 60 * 1000;

/**
 * How long a blob is protected after its creation, in milliseconds; 0 without a policy in force. An unlocked policy
 * protects as a locked one does: it can only be changed.
 */
export function retentionOf(account: ArmResource): number {
  const { enabled, policy } = read(account);
  if (!enabled || policy === undefined || policy.state === 'Disabled') return 0;
  return (policy.immutabilityPeriodSinceCreationInDays ?? 0) * day;
}

/**
 * Checks what Azure checks of an account's immutability (Storage resource provider, `ImmutableStorageAccount`):
 * chosen at creation and not changed; a policy begins Disabled or Unlocked; a locked one is never unlocked or
 * shortened; not together with a hierarchical namespace ("Feature support in Azure Storage accounts").
 * @throws AzureError 400 or 409
 */
export function checkImmutability(account: ArmResource, previous: ArmResource | undefined): void {
  const wanted = read(account);
  if (wanted.enabled && account.inputs.isHnsEnabled === true) {
    throw new AzureError(
      400,
      'InvalidRequestPropertyValue',
      'immutableStorageWithVersioning needs blob versioning, which an account with isHnsEnabled: true does not have.',
    );
  }
  if (previous === undefined) {
    if (wanted.policy?.state === 'Locked') {
      throw new AzureError(
        400,
        'InvalidRequestPropertyValue',
        'An immutability policy is created with the state Disabled or Unlocked, not Locked: lock it by a later update.',
      );
    }
    return;
  }
  const had = read(previous);
  if (had.enabled !== wanted.enabled) {
    throw new AzureError(
      409,
      'Conflict',
      'immutableStorageWithVersioning.enabled is chosen when an account is created.',
    );
  }
  if (had.policy?.state !== 'Locked') return;
  if (wanted.policy?.state !== 'Locked' || retentionOf(account) < retentionOf(previous)) {
    throw new AzureError(409, 'Conflict', 'A locked immutability policy can only be made longer.');
  }
}

function read(account: ArmResource): { enabled: boolean; policy: ImmutableStorage['immutabilityPolicy'] } {
  const immutable = account.inputs.immutableStorageWithVersioning as ImmutableStorage | undefined;
  return { enabled: immutable?.enabled === true, policy: immutable?.immutabilityPolicy };
}
