import { patientIdOf } from '../admissions';
import type { FhirReader } from './fhirReader';
import type { Identities, ObservationRead } from './observations';

interface DeviceRead {
  readonly id?: string;
  readonly identifier?: readonly { readonly value?: string }[];
}

/** What lies in the FHIR service, and who is who: each recorded device has one patient for the whole recording. */
export async function readRecord(
  reader: FhirReader,
): Promise<{ observations: ObservationRead[]; identities: Identities }> {
  const devices = await reader.all<DeviceRead>('Device');
  const deviceIds = new Map(devices.map(({ id = '', identifier }) => [id, identifier?.[0]?.value ?? '']));
  return {
    observations: await reader.all<ObservationRead>('Observation'),
    identities: { deviceIds, wearer: (deviceId) => patientIdOf(deviceId) },
  };
}
