import * as pulumi from '@pulumi/pulumi';

/**
 * @pulumi/databricks is an optional peer: whoever scores with functions does not install it, and nobody loads it who does not
 * use it. Types are erased; the modules are loaded one by one, since their index loads all.
 */
interface Modules {
  readonly catalog: typeof import('@pulumi/databricks/catalog');
  readonly credential: typeof import('@pulumi/databricks/credential');
  readonly externalLocation: typeof import('@pulumi/databricks/externalLocation');
  readonly file: typeof import('@pulumi/databricks/file');
  readonly grant: typeof import('@pulumi/databricks/grant');
  readonly job: typeof import('@pulumi/databricks/job');
  readonly provider: typeof import('@pulumi/databricks/provider');
  readonly schema: typeof import('@pulumi/databricks/schema');
  readonly storageCredential: typeof import('@pulumi/databricks/storageCredential');
  readonly volume: typeof import('@pulumi/databricks/volume');
}

/** @throws RunError in one sentence where the package is not installed */
export function databricksModule<Name extends keyof Modules>(name: Name): Modules[Name] {
  try {
    return require(`@pulumi/databricks/${name}`) as Modules[Name];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error;
    throw new pulumi.RunError(
      'compute: databricks needs the package @pulumi/databricks (1.110 or later), which is not installed; run "npm install @pulumi/databricks", or take another compute.',
    );
  }
}
