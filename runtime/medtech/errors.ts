/**
 * The names under which errors of device messages, mappings and FHIR conversion are known to people who run a
 * MedTech service (its log field ErrName). Dead letters carry them as reason.
 */
export type MedTechErrorName =
  | 'ArgumentException'
  | 'ArgumentNullException'
  | 'ArgumentOutOfRangeException'
  | 'CorrelationIdNotDefinedException'
  | 'DeviceNotFoundException'
  | 'DivideByZeroException'
  | 'EncounterIdentityNotDefinedException'
  | 'EncounterNotFoundException'
  | 'Exception'
  | 'FhirDataMappingException'
  | 'FormatException'
  | 'HttpRequestError'
  | 'IncompatibleDataException'
  | 'InvalidDataFormatException'
  | 'InvalidOperationException'
  | 'InvalidQuantityFhirValueException'
  | 'MeasurementProcessingException'
  | 'MultipleDeviceFoundException'
  | 'MultipleEncounterFoundException'
  | 'MultipleObservationFoundException'
  | 'MultiplePatientFoundException'
  | 'NotSupportedException'
  | 'OverflowException'
  | 'PatientDeviceMismatchException'
  | 'PatientIdentityNotDefinedException'
  | 'PatientNotFoundException'
  | 'TemplateExpressionException';

/** What is wrong with one message or one group of measurements. The text never holds a value of the message (PHI). */
export class MedTechError extends Error {
  constructor(
    readonly errorName: MedTechErrorName,
    message: string,
  ) {
    super(message);
    this.name = errorName;
  }
}
