import { type Band, type News2Part, type News2Result, news2Parts } from '../contracts/scored';

/**
 * What the score is looked up with, rounded to the chart's precision (`chartValue`). Null: not known, which is never taken
 * for normal. Units: /min, %, mm[Hg], Cel.
 */
export interface News2Inputs {
  readonly resp: number | null;
  readonly spo2: number | null;
  /** 2 only where a clinician has prescribed a target of 88 to 92 %. */
  readonly scale: 1 | 2;
  /** Null is not "air". */
  readonly oxygen: boolean | null;
  readonly sbp: number | null;
  readonly pulse: number | null;
  /** 0 is Alert; everything else (new confusion, voice, pain, unresponsive) scores 3. */
  readonly consciousness: number | null;
  readonly temp: number | null;
}

/** NEWS2, (c) Royal College of Physicians 2017. The thresholds must not be altered. */
export const rules = { name: 'NEWS2', version: '2017' } as const;

/** Most that a part can add: oxygen is 0 or 2. */
export const mostPoints = (part: News2Part): number => (part === 'oxygen' ? 2 : 3);

/** -1: it depends on whether oxygen is given, and that is not known. */
export const dependsOnOxygen = -1;

/**
 * The National Early Warning Score 2 as published. With parts unknown there is no total but a floor (what the known parts force)
 * and a ceiling (the most that the unknown ones could add), and the band is the floor's.
 */
export function news2(inputs: News2Inputs): News2Result {
  const parts: Partial<Record<News2Part, number>> = {};
  const missing: News2Part[] = [];
  const indeterminate: News2Part[] = [];
  let floorTotal = 0;
  let ceilingTotal = 0;
  let anyThree = false;
  for (const part of news2Parts) {
    const points = pointsOf(part, inputs);
    if (points === null) missing.push(part);
    else if (points === dependsOnOxygen) indeterminate.push(part);
    else {
      parts[part] = points;
      floorTotal += points;
      anyThree ||= points === 3;
    }
    ceilingTotal += points === null || points === dependsOnOxygen ? mostPoints(part) : points;
  }
  const complete = missing.length === 0 && indeterminate.length === 0;
  return {
    complete,
    total: complete ? floorTotal : null,
    parts,
    missing,
    ...(indeterminate.length > 0 && { indeterminate }),
    floorTotal,
    ceilingTotal,
    band: bandOf(floorTotal, anyThree),
    scale: inputs.scale,
  };
}

export function bandOf(total: number, anyThree: boolean): Band {
  if (total >= 7) return 'high';
  if (total >= 5) return 'medium';
  return anyThree ? 'low-medium' : 'low';
}

function pointsOf(part: News2Part, inputs: News2Inputs): number | null {
  if (part === 'oxygen') return inputs.oxygen === null ? null : inputs.oxygen ? 2 : 0;
  const value = inputs[part];
  if (value === null) return null;
  if (part === 'spo2') return inputs.scale === 2 ? spo2Scale2Points(value, inputs.oxygen) : spo2Points(value);
  return points[part](value);
}

export function spo2Points(value: number): number {
  return value <= 91 ? 3 : value <= 93 ? 2 : value <= 95 ? 1 : 0;
}

export function spo2Scale2Points(value: number, oxygen: boolean | null): number {
  if (value <= 83) return 3;
  if (value <= 85) return 2;
  if (value <= 87) return 1;
  if (value <= 92 || oxygen === false) return 0;
  if (oxygen === null) return dependsOnOxygen;
  return value <= 94 ? 1 : value <= 96 ? 2 : 3;
}

export const points = {
  resp: (value: number) => (value <= 8 ? 3 : value <= 11 ? 1 : value <= 20 ? 0 : value <= 24 ? 2 : 3),
  sbp: (value: number) => (value <= 90 ? 3 : value <= 100 ? 2 : value <= 110 ? 1 : value <= 219 ? 0 : 3),
  pulse: (value: number) =>
    value <= 40 ? 3 : value <= 50 ? 1 : value <= 90 ? 0 : value <= 110 ? 1 : value <= 130 ? 2 : 3,
  consciousness: (value: number) => (value === 0 ? 0 : 3),
  temp: (value: number) => (value <= 35 ? 3 : value <= 36 ? 1 : value <= 38 ? 0 : value <= 39 ? 1 : 2),
} as const;
