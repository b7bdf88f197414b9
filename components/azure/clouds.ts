/** The Azure clouds, by the names that the Azure CLI uses. */
export const AzureCloud = {
  /** The public cloud. */
  AzureCloud: 'AzureCloud',
  /** Azure Government of the United States. */
  AzureUSGovernment: 'AzureUSGovernment',
  /** Azure operated by 21Vianet in China. */
  AzureChinaCloud: 'AzureChinaCloud',
} as const;
/** In which Azure cloud the subscription lies. */
export type AzureCloud = (typeof AzureCloud)[keyof typeof AzureCloud];

/** What differs between the clouds and cannot be read from a resource. */
export interface CloudFacts {
  /** Microsoft Entra's sign-in address. */
  readonly authorityHost: string;
  /** Azure Resource Manager, where no environment variable names another (`ARM_METADATA_HOSTNAME`). */
  readonly resourceManager: string;
  /** Token scopes of what resources of ours call beside azure-native. */
  readonly tokenScopes: Readonly<Record<'iotHub' | 'provisioning' | 'resourceManager' | 'storage', string>>;
  /** Private DNS zones, by the name that `privateEndpoints` uses ("Azure private endpoint DNS zone values"). */
  readonly privateDnsZones: Readonly<Partial<Record<PrivateDnsZoneName, string>>>;
  /** What tokens for online endpoints of Azure Machine Learning must be for. */
  readonly machineLearningAudience: string;
  /** What tokens for Azure SQL must be for, as `https://database.windows.net/`. */
  readonly sqlAudience: string;
  /** Microsoft Fabric's APIs and what tokens for them are for; undefined where it is not offered. */
  readonly fabric?: Readonly<Record<'apiUrl' | 'scope' | 'powerBiApiUrl' | 'powerBiScope', string>>;
  /** What hosts of FHIR services end with; undefined where Azure Health Data Services is not offered. */
  readonly fhirSuffix?: string;
}

export type PrivateDnsZoneName =
  | 'azureDevices'
  | 'azureDevicesProvisioning'
  | 'serviceBus'
  | 'blob'
  | 'dfs'
  | 'sites'
  | 'healthWorkspace'
  | 'fhir'
  | 'databricks'
  | 'machineLearning'
  | 'notebooks'
  | 'sql';

/** Scopes and zones of the sovereign clouds follow the documented suffixes; they have not been run there. */
export const clouds: Readonly<Record<AzureCloud, CloudFacts>> = {
  AzureCloud: {
    authorityHost: 'https://login.microsoftonline.com',
    resourceManager: 'https://management.azure.com',
    tokenScopes: {
      iotHub: 'https://iothubs.azure.net/.default',
      provisioning: 'https://azure-devices-provisioning.net/.default',
      resourceManager: 'https://management.azure.com/.default',
      storage: 'https://storage.azure.com/.default',
    },
    privateDnsZones: {
      azureDevices: 'privatelink.azure-devices.net',
      azureDevicesProvisioning: 'privatelink.azure-devices-provisioning.net',
      serviceBus: 'privatelink.servicebus.windows.net',
      blob: 'privatelink.blob.core.windows.net',
      dfs: 'privatelink.dfs.core.windows.net',
      sites: 'privatelink.azurewebsites.net',
      healthWorkspace: 'privatelink.workspace.azurehealthcareapis.com',
      fhir: 'privatelink.fhir.azurehealthcareapis.com',
      databricks: 'privatelink.azuredatabricks.net',
      machineLearning: 'privatelink.api.azureml.ms',
      notebooks: 'privatelink.notebooks.azure.net',
      sql: 'privatelink.database.windows.net',
    },
    machineLearningAudience: 'https://ml.azure.com',
    sqlAudience: 'https://database.windows.net/',
    fabric: {
      apiUrl: 'https://api.fabric.microsoft.com/v1',
      scope: 'https://api.fabric.microsoft.com/.default',
      powerBiApiUrl: 'https://api.powerbi.com/v1.0/myorg',
      powerBiScope: 'https://analysis.windows.net/powerbi/api/.default',
    },
    fhirSuffix: 'fhir.azurehealthcareapis.com',
  },
  AzureUSGovernment: {
    authorityHost: 'https://login.microsoftonline.us',
    resourceManager: 'https://management.usgovcloudapi.net',
    tokenScopes: {
      iotHub: 'https://iothubs.azure.us/.default',
      provisioning: 'https://azure-devices-provisioning.us/.default',
      resourceManager: 'https://management.usgovcloudapi.net/.default',
      storage: 'https://storage.azure.com/.default',
    },
    privateDnsZones: {
      azureDevices: 'privatelink.azure-devices.us',
      azureDevicesProvisioning: 'privatelink.azure-devices-provisioning.us',
      serviceBus: 'privatelink.servicebus.usgovcloudapi.net',
      blob: 'privatelink.blob.core.usgovcloudapi.net',
      dfs: 'privatelink.dfs.core.usgovcloudapi.net',
      sites: 'privatelink.azurewebsites.us',
      healthWorkspace: 'privatelink.workspace.azurehealthcareapis.us',
      fhir: 'privatelink.fhir.azurehealthcareapis.us',
      databricks: 'privatelink.databricks.azure.us',
      machineLearning: 'privatelink.api.ml.azure.us',
      notebooks: 'privatelink.notebooks.usgovcloudapi.net',
      sql: 'privatelink.database.usgovcloudapi.net',
    },
    sqlAudience: 'https://database.usgovcloudapi.net/',
    machineLearningAudience: 'https://ml.azure.us',
    fhirSuffix: 'fhir.azurehealthcareapis.us',
  },
  AzureChinaCloud: {
    authorityHost: 'https://login.chinacloudapi.cn',
    resourceManager: 'https://management.chinacloudapi.cn',
    tokenScopes: {
      iotHub: 'https://iothubs.azure.cn/.default',
      provisioning: 'https://azure-devices-provisioning.cn/.default',
      resourceManager: 'https://management.chinacloudapi.cn/.default',
      storage: 'https://storage.azure.com/.default',
    },
    privateDnsZones: {
      azureDevices: 'privatelink.azure-devices.cn',
      azureDevicesProvisioning: 'privatelink.azure-devices-provisioning.cn',
      serviceBus: 'privatelink.servicebus.chinacloudapi.cn',
      blob: 'privatelink.blob.core.chinacloudapi.cn',
      dfs: 'privatelink.dfs.core.chinacloudapi.cn',
      sites: 'privatelink.chinacloudsites.cn',
      databricks: 'privatelink.databricks.azure.cn',
      machineLearning: 'privatelink.api.ml.azure.cn',
      notebooks: 'privatelink.notebooks.chinacloudapi.cn',
      sql: 'privatelink.database.chinacloudapi.cn',
    },
    sqlAudience: 'https://database.chinacloudapi.cn/',
    machineLearningAudience: 'https://ml.azure.cn',
  },
};
