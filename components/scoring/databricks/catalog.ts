import type { Provider } from '@pulumi/databricks/provider';
import * as pulumi from '@pulumi/pulumi';
import { containerFileUrl } from '../../azure/lake';
import type { AppParts } from '../apps';
import type { ScoringSite } from '../site';
import type { CompleteDatabricks } from './defaults';
import { databricksModule } from './sdk';
import type { DatabricksPlace } from './workspace';

/** What the job works with in Unity Catalog. */
export interface JobCatalog {
  /** By which Spark opens the Kafka endpoint of Event Hubs. */
  readonly serviceCredential: pulumi.Output<string>;
  /** `/Volumes/<catalog>/<schema>/<volume>`. */
  readonly volumePath: pulumi.Output<string>;
}

/** Names are unique in a metastore, which all workspaces of a region share, so they carry the hospital's. */
export interface CatalogNames {
  readonly storageCredential: pulumi.Output<string>;
  readonly serviceCredential: pulumi.Output<string>;
  readonly tablesLocation: pulumi.Output<string>;
  readonly baselinesLocation: pulumi.Output<string>;
  readonly catalog: pulumi.Output<string>;
  readonly schema: pulumi.Output<string>;
}

export const volumeName = 'libraries';

export function catalogNames(site: ScoringSite, { unityCatalog, catalogName }: CompleteDatabricks): CatalogNames {
  const exists = unityCatalog === 'existing' && catalogName !== undefined;
  return {
    storageCredential: nameOf(site, 'lake'),
    serviceCredential: nameOf(site, 'events'),
    tablesLocation: nameOf(site, 'tables'),
    baselinesLocation: nameOf(site, 'baselines'),
    catalog: exists ? pulumi.output(catalogName) : nameOf(site),
    schema: nameOf(site, 'scoring'),
  };
}

export function volumePathOf({ catalog, schema }: CatalogNames): pulumi.Output<string> {
  return pulumi.interpolate`/Volumes/${catalog}/${schema}/${volumeName}`;
}

/** Makes children with the workspace's own provider. */
export interface InWorkspace {
  readonly site: ScoringSite;
  readonly provider: Provider;
  /** What they all come after, and go with. */
  readonly opts: pulumi.CustomResourceOptions;
}

/** What the job may do where, for the service principal that runs it; whoever deploys owns all of it. */
type Right = { readonly securable: object; readonly privileges: string[]; readonly child: string };

/**
 * Credentials of the access connector's identity, the two places of the lake that the job reaches, and a volume for its
 * files.
 */
export function jobCatalog(
  place: InWorkspace,
  { accessConnector, identity }: DatabricksPlace,
  databricks: CompleteDatabricks,
  { scopes: { lake } }: AppParts,
): JobCatalog & { readonly ready: pulumi.Resource[] } {
  const { site, opts } = place;
  const { children } = site;
  const of = <Args extends object>(child: string, args: Args, more: pulumi.CustomResourceOptions = {}) =>
    children.of(child, args, { ...opts, ...more });
  const names = catalogNames(site, databricks);
  const azureManagedIdentity = { accessConnectorId: accessConnector.id, managedIdentityId: identity.id };

  const { StorageCredential } = databricksModule('storageCredential');
  const storage = new StorageCredential(
    ...of('job-storage-credential', { name: names.storageCredential, azureManagedIdentity }),
  );
  const { Credential } = databricksModule('credential');
  const service = new Credential(
    ...of('job-service-credential', { name: names.serviceCredential, purpose: 'SERVICE', azureManagedIdentity }),
  );
  const { ExternalLocation } = databricksModule('externalLocation');
  const tables = new ExternalLocation(
    ...of('job-tables-location', {
      name: names.tablesLocation,
      url: containerFileUrl(lake.account, 'databricks'),
      credentialName: storage.name,
    }),
  );
  const baselines = new ExternalLocation(
    ...of('job-baselines-location', {
      name: names.baselinesLocation,
      url: containerFileUrl(lake.account, 'baselines'),
      credentialName: storage.name,
      readOnly: true,
    }),
  );
  const root = containerFileUrl(lake.account, 'databricks');
  const { catalogName, schema, volume } = jobVolume(place, databricks, names, root, [tables]);
  const grants = grantAll(place, databricks, [
    { child: 'service-credential', securable: { credential: service.name }, privileges: ['ACCESS'] },
    {
      child: 'tables',
      securable: { externalLocation: tables.name },
      privileges: ['READ_FILES', 'WRITE_FILES'],
    },
    { child: 'baselines', securable: { externalLocation: baselines.name }, privileges: ['READ_FILES'] },
    { child: 'catalog', securable: { catalog: catalogName }, privileges: ['USE_CATALOG'] },
    { child: 'schema', securable: { schema: schema.id }, privileges: ['USE_SCHEMA'] },
    { child: 'volume', securable: { volume: volume.id }, privileges: ['READ_VOLUME'] },
  ]);
  return {
    serviceCredential: pulumi.output(service.name),
    volumePath: volume.volumePath,
    ready: [service, tables, baselines, volume, ...grants],
  };
}

/** A schema for the hospital in the catalog that exists or in one of its own, and in it the volume. */
function jobVolume(
  { site, opts }: InWorkspace,
  { unityCatalog }: CompleteDatabricks,
  names: CatalogNames,
  root: pulumi.Output<string>,
  dependsOn: pulumi.Resource[],
) {
  const { children } = site;
  const after = { ...opts, dependsOn };
  const { Schema } = databricksModule('schema');
  const { Volume } = databricksModule('volume');
  const catalogName = unityCatalog === 'existing' ? names.catalog : newCatalog();
  const schema = new Schema(...children.of('job-schema', { catalogName, name: names.schema }, after));
  const volume = new Volume(
    ...children.of(
      'job-volume',
      {
        catalogName,
        schemaName: schema.name,
        name: volumeName,
        volumeType: 'EXTERNAL',
        storageLocation: pulumi.interpolate`${root}/${volumeName}`,
      },
      after,
    ),
  );
  return { catalogName, schema, volume };

  function newCatalog(): pulumi.Output<string> {
    const { Catalog } = databricksModule('catalog');
    const args = { name: names.catalog, storageRoot: pulumi.interpolate`${root}/catalog` };
    return new Catalog(...children.of('job-catalog', args, after)).name;
  }
}

function grantAll(
  { site: { children }, opts }: InWorkspace,
  { runAsApplicationId }: CompleteDatabricks,
  rights: readonly Right[],
): pulumi.Resource[] {
  if (runAsApplicationId === undefined) return [];
  const { Grant } = databricksModule('grant');
  return rights.map(
    ({ child, securable, privileges }) =>
      new Grant(
        ...children.of(`job-${child}-grant`, { ...securable, principal: runAsApplicationId, privileges }, opts),
      ),
  );
}

/** Without hyphens, which SQL wants in quotes. */
function nameOf({ names }: ScoringSite, purpose = ''): pulumi.Output<string> {
  return names.of('unityCatalogObject', undefined, purpose).apply((name) => name.replaceAll('-', '_'));
}
