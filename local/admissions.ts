import { setTimeout as wait } from 'node:timers/promises';
import type { TokenCredential } from '@azure/identity';
import { coordination, stay, type Written, wards } from './hospitalStaff';

/** The patient in the bed of a recorded device; made up. */
export function patientIdOf(deviceId: string): string {
  return `patient-${fhirIdOf(deviceId)}`;
}

/** A FHIR id from a device's: both are at most 64 characters, but FHIR takes letters, digits, `-` and `.` only. */
function fhirIdOf(deviceId: string): string {
  return deviceId.replaceAll(/[^A-Za-z0-9.-]/g, '-').slice(0, 48);
}

const systems = {
  device: 'urn:iomt:local:devices',
  patient: 'urn:iomt:local:patients',
  type: 'http://terminology.hl7.org/CodeSystem/v2-0203',
} as const;

/** A patient without a date of birth: of which age somebody is who was recorded, nobody knows. */
function resourcesOf(deviceId: string, index: number, admittedAt: string): readonly Written[] {
  const id = fhirIdOf(deviceId);
  const patient = { reference: `Patient/${patientIdOf(deviceId)}` };
  const device = { reference: `Device/device-${id}` };
  const recordNumber = { type: { coding: [{ system: systems.type, code: 'MR' }] }, system: systems.patient };
  return [
    {
      ...{ resourceType: 'Patient', id: patientIdOf(deviceId) },
      identifier: [{ ...recordNumber, value: patientIdOf(deviceId) }],
      name: [{ use: 'official', family: 'Synthetic', given: [`Patient ${index + 1}`] }],
    },
    {
      ...{ resourceType: 'Device', id: `device-${id}`, patient },
      identifier: [{ system: systems.device, value: deviceId }],
    },
    {
      resourceType: 'DeviceUseStatement',
      id: `use-${id}`,
      status: 'active',
      subject: patient,
      device,
      timingPeriod: { start: admittedAt },
    },
    ...stay({ deviceId: id, patient, index }, admittedAt),
  ] as readonly Written[];
}

const batchSize = 300;
/** A role works minutes after it was given. */
const patienceMs = 10 * 60_000;
const pauseMs = 1_000;

/**
 * Puts a patient behind every recorded device, as the hospital's health record does before a monitor is switched on, and says
 * where each of them is and who cares for them.
 * Doing it again changes nothing. A refusal is tried again for ten minutes: the role may be on its way.
 *
 * @param credential of the health record: it needs FHIR Data Writer
 * @param admittedAt ISO 8601; from when on the patients wear the devices
 * @throws Error when the service refuses
 */
export async function admit(
  fhirUrl: string,
  credential: TokenCredential,
  deviceIds: readonly string[],
  admittedAt: string,
): Promise<void> {
  const patients = deviceIds.flatMap((deviceId, index) => resourcesOf(deviceId, index, admittedAt));
  const resources = [...coordination(), ...wards(deviceIds.length), ...patients];
  for (let from = 0; from < resources.length; from += batchSize) {
    const entry = resources.slice(from, from + batchSize).map((resource) => ({
      request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` },
      resource,
    }));
    await post(fhirUrl, credential, { resourceType: 'Bundle', type: 'batch', entry });
  }
}

async function post(fhirUrl: string, credential: TokenCredential, bundle: unknown): Promise<void> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const token = await credential.getToken(`${fhirUrl}/.default`);
    const answer = await fetch(fhirUrl, {
      method: 'POST',
      headers: { authorization: `Bearer ${token?.token}`, 'content-type': 'application/fhir+json' },
      body: JSON.stringify(bundle),
    });
    const said = await answer.text();
    if (answer.status === 403 && Date.now() < deadline) await wait(pauseMs);
    else if (!answer.ok) throw new Error(`The patients could not be admitted: ${answer.status} ${said.slice(0, 500)}`);
    else return requireAll(JSON.parse(said) as Answers);
  }
}

interface Answers {
  readonly entry?: readonly { readonly response?: { readonly status?: string } }[];
}

function requireAll({ entry = [] }: Answers): void {
  const refused = entry.find(({ response }) => !response?.status?.startsWith('2'));
  if (refused) throw new Error(`A patient could not be admitted: ${JSON.stringify(refused.response)}.`);
}
