import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Vital } from '../runtime/contracts/scoringSource';

/** Which value of which measurement type may fill a vital's slot in scoring. */
export interface DefaultScoringSource {
  readonly measurementType: string;
  readonly vital: Vital;
  readonly valueName: string;
  /** Taken now and then, so that it may be carried forward. */
  readonly spot?: true;
}

/**
 * Scoring sources of the starter mappings. Of several for one vital the earlier one is preferred: ECG before pulse,
 * arterial pressure before cuff. Consciousness and oxygen are a type a value, of which a message has one. A cuff, a thermometer
 * and what somebody enters are taken now and then.
 */
export const defaultScoringSources: readonly DefaultScoringSource[] = [
  { measurementType: 'heartRate', vital: 'heartRate', valueName: 'hr' },
  { measurementType: 'pulseRate', vital: 'heartRate', valueName: 'pulse' },
  { measurementType: 'respiratoryRate', vital: 'respirationRate', valueName: 'resp' },
  { measurementType: 'oxygenSaturation', vital: 'oxygenSaturation', valueName: 'spo2' },
  { measurementType: 'arterialBloodPressure', vital: 'systolicBloodPressure', valueName: 'abpsys' },
  { measurementType: 'cuffBloodPressure', vital: 'systolicBloodPressure', valueName: 'nbpsys', spot: true },
  { measurementType: 'arterialBloodPressure', vital: 'diastolicBloodPressure', valueName: 'abpdias' },
  { measurementType: 'cuffBloodPressure', vital: 'diastolicBloodPressure', valueName: 'nbpdias', spot: true },
  { measurementType: 'bodyTemperature', vital: 'temperature', valueName: 'temp', spot: true },
  { measurementType: 'consciousnessAlert', vital: 'consciousness', valueName: 'avpu', spot: true },
  { measurementType: 'consciousnessConfusion', vital: 'consciousness', valueName: 'avpu', spot: true },
  { measurementType: 'consciousnessVoice', vital: 'consciousness', valueName: 'avpu', spot: true },
  { measurementType: 'consciousnessPain', vital: 'consciousness', valueName: 'avpu', spot: true },
  { measurementType: 'consciousnessUnresponsive', vital: 'consciousness', valueName: 'avpu', spot: true },
  { measurementType: 'consciousnessNotAlert', vital: 'consciousness', valueName: 'avpu', spot: true },
  { measurementType: 'breathingRoomAir', vital: 'supplementalOxygen', valueName: 'oxygen', spot: true },
  { measurementType: 'breathingOxygen', vital: 'supplementalOxygen', valueName: 'oxygen', spot: true },
];

/** File of a starter mapping: beside this module, or, from a bundle in a folder next to it, in `mappings`. */
export function starterMappingFile(kind: 'device' | 'fhir'): string {
  const beside = join(__dirname, 'starter', `${kind}.json`);
  return existsSync(beside) ? beside : join(__dirname, '..', 'mappings', 'starter', `${kind}.json`);
}

/** Text of a starter mapping. */
export function starterMapping(kind: 'device' | 'fhir'): string {
  return readFileSync(starterMappingFile(kind), 'utf8');
}
