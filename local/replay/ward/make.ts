import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Makes the shipped synthetic ward: `tsx local/replay/ward/make.ts` writes ward.csv, the same bytes every time. Nobody's
 * data is in it. Ten beds, eight hours, one row a minute and device:
 *
 * - bed-07 deteriorates: after two hours respiration, heart rate and temperature rise, oxygen saturation and
 *   blood pressure fall; NEWS2 is 7 or more in the last hour;
 * - bed-04 is stable at a border: respiration and saturation go to and fro over a limit, NEWS2 stays below 5;
 * - the others are stable; bed-09's device is silent for 45 minutes, bed-02's saturation probe is off for 25, and single
 *   values are missing everywhere, as they are on a ward.
 *
 * Columns: hr (/min), resp (/min), spo2 (%), nbpsys and nbpdias (mmHg, every 15 minutes), temp (degrees Celsius, every
 * 5 minutes), avpu (0 alert, 1 otherwise) and oxygen (0 air, 1 oxygen), both charted every hour.
 */
export function makeWard(): string {
  const lines = ['minute,device,hr,resp,spo2,nbpsys,nbpdias,temp,avpu,oxygen'];
  const beds = baselines.map((baseline, index) => ({
    ...baseline,
    random: seededRandom(0x10317 + index),
    wander: still,
  }));
  for (let minute = 0; minute < minutes; minute++) {
    for (const [index, bed] of beds.entries()) {
      bed.wander = drift(bed.wander, bed.random);
      const cells = measure(bed, bed.wander, minute, index, bed.random);
      if (!isSilent(bed.device, minute)) lines.push([minute, bed.device, ...cells].join(','));
    }
  }
  return `${lines.join('\n')}\n`;
}

const minutes = 8 * 60;
const deteriorating = 'bed-07';

interface Vitals {
  readonly hr: number;
  readonly resp: number;
  readonly spo2: number;
  readonly nbpsys: number;
  readonly nbpdias: number;
  readonly temp: number;
}

interface Bed extends Vitals {
  readonly device: string;
}

const baselines: readonly Bed[] = [
  { device: 'bed-01', hr: 72, resp: 15, spo2: 97.5, nbpsys: 128, nbpdias: 76, temp: 36.7 },
  { device: 'bed-02', hr: 64, resp: 14, spo2: 98, nbpsys: 135, nbpdias: 80, temp: 36.5 },
  { device: 'bed-03', hr: 80, resp: 16, spo2: 97.5, nbpsys: 142, nbpdias: 84, temp: 36.9 },
  { device: 'bed-04', hr: 84, resp: 20.3, spo2: 95.6, nbpsys: 124, nbpdias: 72, temp: 37.2 },
  { device: 'bed-05', hr: 68, resp: 13, spo2: 98, nbpsys: 131, nbpdias: 78, temp: 36.6 },
  { device: 'bed-06', hr: 76, resp: 15.5, spo2: 97.5, nbpsys: 138, nbpdias: 82, temp: 36.8 },
  { device: deteriorating, hr: 82, resp: 17, spo2: 97, nbpsys: 126, nbpdias: 74, temp: 37 },
  { device: 'bed-08', hr: 70, resp: 14.5, spo2: 98, nbpsys: 146, nbpdias: 86, temp: 36.7 },
  { device: 'bed-09', hr: 74, resp: 16, spo2: 97.5, nbpsys: 133, nbpdias: 79, temp: 36.6 },
  { device: 'bed-10', hr: 66, resp: 15, spo2: 98, nbpsys: 129, nbpdias: 75, temp: 36.4 },
];

/** How far each vital of the deteriorating patient has moved when the eight hours are over. */
const decline: Vitals = { hr: 36, resp: 9, spo2: -5, nbpsys: -24, nbpdias: -14, temp: 1.4 };
/** How far a vital goes to and fro by itself, at most. */
const spread: Vitals = { hr: 5, resp: 1.4, spo2: 0.7, nbpsys: 6, nbpdias: 4, temp: 0.2 };
const still: Vitals = { hr: 0, resp: 0, spo2: 0, nbpsys: 0, nbpdias: 0, temp: 0 };
const vitalNames = ['hr', 'resp', 'spo2', 'nbpsys', 'nbpdias', 'temp'] as const;

/** A slow walk within -1..1 for each vital, so that neighbouring minutes resemble each other. */
function drift(wander: Vitals, random: () => number): Vitals {
  const next = { ...wander };
  for (const name of vitalNames) next[name] = 0.93 * wander[name] + 0.07 * 3 * (2 * random() - 1);
  return next;
}

function measure(bed: Bed, wander: Vitals, minute: number, index: number, random: () => number): (number | '')[] {
  const decay = bed.device === deteriorating ? progress(minute) : 0;
  const value = (name: keyof Vitals, decimals: number) => {
    const moved = bed[name] + spread[name] * wander[name] + decline[name] * decay;
    return Number((name === 'spo2' ? Math.min(moved, 100) : moved).toFixed(decimals));
  };
  const probeOff = bed.device === 'bed-02' && minute >= 130 && minute < 155;
  const sometimes = (cell: number) => (random() < 0.02 ? '' : cell);
  const every = (period: number, cell: number) => (minute === 0 || (minute + 3 * index) % period === 0 ? cell : '');
  return [
    sometimes(value('hr', 0)),
    sometimes(value('resp', 0)),
    probeOff ? '' : sometimes(value('spo2', 0)),
    every(15, value('nbpsys', 0)),
    every(15, value('nbpdias', 0)),
    every(5, value('temp', 1)),
    every(60, decay > 0.97 ? 1 : 0),
    every(60, decay > 0.85 ? 1 : 0),
  ];
}

/** 0 for the first two hours, then up to 1 at the end: slow at first, as a deterioration is. */
function progress(minute: number): number {
  const share = Math.max(0, (minute - 120) / (minutes - 120));
  return share * share * (3 - 2 * share);
}

function isSilent(device: string, minute: number): boolean {
  return device === 'bed-09' && minute >= 200 && minute < 245;
}

/** Mulberry32: small, and the same numbers on every machine. Numbers from 0 to 1. */
function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

if (require.main === module) writeFileSync(join(__dirname, 'ward.csv'), makeWard());
