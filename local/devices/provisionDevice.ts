import { MqttBase } from 'azure-iot-mqtt-base';
import { ProvisioningDeviceClient } from 'azure-iot-provisioning-device';
import { Mqtt } from 'azure-iot-provisioning-device-mqtt';
import { X509Security } from 'azure-iot-security-x509';
import type { DeviceCredentials } from './deviceAuthority';

/** Where a device asks which hub it belongs to. */
export interface ProvisioningEndpoint {
  /** `host` or `host:port` of the Device Provisioning Service. */
  readonly host: string;
  /** The service's id scope, `0ne...`. */
  readonly idScope: string;
}

/** The hub that the Device Provisioning Service assigned a device to. */
export interface Assignment {
  /** Host (and port, locally) of the IoT hub. */
  readonly hubHost: string;
  readonly deviceId: string;
}

/** The Device Provisioning Service answered, and its answer is no: trying again changes nothing until somebody acts. */
export class RegistrationRefused extends Error {
  constructor(
    registrationId: string,
    /** `failed`, `disabled`, or `401` and the like when the service did not know the caller. */
    readonly status: string,
    /** Azure's code, as 401002; undefined where it gives none. */
    readonly errorCode: number | undefined,
    reason: string,
  ) {
    super(`The Device Provisioning Service did not assign device ${registrationId} to a hub (${status}): ${reason}`);
    this.name = 'RegistrationRefused';
  }
}

/**
 * Registers a device with the Device Provisioning Service by its X.509 certificate, with the real
 * azure-iot-provisioning-device client over MQTT.
 * @param serverAuthority PEM of the authority behind the service's TLS certificate.
 * @throws RegistrationRefused when the service refuses; another Error when it could not be reached.
 */
export async function provisionDevice(
  endpoint: ProvisioningEndpoint,
  registrationId: string,
  credentials: DeviceCredentials,
  serverAuthority: string,
): Promise<Assignment> {
  // The provisioning client has no option for a certificate authority of one's own; the MQTT layer below it has.
  const mqtt = new MqttBase();
  mqtt.setOptions({ ca: serverAuthority });
  const client = ProvisioningDeviceClient.create(
    endpoint.host,
    endpoint.idScope,
    // The two packages bring a copy each of that layer (1.13.1 and 1.13.3), whose private members differ by declaration only.
    new Mqtt(mqtt as unknown as ConstructorParameters<typeof Mqtt>[0]),
    new X509Security(registrationId, { ...credentials }),
  );
  try {
    const state = await client.register();
    if (state === undefined) throw new Error('The Device Provisioning Service answered without a registration state.');
    return { hubHost: state.assignedHub, deviceId: state.deviceId };
  } catch (error) {
    throw refusalIn(error, registrationId) ?? error;
  }
}

interface ServiceAnswer {
  readonly status?: string;
  readonly errorCode?: number;
  readonly message?: string;
  readonly registrationState?: {
    readonly status?: string;
    readonly errorCode?: number;
    readonly errorMessage?: string;
  };
}

/** The client hands on what the service answered as `result` of its error. */
function refusalIn(error: unknown, registrationId: string): RegistrationRefused | undefined {
  const answer = (error as { result?: ServiceAnswer }).result;
  if (answer === undefined || (answer.errorCode === undefined && answer.status === undefined)) return undefined;
  const state = answer.registrationState;
  return new RegistrationRefused(
    registrationId,
    answer.status ?? String(Math.floor((answer.errorCode ?? 0) / 1000)),
    state?.errorCode ?? answer.errorCode,
    state?.errorMessage ?? answer.message ?? 'the service gave no reason',
  );
}
