import type { Vital } from '../contracts/scoringSource';

/** Vitals that are codes, not quantities: the last one counts, and they have no median. */
export function isCoded(vital: Vital): boolean {
  return vital === 'consciousness' || vital === 'supplementalOxygen';
}

/**
 * A value as it is written on the chart: temperature to 0.1, everything else to 1, half up. In whole half-thousandths, so that
 * no rounding error of a division decides: samples have three decimals, and a median of two of them half a thousandth.
 */
export function chartValue(vital: Vital, value: number): number {
  return vital === 'temperature' ? chartTenth(value) : chartWhole(value);
}

export function chartWhole(value: number): number {
  return Math.floor((halfThousandths(value) + 1000) / 2000);
}

export function chartTenth(value: number): number {
  return Math.floor((halfThousandths(value) + 100) / 200) / 10;
}

/** The least addition makes up for what the product lacks in its last bits; further decimals do not round up twice. */
function halfThousandths(value: number): number {
  return Math.floor(value * 2000 + 0.001);
}
