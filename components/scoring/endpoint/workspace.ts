import { Workspace } from '@pulumi/azure-native/machinelearningservices/workspace';
import * as pulumi from '@pulumi/pulumi';
import { dataAccess } from '../../azure/commonDefaults';
import { nameFromId } from '../../azure/component';
import { diagnose } from '../../azure/diagnostics';
import { privateEndpoint } from '../../azure/privateEndpoints';
import type { AppParts } from '../apps';
import type { ScoringSite } from '../site';
import type { MachineLearningSettings } from './settings';
import { workspaceIdPattern } from './workspaceId';

const child = 'machine-learning';

/** Where the endpoint lies. */
export interface MachineLearningPlace {
  readonly workspaceName: pulumi.Output<string>;
  readonly resourceGroupName: pulumi.Input<string>;
  /** The workspace, where scoring made it. */
  readonly workspace?: Workspace;
  readonly manualSteps: pulumi.Output<string>[];
}

/**
 * A workspace for data of high business impact, in a network that Azure manages and that lets out what is approved alone. It
 * acts as an identity of its own, to which Azure gives what it needs of its account, vault and registry; system datastores
 * go by identity.
 */
export function machineLearningWorkspace(
  site: ScoringSite,
  parts: AppParts,
  settings: MachineLearningSettings,
): MachineLearningPlace {
  const { existingWorkspaceId } = settings;
  if (existingWorkspaceId !== undefined) {
    const id = pulumi.output(existingWorkspaceId);
    const resourceGroupName = id.apply((text) => workspaceIdPattern.exec(text)?.[1] ?? '');
    return { workspaceName: nameFromId(id), resourceGroupName, manualSteps: [] };
  }
  const { children, names, surroundings, settings: common } = site;
  const { resourceGroupName, location, tags } = surroundings;
  const workspace = new Workspace(
    ...children.of(child, {
      resourceGroupName,
      workspaceName: names.of('machineLearningWorkspace', common.names?.machineLearningWorkspace),
      location,
      tags,
      kind: 'Default',
      identity: { type: 'SystemAssigned' },
      storageAccount: settings.existingStorageAccountId,
      keyVault: settings.existingKeyVaultId,
      applicationInsights: parts.insights.id,
      ...(settings.existingContainerRegistryId !== undefined && {
        containerRegistry: settings.existingContainerRegistryId,
      }),
      hbiWorkspace: true,
      publicNetworkAccess: dataAccess(common),
      managedNetwork: { isolationMode: 'AllowOnlyApprovedOutbound' },
      systemDatastoresAuthMode: 'Identity',
      ...encryptionArgs(common),
    }),
  );
  const { privateEndpoints, diagnosticSettings } = common;
  privateEndpoint(children, names, surroundings, child, workspace.id, privateEndpoints, child);
  diagnose(children, child, workspace.id, diagnosticSettings);
  return { workspaceName: nameFromId(workspace.id), resourceGroupName, workspace, manualSteps: keySteps(common) };
}

function encryptionArgs({ customerManagedKey }: ScoringSite['settings']) {
  if (!customerManagedKey) return {};
  return {
    enableServiceSideCMKEncryption: true,
    encryption: {
      status: 'Enabled',
      keyVaultProperties: {
        keyIdentifier: customerManagedKey.keyUri,
        keyVaultArmId: pulumi.output(customerManagedKey.keyId).apply((id) => id.slice(0, id.lastIndexOf('/keys/'))),
      },
    },
  };
}

function keySteps({ customerManagedKey }: ScoringSite['settings']): pulumi.Output<string>[] {
  if (!customerManagedKey) return [];
  return [
    pulumi.interpolate`See that the enterprise application Azure Machine Learning of the tenant has the role Key Vault Crypto Service Encryption User at ${customerManagedKey.keyId} before the workspace is made.`,
  ];
}
