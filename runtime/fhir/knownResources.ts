import { MedTechError } from '../medtech/errors';
import type { IdentityStore } from '../medtech/fhir/identity';
import type { Device, Identifier, Resource } from '../medtech/fhir/resources';
import type { Ticks } from '../medtech/instant';
import { type DeviceUse, wearerAt } from './deviceUse';

/** Types whose resources are found by an identifier. */
export type IdentifiedType = 'Device' | 'Patient' | 'Encounter';

/** What a FHIR service has under the identifier value of a device, patient or encounter. */
export interface Known {
  /** Those with the identifier. */
  readonly matches: readonly Resource[];
  /** Of the Device, when there is one: what statements say about who wore it. */
  readonly uses: readonly DeviceUse[];
}

/** Resources that were read for a batch of measurements, by type and identifier value. */
export class KnownResources {
  /** What identity resolution wants written, by type and id. */
  readonly writes = new Map<string, Resource>();
  private readonly known = new Map<string, Known | undefined>();

  /** @param known undefined: the service refuses to search for the value */
  add(type: IdentifiedType, value: string, known: Known | undefined): void {
    this.known.set(`${type} ${value}`, known);
  }

  /** Whether DeviceUseStatements say who wore the device of that identifier value. */
  hasUses(deviceId: string): boolean {
    return (this.known.get(`Device ${deviceId}`)?.uses.length ?? 0) > 0;
  }

  /** As identity resolution sees them at a time: the patient of a Device is who wore it then. */
  at(time: Ticks): IdentityStore {
    return {
      findByIdentifier: async (type, identifier) => {
        const key = `${type} ${identifier.value}`;
        if (this.known.has(key) && this.known.get(key) === undefined) throw refusal();
        const { matches = [], uses = [] } = this.known.get(key) ?? {};
        const found = matches.filter((resource) => hasIdentifier(resource, identifier));
        const [device] = found;
        // Several devices are an error whoever wears them.
        if (type !== 'Device' || device === undefined || found.length > 1) return found;
        return uses.length === 0 ? found : [wornBy(device, wearerAt(device as Device, uses, time))];
      },
      put: async (resource) => {
        this.writes.set(`${resource.resourceType}/${resource.id}`, resource);
        for (const { value } of resource.identifier ?? []) {
          this.replace(resource.resourceType as IdentifiedType, value ?? '', resource);
        }
      },
    };
  }

  private replace(type: IdentifiedType, value: string, resource: Resource): void {
    const { matches = [], uses = [] } = this.known.get(`${type} ${value}`) ?? {};
    const others = matches.filter(({ id }) => id !== resource.id);
    this.add(type, value, { matches: [...others, resource], uses });
  }
}

function wornBy(device: Device | Resource, wearer: string | undefined): Resource {
  const { patient: _current, ...rest } = device as Device;
  return wearer === undefined ? rest : ({ ...rest, patient: { reference: `Patient/${wearer}` } } as Device);
}

export function hasIdentifier(resource: Resource, { system, value }: Identifier): boolean {
  return (
    resource.identifier?.some((one) => one.value === value && (system === undefined || one.system === system)) ?? false
  );
}

/** What a measurement fails with for which the service answers a 4xx. */
export function refusal(): MedTechError {
  return new MedTechError('HttpRequestError', 'The FHIR service refuses the request for this measurement.');
}
