import { ManagementLockByScope } from '@pulumi/azure-native/authorization/managementLockByScope';
import * as pulumi from '@pulumi/pulumi';
import { type CommonSettings, dataDeletionConfig } from './commonSettings';
import type { Children } from './component';

/**
 * Whether resources that hold data stay protected. Two keys open them: the argument, which a review of the program sees,
 * and the stack's configuration, which is set for the one stack that may lose its data.
 */
export function dataProtection(
  component: pulumi.Resource,
  { allowDataDeletion }: CommonSettings,
): { protect: boolean } {
  const { namespace, key } = dataDeletionConfig;
  const configured = new pulumi.Config(namespace).getBoolean(key) ?? false;
  if (allowDataDeletion && !configured) {
    const second = `pulumi config set ${namespace}:${key} true`;
    void pulumi.log.warn(`allowDataDeletion alone deletes nothing; the second key is: ${second}`, component);
  }
  return { protect: !(allowDataDeletion && configured) };
}

/**
 * Lets a child go with its parent in one deletion, where the parent may go. A protected parent stays, and the engine, which
 * learns of that only meanwhile, would have forgotten the child: the next update would meet it as existing already.
 */
export function goesWith(parent: pulumi.Resource, isProtected = false): pulumi.CustomResourceOptions {
  return isProtected ? {} : { deletedWith: parent };
}

/**
 * A lock on one resource, where locks are asked for. It keeps everything below its scope as well, role assignments and
 * diagnostic settings included, so it comes after all that was made so far and goes before it.
 */
export function lockResource(
  children: Children,
  child: string,
  scope: pulumi.Input<string>,
  { lock = 'None' }: CommonSettings,
): void {
  if (lock === 'None') return;
  const notes = 'Holds patient data; remove this lock before the resource or its role assignments are removed.';
  const args = { scope, level: lock, lockName: 'holds-data', notes };
  new ManagementLockByScope(...children.of(`${child}-lock`, args, { dependsOn: [...children.made] }));
}
