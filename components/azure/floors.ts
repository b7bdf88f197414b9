import type { SecurityFloor } from './merge';

/** A property of a child that overrides cannot lower below what is allowed, unless the risk is accepted by name. */
export function floor<Child extends string>(
  child: Child,
  path: string,
  risk: string,
  ...allowed: (string | boolean)[]
): SecurityFloor {
  return { child, path: path.split('.'), risk, allowed };
}

/** Of a storage account. */
export function accountFloors(child: string): SecurityFloor[] {
  return [
    floor(child, 'allowSharedKeyAccess', 'sharedKeyAccess', false),
    floor(child, 'isLocalUserEnabled', 'sharedKeyAccess', false),
    floor(child, 'allowBlobPublicAccess', 'publicBlobAccess', false),
    floor(child, 'enableHttpsTrafficOnly', 'outdatedTls', true),
    floor(child, 'minimumTlsVersion', 'outdatedTls', 'TLS1_2', 'TLS1_3'),
  ];
}

/** Of a function app. */
export function functionAppFloors(child: string): SecurityFloor[] {
  return [
    floor(child, 'httpsOnly', 'outdatedTls', true),
    floor(child, 'siteConfig.minTlsVersion', 'outdatedTls', '1.2', '1.3'),
    floor(child, 'siteConfig.scmMinTlsVersion', 'outdatedTls', '1.2', '1.3'),
    floor(child, 'siteConfig.ftpsState', 'localAuthentication', 'Disabled'),
  ];
}

/** Of a blob container. */
export const containerFloor = (child: string): SecurityFloor =>
  floor(child, 'publicAccess', 'publicBlobAccess', 'None');
