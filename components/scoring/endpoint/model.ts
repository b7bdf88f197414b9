import * as pulumi from '@pulumi/pulumi';
import type { EndpointAuth, EndpointSettings as RuntimeSettings } from '../../../runtime/model/modelSettings';
import type { AppIdentity } from '../../azure/identity';
import type { ScoreModel } from '../onnx';
import type { ScoringSite } from '../site';
import type { EndpointSettings, KeyVaultSecretReference } from './settings';

/** App setting in which the host puts what Key Vault holds. */
export const secretSetting = 'MODEL_SECRET';

/** An endpoint as the app `score` asks it. */
export interface AskedEndpoint {
  readonly url: pulumi.Input<string>;
  readonly auth: pulumi.Input<EndpointAuth>;
  readonly format: RuntimeSettings['format'];
  /** Of Azure Machine Learning: the deployment that is asked, whatever shares of traffic others have. */
  readonly deployment?: pulumi.Input<string>;
  readonly secret?: KeyVaultSecretReference;
}

/** The setting that names the model, and the reference to its secret beside it. */
export function endpointModel(settings: EndpointSettings, asked: AskedEndpoint): ScoreModel {
  const { url, auth, deployment, secret } = asked;
  const setting = pulumi.all([url, auth, deployment]).apply(([knownUrl, knownAuth, knownDeployment]) => {
    const model: RuntimeSettings = {
      kind: 'endpoint',
      name: settings.modelName,
      version: settings.modelVersion,
      url: knownUrl,
      auth: knownAuth,
      timeoutSeconds: settings.timeoutSeconds ?? 30,
      answerSeconds: settings.answerSeconds ?? 1,
      batchSize: settings.batchSize ?? 100,
      format: settings.format ?? asked.format,
      ...(knownDeployment !== undefined && { deployment: knownDeployment }),
    };
    return JSON.stringify(model);
  });
  return {
    setting,
    appSettings: secret
      ? { [secretSetting]: pulumi.interpolate`@Microsoft.KeyVault(SecretUri=${secret.secretUri})` }
      : {},
    files: {},
  };
}

/** The host reads the secret as the app's identity. */
export function secretRole(
  { grants }: ScoringSite,
  identity: AppIdentity,
  secret: KeyVaultSecretReference | undefined,
) {
  if (!secret) return [];
  return grants.add({
    name: 'score-model-secret',
    principalId: identity.principalId,
    principalType: 'ServicePrincipal',
    role: 'keyVaultSecretsUser',
    scope: secret.secretId,
    reason: 'Step 10: score reads the secret with which it asks the model.',
  });
}
