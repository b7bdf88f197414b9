import type { EnrichedMeasurement, EnrichedMessage, VitalSample } from '../../runtime/contracts/enriched';
import { type PatientContext, unknownContext } from '../../runtime/contracts/patientContext';
import type { KernelSettings } from '../../runtime/scoring/kernelTypes';

/** A message in a partition of `enriched`, with when it was put there. */
export interface Arrived {
  readonly partition: number;
  readonly at: number;
  readonly message: EnrichedMessage;
}

/** Numbers in [0, 1) that are the same in every run. */
export function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const adult: PatientContext = {
  ...unknownContext,
  underSixteen: {
    value: false,
    resource: 'Patient/x',
    code: 'birthDate',
    date: '2026-01-05T00:00:00Z',
    validUntil: null,
  },
  pregnant: { value: false, resource: 'Observation/p', code: 'http://loinc.org|82810-3', date: null, validUntil: null },
  supplementalOxygen: {
    value: false,
    resource: 'Observation/o',
    code: 'http://snomed.info/sct|371825009',
    date: '2026-01-06T22:30:00Z',
    validUntil: null,
  },
};

/** 28 hexadecimal digits: of when the record changed, and of its name. */
export function keyOf(name: string, changed = 0): string {
  let hash = 0x811c9dc5;
  const parts = [0, 1].map((salt) => {
    for (const letter of `${salt}${name}`) hash = Math.imul(hash ^ letter.charCodeAt(0), 16_777_619) >>> 0;
    return hash.toString(16).padStart(8, '0');
  });
  return changed.toString(16).padStart(12, '0') + parts.join('');
}

export interface Reading {
  readonly patient: string;
  readonly time: number;
  readonly arrival: number;
  readonly samples: readonly VitalSample[];
  readonly type?: string;
  readonly source?: 'device' | 'charted';
  readonly changed?: number;
  readonly context?: PatientContext;
}

/** As ML Input sends it: it decides lateness by the arrival at the hub. */
export function measurement(reading: Reading, settings: KernelSettings): EnrichedMeasurement {
  const { patient, time, arrival, samples, type = 'vitals', source = 'device', changed = 0, context = adult } = reading;
  const window = settings.windowSeconds * 1000;
  const late = arrival >= Math.floor(time / window) * window + window + settings.latenessSeconds * 1000;
  return {
    ...({ kind: 'measurement', patient, time, arrival, late, samples, source, type, context } as const),
    key: keyOf(`${patient} ${type} ${time}`, changed),
  };
}

/** Clock marks of all sources in every partition, every so often, each after the data that arrived before it. */
export function marks(
  { sources, partitions }: { readonly sources: readonly string[]; readonly partitions: number },
  times: readonly number[],
  delay: (partition: number) => number = () => 0,
): Arrived[] {
  return times.flatMap((time) =>
    Array.from({ length: partitions }, (_, partition) => partition).flatMap((partition) =>
      sources.map((source) => ({
        partition,
        at: time + delay(partition),
        message: { kind: 'clockMark', source, sources: sources.length, time: new Date(time).toISOString() } as const,
      })),
    ),
  );
}

/** In the order of their partitions; what was put there at one instant stays in the order given. */
export function inOrder(stream: readonly Arrived[]): Arrived[] {
  return stream
    .map((one, index) => ({ one, index }))
    .sort((a, b) => a.one.at - b.one.at || a.index - b.index)
    .map(({ one }) => one);
}
