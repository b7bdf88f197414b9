import { namesVersion } from '../../azure/healthcare';
import { storageAccountIdPattern } from '../../azure/lake';
import { known, type Problems } from '../../azure/validation';
import { EndpointFormat, PartnerAuthentication } from '../choices';
import type { CompleteScoring } from '../defaults';
import type {
  EndpointSettings,
  KeyVaultSecretReference,
  MachineLearningSettings,
  PartnerEndpointSettings,
} from './settings';
import { workspaceIdPattern } from './workspaceId';

/** What is wrong with the model beside NEWS2. */
export function modelProblems(problems: Problems, settings: CompleteScoring): void {
  const { compute, machineLearning, partner, onnxModel } = settings;
  const isMachineLearning = compute === 'azureml-managed' || compute === 'azureml-kubernetes';
  belongs(problems, 'partner', partner, compute === 'partner', 'compute partner');
  belongs(
    problems,
    'machineLearning',
    machineLearning,
    isMachineLearning,
    'compute azureml-managed or azureml-kubernetes',
  );
  if (onnxModel) onnxProblems(problems, settings, onnxModel);
  if (compute === 'partner' && partner) {
    endpointProblems(problems.below('partner'), partner);
    partnerProblems(problems.below('partner'), partner);
  }
  if (isMachineLearning && machineLearning) {
    endpointProblems(problems.below('machineLearning'), machineLearning);
    workspaceProblems(problems, settings, machineLearning);
    clusterProblems(problems.below('machineLearning'), machineLearning, compute === 'azureml-kubernetes');
  }
}

function belongs(problems: Problems, path: string, given: object | undefined, isNeeded: boolean, what: string): void {
  if (isNeeded && !given) problems.add(path, `must be given with ${what}.`);
  if (!isNeeded && given) problems.add(path, `is for ${what}; leave it out, or set compute so.`);
}

function onnxProblems(
  problems: Problems,
  { compute }: CompleteScoring,
  model: NonNullable<CompleteScoring['onnxModel']>,
): void {
  if (compute !== 'functions' && compute !== 'databricks') {
    problems.add('onnxModel', `is for compute functions or databricks; ${compute} brings a model of its own.`);
  }
  problems.text('onnxModel.name', model.name ?? '', /^.{1,200}$/, 'must name the model');
  problems.text('onnxModel.version', model.version ?? '', /^.{1,200}$/, 'must name the version of the model');
  problems.text('onnxModel.file', model.file ?? '', /\.onnx$/, 'must be the path of an ONNX file (.onnx)');
}

function endpointProblems(problems: Problems, settings: EndpointSettings): void {
  const { modelName = '', modelVersion = '', format, answerSeconds, timeoutSeconds = 30, batchSize } = settings;
  problems.text('modelName', modelName, /^.{1,200}$/, 'must name the model');
  problems.text('modelVersion', modelVersion, /^.{1,200}$/, 'must name the version of the model');
  problems.oneOf('format', format, Object.values(EndpointFormat), 'the format');
  problems.wholeNumber('timeoutSeconds', timeoutSeconds, 1, 600, 'the seconds that a question may take');
  const most = Math.min(60, Number.isInteger(timeoutSeconds) ? timeoutSeconds : 60);
  problems.wholeNumber('answerSeconds', answerSeconds, 0, most, 'the seconds that a closing window waits');
  problems.wholeNumber('batchSize', batchSize, 1, 10_000, 'the windows in one question');
}

