import { randomUUID } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { type Authority, AzureError, type Clock } from '../contracts';
import type { DeviceAuthentication } from '../iotHub/device';
import type { IotHubs } from '../iotHub/iotHubs';
import { findAuthority, presentedCertificate } from '../mqtt/clientCertificates';
import { allocate, type LinkedHub } from './allocation';
import type { AllocationPolicy, EnrollmentGroup } from './enrollmentGroup';
import type { ProvisioningStore, RegistrationRecord } from './provisioningStore';
import { derivedKey, isRegistrationToken } from './symmetricKeyToken';

/** How the provisioning service reaches the identity registries of the hubs that are linked to it. */
export type LinkedRegistries = Pick<IotHubs, 'hubAt' | 'registry'>;

/** What the registrar must know of the service's resource; read for each registration, since it may change. */
export interface ProvisioningSettings {
  readonly idScope: string;
  readonly allocationPolicy: AllocationPolicy;
  readonly linkedHubs: readonly LinkedHub[];
  /** PEM of the verified certificate of that name; undefined when there is none, or it is not verified. */
  readonly authority: (certificateName: string) => string | undefined;
}

/** Who asks to be registered. */
export interface Registrant {
  readonly registrationId: string;
  readonly socket: TLSSocket;
  /** SAS token that it gave as MQTT password. */
  readonly token?: string;
}

/** Azure's answer to a device: the state of its registration. */
export interface RegistrationState {
  readonly registrationId: string;
  readonly status: 'assigned' | 'failed' | 'disabled';
  readonly createdDateTimeUtc: string;
  readonly lastUpdatedDateTimeUtc: string;
  readonly assignedHub?: string;
  readonly deviceId?: string;
  readonly substatus?: 'initialAssignment' | 'deviceDataMigrated';
  readonly errorCode?: number;
  readonly errorMessage?: string;
  readonly etag?: string;
}

/** A device that no enrollment group knows; answered with 401 before anything is assigned. */
export class AttestationRefused extends Error {
  override readonly name = 'AttestationRefused';
  /** Azure's code for a certificate or token that no enrollment vouches for. */
  readonly errorCode = 401002;
}

/** Decides which group a device belongs to and which hub it gets, and has that hub register it. */
export class Registrar {
  constructor(
    private readonly settings: () => ProvisioningSettings,
    private readonly store: ProvisioningStore,
    private readonly registries: LinkedRegistries,
    private readonly authority: Authority,
    private readonly clock: Clock,
  ) {}

  /**
   * The group that vouches for the device.
   * @throws AttestationRefused
   */
  attest(registrant: Registrant): EnrollmentGroup {
    return registrant.token === undefined ? this.attestByCertificate(registrant) : this.attestByToken(registrant);
  }

  /** Assigns an attested device to a hub. A device that is assigned already keeps its hub while that one is linked. */
  async register(group: EnrollmentGroup, registrationId: string): Promise<RegistrationState> {
    const now = new Date(this.clock.now()).toISOString();
    const previous = this.store.registrations.get(registrationId);
    const times = { createdDateTimeUtc: previous?.createdDateTimeUtc ?? now, lastUpdatedDateTimeUtc: now };
    if (group.provisioningStatus === 'disabled') {
      const errorMessage = `The enrollment group "${group.enrollmentGroupId}" is disabled.`;
      return { registrationId, status: 'disabled', ...times, errorMessage };
    }
    try {
      const hub = this.hubFor(group, registrationId, previous);
      await this.createDevice(hub, group, registrationId);
      const record = { registrationId, deviceId: registrationId, assignedHub: hub.hostName, ...times };
      const etag = `"${randomUUID()}"`;
      this.store.registrations.put(registrationId, { ...record, enrollmentGroupId: group.enrollmentGroupId, etag });
      const substatus = previous?.assignedHub === undefined ? 'initialAssignment' : 'deviceDataMigrated';
      return { ...record, status: 'assigned', substatus, etag };
    } catch (error) {
      const { status = 500, message } = error as { status?: number; message: string };
      return { registrationId, status: 'failed', ...times, errorCode: status * 1000, errorMessage: message };
    }
  }

