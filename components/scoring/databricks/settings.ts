import type * as pulumi from '@pulumi/pulumi';
import type { KernelHost, UnityCatalogMode } from '../choices';

/** The Databricks workspace and the job in it; for `compute: databricks`. */
export interface DatabricksSettings {
  /**
   * ARM id of the virtual network that the clusters lie in, in the workspace's region. It and what is in it are the hospital's:
   * a way out for the clusters, and none in.
   */
  virtualNetworkId: pulumi.Input<string>;
  /**
   * Name of the subnet for the clusters' hosts, /26 or larger, delegated to `Microsoft.Databricks/workspaces`, with a network
   * security group, for this workspace alone. Databricks calls it public; no cluster has a public address.
   */
  publicSubnetName: pulumi.Input<string>;
  /** Name of the subnet for the clusters' containers, of the same kind. */
  privateSubnetName: pulumi.Input<string>;
  /**
   * Name of the resource group that Databricks makes for itself, which must not exist; default computed.
   * @default computed
   */
  managedResourceGroupName?: pulumi.Input<string>;
  /**
   * Standards of the compliance security profile, which stays on for good and needs the Enhanced Security and Compliance
   * add-on; default `HIPAA`. An empty list leaves the profile off.
   * @default HIPAA
   */
  complianceStandards?: string[];
  /**
   * Object id of the enterprise application AzureDatabricks in the tenant, which uses the customer-managed key; needed with
   * `customerManagedKey` only; default none.
   * @default none
   */
  azureDatabricksPrincipalId?: pulumi.Input<string>;
  /**
   * How the job's rights and files get into Unity Catalog; default `automatic`.
   * @default automatic
   */
  unityCatalog?: UnityCatalogMode;
  /**
   * Name of the catalog that exists, with `unityCatalog: existing`; default none.
   * @default none
   */
  catalogName?: pulumi.Input<string>;
  /**
   * Application id of the service principal that the job runs as; default whoever deploys.
   * @default whoever deploys
   */
  runAsApplicationId?: pulumi.Input<string>;
  /**
   * Version of the Databricks Runtime, 16.4 or later: earlier ones know no service credentials; default 16.4 LTS.
   * @default 16.4.x-scala2.12
   */
  sparkVersion?: string;
  /**
   * Kind of machine of the driver and the workers; default `Standard_D4ds_v5`.
   * @default Standard_D4ds_v5
   */
  nodeTypeId?: string;
  /**
   * Workers beside the driver, 0 to 100; default 0: one machine does all, which is enough for a hospital of some thousand beds.
   * @default 0
   */
  workers?: number;
  /**
   * Seconds between two looks at what has come, 1 to 60; default 5.
   * @default 5
   */
  triggerSeconds?: number;
  /**
   * Runs the job on serverless compute, which looks at what has come and ends, again and again: it takes minutes and cannot
   * serve the hot path; default false.
   * @default false
   */
  serverless?: boolean;
  /**
   * Generation of the job's checkpoint, 1 to 9999; default 1. Raise it when a release says so; open windows and what was sent go
   * over.
   * @default 1
   */
  generation?: number;
  /**
   * What runs the kernel in the Python workers; default `v8`.
   * @default v8
   */
  kernelHost?: KernelHost;
  /**
   * Days for which the job keeps slots and results, within which late data is repaired, 8 to 365; default 14.
   * @default 14
   */
  retentionDays?: number;
  /**
   * Path of the mini-racer wheel for the cluster's Linux, which travels to it in a volume; default the one in
   * `dist/databricks/wheels` of the library.
   * @default the one in dist/databricks/wheels of the library
   */
  miniRacerWheel?: string;
  /**
   * Paths of further wheels for the job, as of onnxruntime; default none.
   * @default none
   */
  additionalWheels?: string[];
  /**
   * Addresses that Databricks writes to when the job fails or falls behind; default none.
   * @default none
   */
  alertEmails?: string[];
}
