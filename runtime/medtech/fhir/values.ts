import type { Compatibility } from '../compatibility';
import { MedTechError } from '../errors';
import type { Ticks } from '../instant';
import type { ValueTemplate } from '../mapping/fhirTemplate';
import { unknownReason } from './codes';
import { decimalOf, sampleText } from './decimal';
import type { ObservationValue } from './resources';
import { buildSampledData, mergeSamples, parseSampledData, periodTicks, type Sample } from './sampledData';

export interface Bounds {
  readonly start: Ticks;
  readonly end: Ticks;
}

/** What is stored already: the value and when its Observation starts. */
export interface StoredValue {
  readonly value: ObservationValue;
  readonly start: Ticks;
}

/**
 * value[x] for the samples of one property.
 *
 * @throws MedTechError InvalidQuantityFhirValueException, InvalidOperationException (a String with several values),
 * FormatException (a sample that is no number, in `r4`).
 */
export function createValue(
  template: ValueTemplate,
  samples: readonly Sample[],
  bounds: Bounds,
  compatibility: Compatibility,
): ObservationValue {
  switch (template.valueType) {
    case 'Quantity': {
      const { unit, system, code } = template;
      return {
        valueQuantity: { value: quantityNumber(samples, template.valueName, compatibility), unit, system, code },
      };
    }
    case 'String': {
      const text = onlySample(samples, template.valueName);
      const absent = compatibility === 'r4' && text.trim() === '';
      return absent ? { dataAbsentReason: unknownReason } : { valueString: text };
    }
    case 'CodeableConcept':
      return { valueCodeableConcept: template.concept };
    case 'SampledData': {
      const stream = streamSamples(samples, template.valueName, compatibility);
      const data = buildSampledData(
        stream,
        bounds,
        periodTicks(template.defaultPeriod, compatibility),
        slotRule(compatibility),
      );
      return {
        valueSampledData: {
          origin: { value: 0, unit: template.unit },
          period: template.defaultPeriod as number,
          dimensions: 1,
          data,
        },
      };
    }
  }
}

/**
 * The stored value with new samples. SampledData is read back and written anew over the union of both periods; every
 * other kind is replaced.
 *
 * @throws MedTechError NotSupportedException when what is stored is of another kind, absent, or has several dimensions.
 */
export function mergeValue(
  template: ValueTemplate,
  samples: readonly Sample[],
  stored: StoredValue,
  bounds: Bounds,
  compatibility: Compatibility,
): ObservationValue {
  const kind = `value${template.valueType}` as const;
  if (compatibility === 'r4' && stored.value.dataAbsentReason !== undefined) {
    return { dataAbsentReason: undefined, ...createValue(template, samples, bounds, compatibility) };
  }
  if (stored.value[kind] === undefined) {
    throw new MedTechError(
      'NotSupportedException',
      `The stored Observation has no ${kind} to merge '${template.valueName}' with.`,
    );
  }
  if (template.valueType !== 'SampledData') return createValue(template, samples, bounds, compatibility);
  const sampled = stored.value.valueSampledData;
  if (sampled === undefined || sampled.dimensions > 1) {
    throw new MedTechError(
      'NotSupportedException',
      'Stored SampledData with more than one dimension cannot be merged.',
    );
  }
  const period = periodTicks(template.defaultPeriod, compatibility);
  const existing = parseSampledData(sampled.data, stored.start, period);
  const stream = streamSamples(samples, template.valueName, compatibility);
  const incoming = compatibility === 'r4' ? inFreeSlots(stream, existing, bounds.start, period) : stream;
  const data = buildSampledData(mergeSamples(existing, incoming), bounds, period, slotRule(compatibility));
  return { valueSampledData: { ...sampled, data } };
}

/**
 * In `r4` the first reading of a slot stays, within a batch and between batches, so that sending the same readings
 * again never changes what is stored.
 */
function slotRule(compatibility: Compatibility): 'first' | 'last' {
  return compatibility === 'r4' ? 'first' : 'last';
}

function inFreeSlots(
  samples: readonly Sample[],
  existing: readonly Sample[],
  start: Ticks,
  period: Ticks,
): readonly Sample[] {
  const slotOf = (sample: Sample) => (sample.at - start) / period;
  const taken = new Set(existing.map(slotOf));
  return samples.filter((sample) => !taken.has(slotOf(sample)));
}

function onlySample(samples: readonly Sample[], name: string): string {
  const [first] = samples;
  if (first !== undefined && samples.length === 1) return first.value;
  throw new MedTechError(
    'InvalidOperationException',
    `'${name}' has ${samples.length} values where a String takes one.`,
  );
}

function quantityNumber(samples: readonly Sample[], name: string, compatibility: Compatibility): number {
  const [first] = samples;
  if (first === undefined || samples.length !== 1) {
    throw new MedTechError(
      'InvalidQuantityFhirValueException',
      `'${name}' has ${samples.length} values where a Quantity takes one.`,
    );
  }
  const value = decimalOf(first.value, compatibility);
  if (value !== undefined) return value;
  throw new MedTechError('InvalidQuantityFhirValueException', `The value of '${name}' is not a decimal number.`);
}

/** FHIR's stream of samples takes decimals only; the original writes whatever text there is. */
function streamSamples(samples: readonly Sample[], name: string, compatibility: Compatibility): readonly Sample[] {
  if (compatibility === 'medtech') return samples;
  return samples.map(({ at, value }) => {
    const number = decimalOf(value, compatibility);
    if (number !== undefined) return { at, value: sampleText(number) };
    throw new MedTechError('FormatException', `A value of '${name}' is not a decimal number, as SampledData needs.`);
  });
}