function partnerProblems(problems: Problems, partner: PartnerEndpointSettings): void {
  const { url = '', authentication = 'entra', audience, apiKey, apiKeyHeader, certificate } = partner;
  problems.text('url', url, /^https:\/\/[^\s/?#]+[^\s#]*$/, 'must be an HTTPS address');
  problems.oneOf('authentication', authentication, Object.values(PartnerAuthentication), 'the authentication');
  const needed = { audience: 'entra', apiKey: 'apiKey', certificate: 'mutualTls' } as const;
  const given = { audience, apiKey, certificate };
  for (const [key, kind] of Object.entries(needed) as [keyof typeof needed, string][]) {
    if (kind === authentication && given[key] === undefined)
      problems.add(key, `must be given with authentication ${kind}.`);
    if (kind !== authentication && given[key] !== undefined)
      problems.add(key, `is for authentication ${kind}; leave it out, or set authentication so.`);
  }
  problems.text('apiKeyHeader', apiKeyHeader, /^[\w-]+$/, 'must be the name of a header');
  secretProblems(problems, 'apiKey', apiKey);
  secretProblems(problems, 'certificate', certificate);
}

function secretProblems(problems: Problems, path: string, secret: KeyVaultSecretReference | undefined): void {
  if (!secret) return;
  const uri = 'must look like https://<vault>.vault.azure.net/secrets/<name>';
  problems.text(`${path}.secretUri`, secret.secretUri ?? '', /^https:\/\/[^/]+\/secrets\/[^/]+(\/[0-9a-f]*)?$/, uri);
  const id = 'must be the ARM id of that secret: .../vaults/<vault>/secrets/<name>';
  const pattern = /^\/subscriptions\/.+\/providers\/Microsoft\.KeyVault\/vaults\/[^/]+\/secrets\/[^/]+$/i;
  problems.text(`${path}.secretId`, secret.secretId ?? '', pattern, id);
}

const asset = (kind: string) => new RegExp(`^(azureml:)?/?.+/${kind}/[^/]+/(versions|labels)/[^/]+$`, 'i');
const vault = /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/Microsoft\.KeyVault\/vaults\/[^/]+$/i;

function workspaceProblems(
  problems: Problems,
  { customerManagedKey }: CompleteScoring,
  settings: MachineLearningSettings,
): void {
  const below = problems.below('machineLearning');
  below.text('modelId', settings.modelId ?? '', asset('models'), 'must be the ARM id of a version of a model');
  const environment = 'must be the ARM id of a version of an environment';
  below.text('environmentId', settings.environmentId ?? '', asset('environments'), environment);
  const { existingWorkspaceId, existingStorageAccountId, existingKeyVaultId } = settings;
  const workspace = 'must be the ARM id of a machine learning workspace';
  below.text('existingWorkspaceId', existingWorkspaceId, workspaceIdPattern, workspace);
  const parts = { existingStorageAccountId, existingKeyVaultId };
  for (const [path, given] of Object.entries(parts)) {
    if (existingWorkspaceId === undefined && given === undefined)
      below.add(path, 'must be given for a new workspace; or give existingWorkspaceId.');
    if (existingWorkspaceId !== undefined && given !== undefined)
      below.add(path, 'is for a new workspace; leave it out with existingWorkspaceId.');
  }
  const account = 'must be the ARM id of a storage account';
  below.text('existingStorageAccountId', existingStorageAccountId, storageAccountIdPattern, account);
  below.text('existingKeyVaultId', existingKeyVaultId, vault, 'must be the ARM id of a Key Vault');
  below.wholeNumber('instanceCount', settings.instanceCount, 1, 50, 'the instances of the model');
  const uri = known(customerManagedKey?.keyUri);
  if (existingWorkspaceId === undefined && uri !== undefined && !namesVersion(uri)) {
    problems.add(
      'customerManagedKey.keyUri',
      `Azure Machine Learning needs the version of the key; given is "${uri}".`,
    );
  }
}

const cluster =
  /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/(Microsoft\.ContainerService\/managedClusters|Microsoft\.Kubernetes\/connectedClusters)\/[^/]+$/i;

function clusterProblems(problems: Problems, settings: MachineLearningSettings, onCluster: boolean): void {
  const { existingClusterId, endpointKey, clusterNamespace } = settings;
  for (const [path, given] of Object.entries({ existingClusterId, endpointKey })) {
    if (onCluster && given === undefined) problems.add(path, 'must be given with compute azureml-kubernetes.');
    if (!onCluster && given !== undefined) problems.add(path, 'is for compute azureml-kubernetes; leave it out.');
  }
  problems.text('existingClusterId', existingClusterId, cluster, 'must be the ARM id of an AKS or Arc-enabled cluster');
  const namespace = 'must be up to 63 lower-case letters, digits and hyphens';
  problems.text('clusterNamespace', clusterNamespace, /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, namespace);
  secretProblems(problems, 'endpointKey', endpointKey);
}
