import { Compute } from '@pulumi/azure-native/machinelearningservices/compute';
import { OnlineDeployment } from '@pulumi/azure-native/machinelearningservices/onlineDeployment';
import { OnlineEndpoint } from '@pulumi/azure-native/machinelearningservices/onlineEndpoint';
import * as pulumi from '@pulumi/pulumi';
import { clouds } from '../../azure/clouds';
import { dataAccess } from '../../azure/commonDefaults';
import { nameFromId } from '../../azure/component';
import { diagnose } from '../../azure/diagnostics';
import type { AppIdentity } from '../../azure/identity';
import { shortHashOf } from '../../azure/naming';
import { goesWith } from '../../azure/protection';
import type { AppParts } from '../apps';
import type { ScoringSite } from '../site';
import { endpointModel, secretRole, secretSetting } from './model';
import { scorerRole } from './scorerRole';
import type { MachineLearningSettings } from './settings';
import { type MachineLearningPlace, machineLearningWorkspace } from './workspace';

/** The workspace of the model, and what asks it. */
export interface MachineLearningNodes extends MachineLearningPlace {
  readonly endpoint: OnlineEndpoint;
  readonly deployment: OnlineDeployment;
  /** The cluster, attached to the workspace; with `azureml-kubernetes`. */
  readonly compute?: Compute;
}

/** An online endpoint with one deployment of the model, and how the app `score` asks it. */
export function machineLearningEndpoint(
  site: ScoringSite,
  parts: AppParts,
  settings: MachineLearningSettings,
  identity: AppIdentity,
) {
  const place = machineLearningWorkspace(site, parts, settings);
  const onCluster = site.settings.compute === 'azureml-kubernetes';
  const compute = onCluster ? attachedCluster(site, place, settings) : undefined;
  const endpoint = onlineEndpoint(site, place, compute);
  const deployment = onlineDeployment(site, place, settings, endpoint, compute);
  const url = endpoint.properties.apply(({ scoringUri }) => scoringUri);
  const named = { url, format: 'dataframe' as const, deployment: nameFromId(deployment.id) };
  diagnose(site.children, 'endpoint', endpoint.id, site.settings.diagnosticSettings);
  const nodes: MachineLearningNodes = { ...place, endpoint, deployment, compute };
  if (compute) {
    const secret = settings.endpointKey;
    const roles = secretRole(site, identity, secret);
    const auth = { kind: 'apiKey' as const, setting: secretSetting, header: 'Authorization' };
    const steps = [
      ...place.manualSteps,
      pulumi.interpolate`Put a key of the endpoint ${endpoint.id} into ${secret?.secretUri ?? ''} (az ml online-endpoint get-credentials), and again whenever it is made anew.`,
    ];
    return { nodes, model: endpointModel(settings, { ...named, auth, secret }), url, roles, manualSteps: steps };
  }
  const roles = scorerRole(site, endpoint, identity);
  const { machineLearningAudience: audience } = clouds[site.settings.cloud];
  const auth = identity.clientId.apply((clientId) => ({ kind: 'entra' as const, audience, clientId }));
  return { nodes, model: endpointModel(settings, { ...named, auth }), url, roles, manualSteps: place.manualSteps };
}

/** The cluster is its owner's: it is attached, and detached when the component goes. */
function attachedCluster(
  { children, surroundings }: ScoringSite,
  { resourceGroupName, workspaceName }: MachineLearningPlace,
  { existingClusterId, clusterNamespace = 'default' }: MachineLearningSettings,
): Compute {
  return new Compute(
    ...children.of('cluster', {
      resourceGroupName,
      workspaceName,
      computeName: 'scoring',
      location: surroundings.location,
      identity: { type: 'SystemAssigned' },
      properties: {
        computeType: 'Kubernetes' as const,
        resourceId: existingClusterId,
        disableLocalAuth: true,
        properties: { namespace: clusterNamespace },
      },
    }),
  );
}

/** Endpoints on a cluster take no Entra tokens ("Authentication for managed online endpoints"). */
function onlineEndpoint(
  { children, names, surroundings, settings }: ScoringSite,
  { resourceGroupName, workspaceName }: MachineLearningPlace,
  compute: Compute | undefined,
): OnlineEndpoint {
  return new OnlineEndpoint(
    ...children.of('endpoint', {
      resourceGroupName,
      workspaceName,
      endpointName: names.of('onlineEndpoint', settings.names?.onlineEndpoint),
      location: surroundings.location,
      tags: surroundings.tags,
      kind: compute ? 'Kubernetes' : 'Managed',
      identity: { type: 'SystemAssigned' },
      properties: {
        authMode: compute ? 'Key' : 'AADToken',
        ...(compute ? { compute: compute.id } : { publicNetworkAccess: dataAccess(settings) }),
      },
    }),
  );
}

/**
 * Named for the model, so that another model is another deployment, made before the old one goes. The app names the
 * deployment that it asks, so that no share of traffic has to be moved.
 */
function onlineDeployment(
  { children, surroundings }: ScoringSite,
  { resourceGroupName, workspaceName }: MachineLearningPlace,
  settings: MachineLearningSettings,
  endpoint: OnlineEndpoint,
  compute: Compute | undefined,
): OnlineDeployment {
  const { modelId, environmentId, instanceType, instanceCount = 2, modelName, modelVersion } = settings;
  const common = { model: modelId, environmentId, appInsightsEnabled: true };
  const properties = compute
    ? { ...common, endpointComputeType: 'Kubernetes' as const, ...(instanceType !== undefined && { instanceType }) }
    : {
        ...common,
        endpointComputeType: 'Managed' as const,
        instanceType: instanceType ?? 'Standard_DS3_v2',
        // What the model needs is in the image; it has nobody to call.
        egressPublicNetworkAccess: 'Disabled',
        scaleSettings: { scaleType: 'Default' as const },
      };
  return new OnlineDeployment(
    ...children.of(
      'deployment',
      {
        resourceGroupName,
        workspaceName,
        endpointName: nameFromId(endpoint.id),
        deploymentName: `model-${shortHashOf(modelName, modelVersion)}`,
        location: surroundings.location,
        tags: surroundings.tags,
        sku: { name: 'Default', capacity: instanceCount },
        properties,
      },
      goesWith(endpoint),
    ),
  );
}