  private attestByCertificate({ registrationId, socket }: Registrant): EnrollmentGroup {
    try {
      const client = presentedCertificate(socket);
      if (client.commonName.toLowerCase() !== registrationId.toLowerCase()) {
        throw new AttestationRefused(
          `The certificate is that of "${client.commonName}", not of registration id "${registrationId}".`,
        );
      }
      for (const group of this.store.groups.all()) {
        const authorities = this.authoritiesOf(group);
        if (authorities.length > 0 && isSignedBy(client.certificate, authorities)) return group;
      }
    } catch (error) {
      throw error instanceof AttestationRefused ? error : new AttestationRefused((error as Error).message);
    }
    throw new AttestationRefused('CA certificate not found.');
  }

  private attestByToken({ registrationId, token = '' }: Registrant): EnrollmentGroup {
    const { idScope } = this.settings();
    for (const group of this.store.groups.all()) {
      if (group.attestation.type !== 'symmetricKey') continue;
      const { primaryKey, secondaryKey } = group.attestation.symmetricKey;
      for (const key of [primaryKey, secondaryKey]) {
        if (isRegistrationToken(token, idScope, registrationId, derivedKey(key, registrationId))) return group;
      }
    }
    throw new AttestationRefused('Unauthorized: the token is signed with the key of no enrollment group, or expired.');
  }

  /** PEM of each authority that vouches for the group's devices. */
  private authoritiesOf({ attestation }: EnrollmentGroup): string[] {
    if (attestation.type !== 'x509') return [];
    const { caReferences, signingCertificates } = attestation.x509;
    const referenced = [caReferences?.primary, caReferences?.secondary].map(
      (name) => name && this.settings().authority(name),
    );
    const given = [signingCertificates?.primary?.certificate, signingCertificates?.secondary?.certificate];
    return [...referenced, ...given].filter((pem): pem is string => typeof pem === 'string' && pem !== '');
  }

  private hubFor(group: EnrollmentGroup, registrationId: string, previous?: RegistrationRecord): LinkedHub {
    const { linkedHubs, allocationPolicy } = this.settings();
    const policy = group.allocationPolicy ?? allocationPolicy;
    const named = group.iotHubs?.flatMap((name) => linkedHubs.find((hub) => sameHost(hub.hostName, name)) ?? []);
    const eligible = named ?? linkedHubs.filter((hub) => hub.applyAllocationPolicy);
    const kept = eligible.find((hub) => sameHost(hub.hostName, previous?.assignedHub));
    const hub = kept ?? allocate(policy, eligible, registrationId);
    if (hub !== undefined) return hub;
    const which =
      group.iotHubs === undefined ? 'is linked and takes part in allocation' : 'that the group names is linked';
    throw new AzureError(400, 'BadRequest', `No IoT hub ${which}: link one in the provisioning service's iotHubs.`);
  }

  private async createDevice(hub: LinkedHub, group: EnrollmentGroup, registrationId: string): Promise<void> {
    const hubId = this.registries.hubAt(hub.hostName);
    if (hubId === undefined) throw new AzureError(400, 'BadRequest', `There is no IoT hub at ${hub.hostName}.`);
    const caller = this.authority.identity(hub.identityId);
    const { tags, properties } = group.initialTwin ?? {};
    await this.registries.registry(hubId).createOrGet(caller, registrationId, {
      authentication: authenticationOf(group, registrationId),
      iotEdge: group.capabilities.iotEdge,
      ...(group.initialTwin === undefined ? {} : { initialTwin: { tags, desired: properties?.desired } }),
    });
  }
}

function authenticationOf({ attestation }: EnrollmentGroup, registrationId: string): DeviceAuthentication {
  if (attestation.type === 'x509') return { type: 'certificateAuthority' };
  const { primaryKey, secondaryKey } = attestation.symmetricKey;
  const symmetricKey = {
    primaryKey: derivedKey(primaryKey, registrationId),
    secondaryKey: derivedKey(secondaryKey, registrationId),
  };
  return { type: 'sas', symmetricKey };
}

function isSignedBy(certificate: Parameters<typeof findAuthority>[0], authorities: readonly string[]): boolean {
  try {
    findAuthority(certificate, authorities);
    return true;
  } catch {
    return false;
  }
}

function sameHost(one: string, other: string | undefined): boolean {
  return one.toLowerCase() === other?.toLowerCase();
}
