import { MedTechError, type MedTechErrorName } from '../errors';
import { type ResourceIds, resourceId } from './observation';
import type { Device, Identifier, Resource } from './resources';

/** How the Patient and Device of a measurement are found (MS Learn, "Resolution type"). */
export type ResolutionType = 'Create' | 'Lookup' | 'LookupWithEncounter';

/** What identity resolution needs of a FHIR service. */
export interface IdentityStore {
  /** Resources of the type with this identifier; without a system, whatever their identifier's system is. */
  findByIdentifier(resourceType: string, identifier: Identifier): Promise<readonly Resource[]>;
  /** Writes a resource under its id. */
  put(resource: Resource): Promise<void>;
}

export interface MeasuredIdentity {
  readonly deviceId: string;
  readonly patientId: string | null;
  readonly encounterId: string | null;
}

export interface IdentitySettings {
  readonly resolutionType: ResolutionType;
  /** The system of Device identifiers; without it Devices are found whatever their identifier's system is. */
  readonly deviceIdentifierSystem?: string;
}

/**
 * Finds the resources that an Observation refers to; with `Create` it makes a Patient and a Device where there are
 * none. What Lookup finds is Device.patient: the message's patient id does not matter to it.
 *
 * @throws MedTechError for a device, patient or encounter that is missing, not named, or not the only one.
 */
export async function resolveIdentity(
  measured: MeasuredIdentity,
  settings: IdentitySettings,
  store: IdentityStore,
): Promise<ResourceIds> {
  if (settings.resolutionType === 'Create') return createWhereMissing(measured, settings, store);
  const ids = await lookUp(measured, settings, store);
  if (settings.resolutionType === 'LookupWithEncounter' && isBlank(measured.encounterId)) {
    throw new MedTechError('EncounterIdentityNotDefinedException', 'The measurement names no encounter.');
  }
  return ids;
}

async function lookUp(
  measured: MeasuredIdentity,
  settings: IdentitySettings,
  store: IdentityStore,
): Promise<ResourceIds> {
  const device = await findOne(store, 'Device', deviceIdentifier(measured, settings));
  if (device === undefined)
    throw new MedTechError('DeviceNotFoundException', 'No Device has the identifier of the measurement.');
  const patient = patientOf(device);
  if (patient === undefined) {
    throw new MedTechError(
      'PatientNotFoundException',
      'The Device of the measurement has no patient of the form Patient/id.',
    );
  }
  const ids = { device: device.id ?? '', patient };
  const { encounterId } = measured;
  if (encounterId === null || isBlank(encounterId)) return ids;
  const encounter = await findOne(store, 'Encounter', { value: encounterId });
  if (encounter !== undefined) return { ...ids, encounter: encounter.id ?? '' };
  throw new MedTechError('EncounterNotFoundException', 'No Encounter has the identifier of the measurement.');
}

async function createWhereMissing(
  measured: MeasuredIdentity,
  settings: IdentitySettings,
  store: IdentityStore,
): Promise<ResourceIds> {
  try {
    return await lookUp(measured, settings, store);
  } catch (error) {
    const missing: readonly MedTechErrorName[] = ['DeviceNotFoundException', 'PatientNotFoundException'];
    if (!(error instanceof MedTechError) || !missing.includes(error.errorName)) throw error;
  }
  const { patientId } = measured;
  if (patientId === null || isBlank(patientId)) {
    throw new MedTechError(
      'PatientIdentityNotDefinedException',
      'The measurement names no patient, which Create needs.',
    );
  }
  const patient = await ensure(store, 'Patient', { value: patientId }, {});
  const reference = { reference: `Patient/${patient.id}` };
  const device = await ensure<Device>(store, 'Device', deviceIdentifier(measured, settings), { patient: reference });
  if (device.patient === undefined) await store.put({ ...device, patient: reference } as Device);
  else if (patientOf(device) !== patient.id) {
    throw new MedTechError(
      'PatientDeviceMismatchException',
      'The Device of the measurement belongs to another patient.',
    );
  }
  return { device: device.id ?? '', patient: patient.id ?? '' };
}

/** The resource with the identifier, made under an id that follows from the identifier when there is none. */
async function ensure<T extends Resource>(
  store: IdentityStore,
  resourceType: string,
  identifier: Identifier,
  content: Partial<T>,
): Promise<T> {
  const found = await findOne(store, resourceType, identifier);
  if (found !== undefined) return found as T;
  const id = resourceId(identifier.system ?? '', identifier.value ?? '');
  const made = { resourceType, id, identifier: [identifier], ...content } as unknown as T;
  await store.put(made);
  return made;
}

async function findOne(
  store: IdentityStore,
  resourceType: string,
  identifier: Identifier,
): Promise<Resource | undefined> {
  const found = await store.findByIdentifier(resourceType, identifier);
  if (found.length <= 1) return found[0];
  throw new MedTechError(
    `Multiple${resourceType}FoundException` as MedTechErrorName,
    `${found.length} resources of type ${resourceType} have the identifier of the measurement.`,
  );
}

function deviceIdentifier(measured: MeasuredIdentity, settings: IdentitySettings): Identifier {
  const system = settings.deviceIdentifierSystem;
  return system === undefined || isBlank(system) ? { value: measured.deviceId } : { system, value: measured.deviceId };
}

/** The id in Device.patient when it is a relative reference to a Patient. */
function patientOf(device: Device | Resource): string | undefined {
  const reference = 'patient' in device ? device.patient?.reference : undefined;
  return /^patient\/([A-Za-z0-9_.\-~#]+)$/i.exec(reference ?? '')?.[1];
}

function isBlank(text: string | null | undefined): boolean {
  return text === null || text === undefined || text.trim() === '';
}
