import type * as pulumi from '@pulumi/pulumi';
import type { PrincipalType } from '../azure/identity';
import type { DashboardDeployment } from './choices';

/** Somebody who looks at the dashboard, or administers it. */
export interface DashboardPrincipalSettings {
  /** Short name in letters, digits and hyphens: part of a resource's name, and how people know it. */
  name: string;
  /** Object id of the principal, best a group. */
  objectId: pulumi.Input<string>;
  /**
   * What `objectId` names; default `Group`.
   * @default Group
   */
  principalType?: PrincipalType;
}

/** The dashboard of step 15 in Microsoft Fabric (Power BI). */
export interface DashboardSettings {
  /**
   * ARM id of a Fabric capacity that exists, of which the deployer is an administrator; default a new one.
   * @default a new one
   */
  existingFabricCapacityId?: pulumi.Input<string>;
  /**
   * Who administers the new capacity: user principal names of people, object ids of service principals, the deployer among
   * them; default none. A new capacity needs somebody.
   * @default none
   */
  capacityAdministrators?: pulumi.Input<string>[];
  /**
   * Size of the new capacity, as `F2`, `F4` and so on to `F2048`; default `F2`. Automatic page refresh below 30 minutes
   * needs a capacity; from `F64` on readers need no Power BI Pro licence.
   * @default F2
   */
  capacitySku?: string;
  /**
   * Name of the workspace, its own among all of the tenant; default `Patients at risk - <hospital> (<environment>)`.
   * @default Patients at risk - <hospital> (<environment>)
   */
  workspaceName?: string;
  /**
   * Who may change everything in the workspace; default none but the deployer. They see all patients: no clinicians.
   * @default none but the deployer
   */
  administrators?: DashboardPrincipalSettings[];
  /**
   * Who sees the patients of their own care teams; default nobody.
   * @default nobody
   */
  viewers?: DashboardPrincipalSettings[];
  /**
   * Who sees all patients of the hospital; default nobody.
   * @default nobody
   */
  operators?: DashboardPrincipalSettings[];
  /**
   * Seconds after which an open page asks for new data, 1 to 1800; default 60. The capacity's own least interval holds, too.
   * @default 60
   */
  pageRefreshSeconds?: number;
  /**
   * Any text: another one refreshes the semantic model with the deployment; default none, since it queries its source.
   * @default none
   */
  refreshTrigger?: string;
  /**
   * Id of a virtual network data gateway, through which Fabric reaches a server without a public endpoint; default none.
   * @default none
   */
  gatewayId?: pulumi.Input<string>;
  /**
   * How workspace, connection, model and report are made; default `resources`, or `files` with `deployerReach: none`.
   * @default resources
   */
  deployment?: DashboardDeployment;
  /**
   * With `files`: application id of the workspace's identity, which then becomes a user of the repository; default none.
   * @default none
   */
  workspaceIdentityClientId?: pulumi.Input<string>;
  /**
   * Address of Fabric's API with its version; default the cloud's, `https://api.fabric.microsoft.com/v1`.
   * @default the cloud's
   */
  fabricApiUrl?: pulumi.Input<string>;
  /**
   * Address of Power BI's API; default the cloud's, `https://api.powerbi.com/v1.0/myorg`.
   * @default the cloud's
   */
  powerBiApiUrl?: pulumi.Input<string>;
}
