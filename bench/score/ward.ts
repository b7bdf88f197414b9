import type { EnrichedMessage } from '../../runtime/contracts/enriched';
import { unknownContext } from '../../runtime/contracts/patientContext';
import type { Vital } from '../../runtime/contracts/scoringSource';

export const patients = 1000;
export const windowMs = 300_000;
const everyMs = 10_000;

const levels: readonly (readonly [Vital, number])[] = [
  ['heartRate', 80],
  ['respirationRate', 16],
  ['oxygenSaturation', 96],
  ['systolicBloodPressure', 120],
  ['temperature', 37],
];

/** Five vitals of each patient every ten seconds of one window; of those whose number leaves that remainder. */
export function* measurements(start: number, partition: number, partitions: number): Generator<EnrichedMessage> {
  for (let time = start; time < start + windowMs; time += everyMs) {
    for (let number = partition; number < patients; number += partitions) {
      const key = `${time.toString(16)}${number.toString(16).padStart(5, '0')}`.padStart(28, '0');
      const samples = levels.map(([vital, level]) => ({
        vital,
        value: level + ((time / everyMs + number) % 7),
        priority: 0,
      }));
      yield {
        ...{ kind: 'measurement', patient: `patient-${number}`, time, arrival: time + 500, late: false, key },
        ...{ source: 'device', type: 'monitor', samples, context: unknownContext },
      };
    }
  }
}
