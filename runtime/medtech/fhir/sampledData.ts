import type { Compatibility } from '../compatibility';
import { MedTechError } from '../errors';
import { type Ticks, ticksPerMillisecond } from '../instant';

/** A value at a point in time. */
export interface Sample {
  readonly at: Ticks;
  readonly value: string;
}

/** Which value of several in one slot is written: `last` as the original does, or `first`. */
export type SlotRule = 'first' | 'last';

/** An hour at 1 ms, 8 MB of text: a correlation with a clock that was years off would fill the memory. */
const maxSlots = 3_600_000n;
const noValue = 'E';

/** A SampledData period (milliseconds) in ticks; the original drops what is left of a tick, `r4` rounds. */
export function periodTicks(milliseconds: number | undefined, compatibility: Compatibility): Ticks {
  if (milliseconds === undefined) {
    throw new MedTechError(
      'ArgumentNullException',
      'SampledData needs a defaultPeriod (milliseconds) in the FHIR mapping.',
    );
  }
  if (compatibility === 'r4') return BigInt(Math.round(milliseconds * 10_000));
  const whole = Math.trunc(milliseconds);
  return BigInt(whole) * ticksPerMillisecond + BigInt(Math.trunc((milliseconds - whole) * 10_000));
}

/**
 * The data stream of a SampledData: one token for each slot of one period from start on, while the slot begins at or
 * before the end; `E` for a slot without value. A value after the last slot is left out; one before the start hides
 * all that follow it, as in the original.
 *
 * @param samples in the order of their times.
 */
export function buildSampledData(
  samples: readonly Sample[],
  bounds: { readonly start: Ticks; readonly end: Ticks },
  period: Ticks,
  rule: SlotRule = 'last',
): string {
  if (period <= 0n)
    throw new MedTechError('ArgumentOutOfRangeException', 'The period of SampledData is greater than 0.');
  if ((bounds.end - bounds.start) / period > maxSlots) {
    throw new MedTechError('ArgumentOutOfRangeException', `SampledData would have more than ${maxSlots} slots.`);
  }
  const slots: string[] = [];
  let index = 0;
  for (let slot = bounds.start; slot <= bounds.end; slot += period) {
    let value: string | undefined;
    for (
      let next = samples[index];
      next !== undefined && next.at >= slot && next.at < slot + period;
      next = samples[index]
    ) {
      if (value === undefined || rule === 'last') value = next.value;
      index++;
    }
    slots.push(value ?? noValue);
  }
  return slots.join(' ').trimEnd();
}

/** The values of a data stream, each at the start of its slot; slots without value are left out. */
export function parseSampledData(data: string | undefined, start: Ticks, period: Ticks): readonly Sample[] {
  if (data === undefined || data.trim() === '') {
    throw new MedTechError(
      data === undefined ? 'ArgumentNullException' : 'ArgumentException',
      'The stored SampledData has no data.',
    );
  }
  return data
    .split(' ')
    .map((value, index) => ({ at: start + BigInt(index) * period, value }))
    .filter(({ value }) => value !== noValue);
}

/** All samples in the order of time; of two for the same time the incoming one. */
export function mergeSamples(existing: readonly Sample[], incoming: readonly Sample[]): readonly Sample[] {
  const byTime = new Map<Ticks, Sample>();
  for (const sample of [...existing, ...incoming]) byTime.set(sample.at, sample);
  return [...byTime.values()].sort((a, b) => (a.at < b.at ? -1 : 1));
}
