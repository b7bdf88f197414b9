import type * as pulumi from '@pulumi/pulumi';
import type { Children } from '../../azure/component';

/** Somebody in Microsoft Entra. */
export interface DashboardPrincipal {
  /** Short name in letters, digits and hyphens: part of a resource's name, and how people know it. */
  readonly name: string;
  readonly objectId: pulumi.Input<string>;
  readonly principalType: 'Group' | 'User' | 'ServicePrincipal';
}

/** The dashboard of step 15. */
export interface DashboardSettings {
  readonly hospitalId: string;
  /** Its own among all workspaces of the tenant; the workspace identity has the same name. */
  readonly workspaceName: pulumi.Input<string>;
  /** ARM id of the Fabric capacity, of which the deployer is an administrator, or the id by which Fabric knows it. */
  readonly capacityId: pulumi.Input<string>;
  /** Host of the SQL server; `:<port>` follows where it is not 1433. */
  readonly sqlServerHost: pulumi.Input<string>;
  readonly databaseName: pulumi.Input<string>;
  /** Id of a virtual network data gateway, which Fabric needs for a server without a public endpoint; none: the cloud. */
  readonly gatewayId?: pulumi.Input<string>;
  /** Whether Fabric reaches the server only through a gateway; without `gatewayId` the steps say how to make one. */
  readonly isServerPrivate: boolean;
  /** Who may change everything in the workspace. Row-level security does not bind them: no clinicians. */
  readonly administrators: readonly DashboardPrincipal[];
  /** Who sees the patients of their own care teams. */
  readonly viewers: readonly DashboardPrincipal[];
  /** Who sees all patients of the hospital. */
  readonly operators: readonly DashboardPrincipal[];
  /** How often an open page asks for new data, in seconds. */
  readonly pageRefreshSeconds: number;
  /** Any text; another one refreshes the model with the deployment. None: nothing refreshes it, since it queries its source. */
  readonly refreshTrigger?: string;
  /** Where Fabric is offered and the deployer may call it; undefined: files and steps. */
  readonly fabric?: FabricPlace;
  /** For the files of the steps. */
  readonly artefactsFolder: string;
  /** Application id of the identity of a workspace that was made by hand; known after the steps. */
  readonly workspaceIdentityClientId?: pulumi.Input<string>;
}

/** Where Microsoft Fabric answers, and whose tokens it takes. */
export interface FabricPlace {
  /** With its version and without a slash at its end, as `https://api.fabric.microsoft.com/v1`. */
  readonly fabricApiUrl: pulumi.Input<string>;
  readonly fabricScope: string;
  /** Power BI's, as `https://api.powerbi.com/v1.0/myorg`: only a refresh needs it. */
  readonly powerBiApiUrl: pulumi.Input<string>;
  readonly powerBiScope: string;
  readonly authorityHost: string;
}

/** What of a component's site the dashboard needs. */
export interface DashboardSite {
  readonly children: Pick<Children, 'of'>;
  readonly surroundings: { readonly tenantId: pulumi.Input<string> };
  readonly dataPlane: pulumi.CustomResourceOptions;
}

export interface Dashboard {
  /** Unknown where it is made by hand: all of these are empty texts then. */
  readonly workspaceId: pulumi.Output<string>;
  readonly semanticModelId: pulumi.Output<string>;
  readonly reportId: pulumi.Output<string>;
  readonly reportUrl: pulumi.Output<string>;
  /** Who reads the database: its user with the role `dashboardReader` (REPOSITORY_USERS). */
  readonly workspaceIdentity: {
    readonly name: pulumi.Output<string>;
    readonly objectId: pulumi.Output<string>;
    readonly clientId: pulumi.Output<string>;
  };
  /** In their order, as sentences. Members of the model's roles are always among them: no API takes them. */
  readonly manualSteps: pulumi.Output<string[]>;
}

/** Display name of the semantic model and the report. */
export const dashboardName = 'CareRisk';

/** SQL Server's own way to write a port, which the connectors of Power BI take. */
export function sqlServerName(host: string): string {
  return host.replace(/:(\d+)$/, ',$1');
}
