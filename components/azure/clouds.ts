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
  /** Token scopes of data planes that resources of ours call. */
  readonly tokenScopes: { readonly iotHub: string; readonly provisioning: string };
  /** Private DNS zones, by the name that `privateEndpoints` uses ("Azure private endpoint DNS zone values"). */
  readonly privateDnsZones: Readonly<Record<PrivateDnsZoneName, string>>;
}

export type PrivateDnsZoneName = 'azureDevices' | 'azureDevicesProvisioning' | 'serviceBus' | 'blob';

/** Scopes and zones of the sovereign clouds follow the documented suffixes; they have not been run there. */
export const clouds: Readonly<Record<AzureCloud, CloudFacts>> = {
  AzureCloud: {
    authorityHost: 'https://login.microsoftonline.com',
    tokenScopes: {
      iotHub: 'https://iothubs.azure.net/.default',
      provisioning: 'https://azure-devices-provisioning.net/.default',
    },
    privateDnsZones: {
      azureDevices: 'privatelink.azure-devices.net',
      azureDevicesProvisioning: 'privatelink.azure-devices-provisioning.net',
      serviceBus: 'privatelink.servicebus.windows.net',
      blob: 'privatelink.blob.core.windows.net',
    },
  },
  AzureUSGovernment: {
    authorityHost: 'https://login.microsoftonline.us',
    tokenScopes: {
      iotHub: 'https://iothubs.azure.us/.default',
      provisioning: 'https://azure-devices-provisioning.us/.default',
    },
    privateDnsZones: {
      azureDevices: 'privatelink.azure-devices.us',
      azureDevicesProvisioning: 'privatelink.azure-devices-provisioning.us',
      serviceBus: 'privatelink.servicebus.usgovcloudapi.net',
      blob: 'privatelink.blob.core.usgovcloudapi.net',
    },
  },
  AzureChinaCloud: {
    authorityHost: 'https://login.chinacloudapi.cn',
    tokenScopes: {
      iotHub: 'https://iothubs.azure.cn/.default',
      provisioning: 'https://azure-devices-provisioning.cn/.default',
    },
    privateDnsZones: {
      azureDevices: 'privatelink.azure-devices.cn',
      azureDevicesProvisioning: 'privatelink.azure-devices-provisioning.cn',
      serviceBus: 'privatelink.servicebus.chinacloudapi.cn',
      blob: 'privatelink.blob.core.chinacloudapi.cn',
    },
  },
};
