import type { Job } from '@pulumi/databricks/job';
import * as pulumi from '@pulumi/pulumi';
import { propagated } from '../../azure/propagation';
import type { AppParts } from '../apps';
import type { ScoringSite } from '../site';
import { databricksGrants } from './access';
import { byHand } from './byHand';
import { type InWorkspace, jobCatalog } from './catalog';
import { type CompleteDatabricks, completeDatabricks } from './defaults';
import { jobDefinition, scoringJob } from './job';
import { databricksModule } from './sdk';
import type { DatabricksSettings } from './settings';
import { type DatabricksPlace, databricksWorkspace, workspaceUrl } from './workspace';

/** The workspace, and the job where it is made by the deployment. */
export interface DatabricksNodes extends DatabricksPlace {
  readonly job?: Job;
}

/** Steps 10 and 11 in a Databricks workspace. */
export function buildDatabricks(site: ScoringSite, parts: AppParts, given: DatabricksSettings) {
  const databricks = completeDatabricks(given);
  const place = databricksWorkspace(site, databricks);
  const { lake } = parts.scopes;
  const tables = lake.databricks;
  if (!tables) throw new Error('The lake of a Databricks job has a container for its tables.');
  const roles = site.grants.add(...databricksGrants(place.identity, parts.scopes, tables.id));
  const url = workspaceUrl(place);
  const prerequisites = prerequisitesOf(site, databricks, url);
  if (databricks.unityCatalog === 'none' || site.settings.deployerReach === 'none') {
    return {
      nodes: { ...place },
      url,
      manualSteps: [...prerequisites, ...byHand(site, databricks, parts, place, url)],
    };
  }
  // Unity Catalog tries the identity on the lake when a location is made.
  const gate = propagated(site, 'databricks-role-propagation', roles);
  const inWorkspace = workspaceProvider(site, place, url, gate);
  const catalog = jobCatalog(inWorkspace, place, databricks, parts);
  const job = scoringJob(inWorkspace, jobDefinition(site, databricks, parts, catalog), catalog.ready);
  return { nodes: { ...place, job }, url, manualSteps: prerequisites };
}

/**
 * The workspace's own provider: its address is known when the workspace is there, so that the first preview of an empty stack
 * works as long as nothing asks the provider anything. What lies in the workspace goes with it.
 */
function workspaceProvider(
  site: ScoringSite,
  { workspace }: DatabricksPlace,
  host: pulumi.Output<string>,
  gate: pulumi.Resource[],
): InWorkspace {
  const { Provider } = databricksModule('provider');
  const [name, args, opts] = site.children.of('databricks-provider', {
    host,
    azureWorkspaceResourceId: workspace.id,
    azureTenantId: site.surroundings.tenantId,
  });
  const provider = new Provider(name, args, opts);
  return { site, provider, opts: { provider, dependsOn: [...gate] } };
}

/** What nobody can make for the hospital from here. */
function prerequisitesOf(
  { settings }: ScoringSite,
  { unityCatalog, complianceStandards, virtualNetworkId, publicSubnetName, privateSubnetName }: CompleteDatabricks,
  url: pulumi.Output<string>,
): pulumi.Output<string>[] {
  const network = pulumi.interpolate`See that the subnets ${publicSubnetName} and ${privateSubnetName} of ${virtualNetworkId} are delegated to Microsoft.Databricks/workspaces, have a network security group, and a way out (NAT gateway or firewall).`;
  const profile = pulumi.output(
    `See that the Databricks account has the Enhanced Security and Compliance add-on, which ${complianceStandards.join(', ')} needs.`,
  );
  const metastore = pulumi.interpolate`See in the Databricks account that a metastore is attached to the workspace ${url}: it is by itself where the account was made after November 2023.`;
  const creates = ['CREATE STORAGE CREDENTIAL', 'CREATE SERVICE CREDENTIAL', 'CREATE EXTERNAL LOCATION'];
  if (unityCatalog === 'automatic') creates.push('CREATE CATALOG');
  const rights = pulumi.output(
    `See that whoever deploys is an administrator of the workspace and has ${creates.join(', ')} on its metastore.`,
  );
  return [
    network,
    ...(complianceStandards.length > 0 ? [profile] : []),
    ...(unityCatalog === 'none' || settings.deployerReach === 'none' ? [] : [metastore, rights]),
  ];
}
