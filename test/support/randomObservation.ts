import type {
  EnrichedMeasurement,
  PatientPresence,
  RejectionReason,
  VitalSample,
} from '../../runtime/contracts/enriched';
import type { ContextItem, PatientContext } from '../../runtime/contracts/patientContext';
import { type Vital, vitals } from '../../runtime/contracts/scoringSource';

const windowMs = 300_000;
/** Range of a sick patient's readings, and what a well one's are about. */
const ranges: Readonly<Record<Vital, readonly [number, number, number]>> = {
  heartRate: [40, 140, 75],
  respirationRate: [8, 28, 15],
  oxygenSaturation: [84, 100, 97],
  systolicBloodPressure: [85, 225, 120],
  diastolicBloodPressure: [50, 120, 80],
  temperature: [34.5, 39.6, 37],
  consciousness: [0, 5, 0],
  supplementalOxygen: [0, 1, 0],
};
const isCoded = (vital: Vital) => vital === 'consciousness' || vital === 'supplementalOxygen';
const isSpot = (vital: Vital) => vital === 'temperature' || isCoded(vital);
const reasons: readonly RejectionReason[] = ['implausible', 'unreadable', 'signalQuality'];

/** Made-up rows of `enriched` about one patient over some hours: all that rules can meet, from a seed. */
export class RandomObservation {
  readonly measurements: EnrichedMeasurement[] = [];
  readonly presence: PatientPresence[] = [];
  private state: number;

  constructor(
    seed: number,
    private readonly patient: string,
    private readonly start: number,
    private readonly hours: number,
  ) {
    this.state = seed;
    this.measure();
    this.observe();
    this.measurements.sort((a, b) => (a.key.slice(-8) < b.key.slice(-8) ? -1 : 1));
  }

  /** A linear congruential generator (Numerical Recipes): the same on every machine. */
  private random(): number {
    this.state = (Math.imul(this.state, 1_664_525) + 1_013_904_223) >>> 0;
    return this.state / 2 ** 32;
  }

  private readonly chance = (share: number) => this.random() < share;
  private readonly below = (most: number) => Math.floor(this.random() * most);
  private readonly hex = (digits: number) => Array.from({ length: digits }, () => this.below(16).toString(16)).join('');

  private measure(): void {
    const contexts = Array.from({ length: 4 }, () => this.context());
    const density = [0.3, 1, 3][this.below(3)] ?? 1;
    let sick = this.random();
    for (let window = 0; window < this.hours * 12; window++) {
      if (this.chance(0.05)) sick = this.chance(0.6) ? 0.002 : this.random();
      // Silence, seldom for longer than anything is carried.
      if (this.chance(0.03)) window += this.below(this.chance(0.1) ? 60 : 6);
      for (const vital of vitals) {
        const count = isSpot(vital) ? Number(this.chance(0.15)) : this.below(4 * density);
        for (let i = 0; i < count; i++) this.add(vital, window, this.chance(sick), contexts[this.below(4)]);
      }
    }
  }

  private add(vital: Vital, window: number, isSick: boolean, context: PatientContext | undefined): void {
    const time = this.start + window * windowMs + this.below(300) * 1000 + (this.chance(0.1) ? this.below(1000) : 0);
    const isCharted = this.chance(0.2);
    const rejected = this.rejection(isCharted);
    const natural = this.hex(16);
    const sample: VitalSample = {
      ...{ vital, priority: this.below(2) },
      value: rejected === 'unreadable' || rejected === 'enteredInError' ? null : this.value(vital, isSick),
      ...(!isCharted && (isSpot(vital) || this.chance(0.3)) ? { spot: true } : {}),
      ...(rejected ? { rejected } : {}),
    };
    const row: EnrichedMeasurement = {
      ...{ kind: 'measurement', patient: this.patient, time, arrival: time, late: this.chance(0.1) },
      ...{ key: (isCharted ? this.hex(12) : '0'.repeat(12)) + natural, source: isCharted ? 'charted' : 'device' },
      ...{ type: vital, samples: [sample], context: context ?? this.context() },
    };
    this.measurements.push(row, ...(this.chance(0.1) ? [row] : []));
    if (isCharted && this.chance(0.3)) this.measurements.push(this.amended(row, sample, `f${this.hex(11)}${natural}`));
  }

  /** A charted value, written again or taken back. */
  private amended(row: EnrichedMeasurement, sample: VitalSample, key: string): EnrichedMeasurement {
    const { rejected: _, ...good } = sample;
    const again: VitalSample = { ...good, value: this.value(sample.vital, true) };
    return {
      ...row,
      key,
      samples: [this.chance(0.5) ? { ...sample, value: null, rejected: 'enteredInError' } : again],
    };
  }

  private rejection(isCharted: boolean): RejectionReason | undefined {
    if (this.chance(0.06)) return reasons[this.below(reasons.length)];
    return isCharted && this.chance(0.04) ? 'enteredInError' : undefined;
  }

  private value(vital: Vital, isSick: boolean): number {
    const [least, most, usual] = ranges[vital];
    const value = isSick ? least + this.random() * (most - least) : usual + (isCoded(vital) ? 0 : this.random());
    return isCoded(vital) ? Math.round(value) : Math.round(value * 1000) / 1000;
  }

  private context(): PatientContext {
    const flag = (share: number) => this.item(this.chance(share));
    return {
      oxygenSaturationScale: this.item<1 | 2>(this.chance(0.5) ? 2 : 1),
      ...{ supplementalOxygen: flag(0.5), underSixteen: flag(0.1), pregnant: flag(0.1) },
      ...{ spinalCordInjury: flag(0.3), limitsOfTreatment: flag(0.5) },
    };
  }

  private item<Value>(value: Value): ContextItem<Value> | null {
    if (this.chance(0.5)) return null;
    const within = (from: number) => this.start + Math.floor((this.random() - from) * this.hours * 12) * windowMs;
    const date = this.chance(0.2) ? null : new Date(within(0.2)).toISOString();
    const validUntil = this.chance(0.7) ? null : new Date(within(0)).toISOString();
    return { value, resource: 'Observation/made-up', code: 'made-up', date, validUntil };
  }

  private observe(): void {
    const event = (resource: string, kind: 'start' | 'end', basis: PatientPresence['basis'], time: number) =>
      this.presence.push({
        ...{ kind: 'presence', patient: this.patient, event: kind, basis, resource, time, key: this.hex(28) },
      });
    for (const resource of ['Encounter/a', 'DeviceUseStatement/b']) {
      if (this.chance(0.4)) continue;
      const begin = this.start + this.below(this.hours * 12 * windowMs);
      event(resource, 'start', 'encounter', begin);
      if (this.chance(0.7)) event(resource, 'end', 'encounter', begin + this.below(48 * windowMs));
      if (this.chance(0.2)) event(resource, 'end', 'encounter', begin + this.below(60 * windowMs));
    }
    if (this.chance(0.15)) event('Patient/c', 'end', 'death', this.start + this.below(this.hours * 12 * windowMs));
  }
}
