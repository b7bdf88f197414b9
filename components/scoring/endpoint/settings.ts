import type * as pulumi from '@pulumi/pulumi';
import type { EndpointFormat, PartnerAuthentication } from '../choices';

/** How an endpoint is asked. */
export interface EndpointSettings {
  /** Name of the model, as results carry it. */
  modelName: string;
  /** Version of the model, as results carry it: another model is another version. */
  modelVersion: string;
  /**
   * How windows are written and answers read; default `features` for a partner, `dataframe` for Azure Machine Learning.
   * @default features for a partner, dataframe for Azure Machine Learning
   */
  format?: EndpointFormat;
  /**
   * Seconds that a window which closes waits for the model before its score goes out without, 0 to 60; default 1.
   * @default 1
   */
  answerSeconds?: number;
  /**
   * Seconds that a question may take when nobody waits for it, 1 to 600; default 30.
   * @default 30
   */
  timeoutSeconds?: number;
  /**
   * Most windows in one question, 1 to 10000; default 100.
   * @default 100
   */
  batchSize?: number;
}

/** A secret in a Key Vault, put there by its owner. Only a reference to it is in the program, the state and the app's settings. */
export interface KeyVaultSecretReference {
  /** URI of the secret, best without a version, as in `https://kv-x.vault.azure.net/secrets/model-key`. */
  secretUri: pulumi.Input<string>;
  /** ARM id of that secret, on which the app `score` gets the role Key Vault Secrets User: `.../vaults/<vault>/secrets/<name>`. */
  secretId: pulumi.Input<string>;
}

/** An endpoint of somebody else; for `compute: partner`. */
export interface PartnerEndpointSettings extends EndpointSettings {
  /** URL that is sent POST requests, over HTTPS. */
  url: pulumi.Input<string>;
  /**
   * How the app `score` proves who it is; default `entra`.
   * @default entra
   */
  authentication?: PartnerAuthentication;
  /**
   * What tokens must be for, with `entra`, as in `api://partner-scoring`; default none.
   * @default none
   */
  audience?: string;
  /**
   * The key, with `apiKey`; default none.
   * @default none
   */
  apiKey?: KeyVaultSecretReference;
  /**
   * Header that carries the key; default `Authorization`, in which it comes after `Bearer `.
   * @default Authorization
   */
  apiKeyHeader?: string;
  /**
   * Certificate and private key (PEM, or PFX without a password), with `mutualTls`; default none.
   * @default none
   */
  certificate?: KeyVaultSecretReference;
}

/** A model on an online endpoint of Azure Machine Learning; for `compute: azureml-managed` and `azureml-kubernetes`. */
export interface MachineLearningSettings extends EndpointSettings {
  /** ARM id of the registered model's version, in the workspace or in a registry. */
  modelId: pulumi.Input<string>;
  /** ARM id of the environment's version in which the model runs. */
  environmentId: pulumi.Input<string>;
  /**
   * ARM id of a machine learning workspace that exists; default a new one.
   * @default a new one
   */
  existingWorkspaceId?: pulumi.Input<string>;
  /**
   * ARM id of the storage account of a new workspace, without a hierarchical namespace; needed with a new one; default none.
   * @default none
   */
  existingStorageAccountId?: pulumi.Input<string>;
  /**
   * ARM id of the Key Vault of a new workspace; needed with a new one; default none.
   * @default none
   */
  existingKeyVaultId?: pulumi.Input<string>;
  /**
   * ARM id of the container registry of a new workspace; default one that the workspace makes when it builds an image.
   * @default one that the workspace makes
   */
  existingContainerRegistryId?: pulumi.Input<string>;
  /**
   * Kind of machine, or of instance on a cluster; default `Standard_DS3_v2`, and the cluster's default.
   * @default Standard_DS3_v2
   */
  instanceType?: string;
  /**
   * Instances, 1 to 50; default 2: one may fail, or be updated.
   * @default 2
   */
  instanceCount?: number;
  /**
   * ARM id of the AKS or Arc-enabled cluster, with its extension for machine learning; needed with `azureml-kubernetes`;
   * default none.
   * @default none
   */
  existingClusterId?: pulumi.Input<string>;
  /**
   * Namespace of the cluster in which the model runs; default `default`.
   * @default default
   */
  clusterNamespace?: string;
  /**
   * The endpoint's key in a Key Vault; needed with `azureml-kubernetes`, whose endpoints take no Entra tokens. It is put there
   * when the endpoint is; default none.
   * @default none
   */
  endpointKey?: KeyVaultSecretReference;
}
