import type { EnrichedMeasurement, PatientPresence, VitalSample } from '../../runtime/contracts/enriched';
import { type ContextItem, type PatientContext, unknownContext } from '../../runtime/contracts/patientContext';
import type { Baseline, WindowResult } from '../../runtime/contracts/scored';
import type { Vital } from '../../runtime/contracts/scoringSource';
import { defaultKernelSettings } from '../../runtime/scoring/kernelSettings';
import type { KernelSettings, PatientStep } from '../../runtime/scoring/kernelTypes';
import type { PatientState } from '../../runtime/scoring/patientState';
import { Slots } from '../../runtime/scoring/slots';
import { step } from '../../runtime/scoring/stepWindow';

/** Midnight, UTC. */
export const dayStart = Date.UTC(2026, 0, 5);

export const key = (time: number, changed = 0, seed = 0) =>
  changed.toString(16).padStart(12, '0') + (time * 31 + seed).toString(16).padStart(16, '0');

export function measurement(time: number, given: Partial<EnrichedMeasurement> = {}): EnrichedMeasurement {
  return {
    kind: 'measurement',
    patient: 'p',
    time,
    arrival: time + 1000,
    late: false,
    key: key(time),
    source: 'device',
    type: 'vitals',
    samples: [],
    context: unknownContext,
    ...given,
  };
}

export const sample = (vital: Vital, value: number | null, given: Partial<VitalSample> = {}): VitalSample => ({
  vital,
  value,
  priority: 0,
  ...given,
});

export function item<T>(value: T, given: Partial<ContextItem<T>> = {}): ContextItem<T> {
  return { value, resource: 'Observation/1', code: 'x|1', date: null, validUntil: null, ...given };
}

/** An adult of whom everything is known. */
export const adult: PatientContext = {
  ...unknownContext,
  underSixteen: item(false),
  pregnant: item(false),
};

export const normalDevice: Values = { heartRate: 70, respirationRate: 16, oxygenSaturation: 97 };
export const normalCharted: Values = {
  systolicBloodPressure: 120,
  temperature: 37,
  consciousness: 0,
  supplementalOxygen: 0,
};

type Values = Partial<Record<Vital, number>>;
export interface WindowData {
  /** Continuous signals, charted values, and what a device takes now and then, a minute after the window's start. */
  readonly device?: Values;
  readonly charted?: Values;
  readonly spot?: Values;
  readonly measurements?: readonly EnrichedMeasurement[];
  readonly presence?: readonly PatientPresence[];
  readonly context?: PatientContext;
  readonly baseline?: Baseline;
  readonly baselineVersion?: string | null;
}

/** A patient whose windows are stepped one after the other, the state passed on as JSON. */
export class KernelPatient {
  readonly settings: KernelSettings;
  state: PatientState | null = null;
  private index = -1;

  constructor(settings: Partial<KernelSettings> = {}) {
    this.settings = { ...defaultKernelSettings, ...settings };
  }

  get start(): number {
    return dayStart + this.index * this.settings.windowSeconds * 1000;
  }

  /** Start of the window that is stepped next. */
  get nextStart(): number {
    return this.start + this.settings.windowSeconds * 1000;
  }

  /** Leaves windows out, as a compute does for a patient who is not there. */
  skip(windows: number): void {
    this.index += windows;
  }

  step(data: WindowData = {}): PatientStep {
    this.index++;
    const slots = new Slots(this.start, this.settings);
    for (const one of [...this.measurements(data), ...(data.measurements ?? [])]) slots.add(one);
    const { baselineVersion = null, baseline = null, presence = [] } = data;
    const patient = { patient: 'p', state: this.state, presence, ...slots.measured('p'), baseline };
    const stepped = step(
      { start: this.start, settings: this.settings, baselineVersion },
      patient,
      slots.columns(['p']),
    );
    this.state = JSON.parse(JSON.stringify(stepped.state)) as PatientState | null;
    return stepped;
  }

  /** The result of a window that must be due. */
  result(data: WindowData = {}): WindowResult {
    const { result } = this.step(data);
    if (result === null) throw new Error('No window was due.');
    return result;
  }

  private measurements({ device = {}, charted = {}, spot = {}, context = adult }: WindowData): EnrichedMeasurement[] {
    const time = this.start + 60_000;
    const samples = (values: Values, given: Partial<VitalSample> = {}) =>
      Object.entries(values).map(([vital, value]) => sample(vital as Vital, value, given));
    return [
      measurement(time, { samples: samples(device), context, key: key(time, 0, 1) }),
      measurement(time, { samples: samples(charted), context, key: key(time, 1, 2), source: 'charted' }),
      measurement(time, { samples: samples(spot, { spot: true }), context, key: key(time, 0, 3) }),
    ].filter((one) => one.samples.length > 0);
  }
}
