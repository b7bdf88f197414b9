import type { DeadLetter } from '../contracts/deadLetter';

/** Why the app `ml-input` gives something up, under the names of a MedTech service's log where it has one. */
export type Refusal = DeadLetter['reason'];

export const refusals = {
  future: {
    name: 'OccurrenceInFutureException',
    message: 'It is dated more than 2 minutes after its arrival: the clock of who measured it is wrong.',
  },
  patient: { name: 'PatientNotFoundException', message: 'There is no Patient with the id that is referred to.' },
  refused: { name: 'HttpRequestError', message: 'The FHIR service refuses to be asked about this patient.' },
  refusedResource: { name: 'HttpRequestError', message: 'The FHIR service refuses to be asked about this resource.' },
  tooLarge: { name: 'MeasurementProcessingException', message: 'It is larger than the event hub takes.' },
  unit: {
    name: 'InvalidQuantityFhirValueException',
    message: 'A charted value has no unit, or one that its vital sign is not measured in.',
  },
  time: { name: 'IncompatibleDataException', message: 'A charted value has no time of day in effective[x].' },
  noPatient: { name: 'PatientIdentityNotDefinedException', message: 'A charted value is about no Patient.' },
} satisfies Record<string, Refusal>;
