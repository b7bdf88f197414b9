/** Tiers of IoT Hub with routing, twins and provisioning ("IoT Hub quotas": Basic and Free are left out). */
export const IotHubSku = {
  /** 400,000 messages a day and unit, up to 200 units. */
  S1: 'S1',
  /** 6,000,000 messages a day and unit, up to 200 units. */
  S2: 'S2',
  /** 300,000,000 messages a day and unit, up to 10 units. */
  S3: 'S3',
} as const;
/** Tier of an IoT hub. */
export type IotHubSku = (typeof IotHubSku)[keyof typeof IotHubSku];

/** How devices prove who they are. */
export const DeviceAuthentication = {
  /** By certificates of the given authorities, or by thumbprint. */
  x509: 'x509',
  /** By shared access signatures, for devices that cannot hold a certificate. */
  sas: 'sas',
} as const;
/** How devices prove who they are. */
export type DeviceAuthentication = (typeof DeviceAuthentication)[keyof typeof DeviceAuthentication];

/** How the provisioning service spreads devices over its hubs. */
export const AllocationPolicy = {
  /** Evenly. */
  Hashed: 'Hashed',
  /** To the hub with the lowest latency. */
  GeoLatency: 'GeoLatency',
  /** To the hub that the enrolment names. */
  Static: 'Static',
} as const;
/** How the provisioning service spreads devices over its hubs. */
export type AllocationPolicy = (typeof AllocationPolicy)[keyof typeof AllocationPolicy];

/** What a route takes its messages from. */
export const MessageSource = {
  /** Telemetry. */
  DeviceMessages: 'DeviceMessages',
  /** Devices created and deleted. */
  DeviceLifecycleEvents: 'DeviceLifecycleEvents',
  /** Devices connected and disconnected. */
  DeviceConnectionStateEvents: 'DeviceConnectionStateEvents',
  /** Changes of device twins. */
  TwinChangeEvents: 'TwinChangeEvents',
  /** Jobs over many devices. */
  DeviceJobLifecycleEvents: 'DeviceJobLifecycleEvents',
} as const;
/** What a route takes its messages from. */
export type MessageSource = (typeof MessageSource)[keyof typeof MessageSource];

/** Roles that people who operate the path may be given. */
export const OperatorRole = {
  /** Azure Event Hubs Data Receiver on `devicedata`: reads what devices send. */
  readDeviceData: 'readDeviceData',
  /** Storage Blob Data Reader on the raw account's containers: reads the raw copies. */
  readRawData: 'readRawData',
  /** IoT Hub Data Contributor on the hub: administers devices. */
  administerDevices: 'administerDevices',
} as const;
/** Role that people who operate the path may be given. */
export type OperatorRole = (typeof OperatorRole)[keyof typeof OperatorRole];
