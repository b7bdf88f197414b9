import type { SerializedArchive } from './archive';

/** The code of a function app: what is in the package, and where it goes. */
export interface FunctionPackageProps {
  /** ARM id of the function app. */
  readonly siteId: string;
  /** Blob endpoint of the app's own storage account, as the account tells it, with a slash at its end. */
  readonly blobEndpoint: string;
  /** Container of the packages. */
  readonly container: string;
  readonly package: SerializedArchive;
  readonly tenantId: string;
  /** Microsoft Entra's sign-in address in the cloud. */
  readonly authorityHost: string;
  /** Token scope of blob storage. */
  readonly storageScope: string;
  /** Azure Resource Manager of the cloud, where `ARM_METADATA_HOSTNAME` names no other. */
  readonly resourceManager: string;
  readonly resourceManagerScope: string;
  /** For how many seconds a refused or failing call is repeated: a new role takes minutes to work. */
  readonly limitSeconds: number;
}
