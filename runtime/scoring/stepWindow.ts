import { unknownContext } from '../contracts/patientContext';
import type { Band, BaselineUse, News2Part, News2Result, Trend, VitalSummary, WindowResult } from '../contracts/scored';
import { type Vital, vitals } from '../contracts/scoringSource';
import { model as bundledModel } from './bundledModel';
import { applicabilityOf, inForce } from './context';
import { continuousVitals, decideDataGap } from './dataGap';
import { decideFlag, memoryMilliseconds, remembered } from './flagRules';
import type { PatientStep, PatientWindow, SlotColumns, StepWindow, WindowRequest } from './kernelTypes';
import type { Model } from './model';
import { news2, rules } from './news2';
import { knownState, type PatientState, type RememberedScore, type RememberedWindow } from './patientState';
import { predictionOf } from './prediction';
import { endWithin, isPresent, withPresence } from './presence';
import { carriedAfter, carryMilliseconds, type Span, summaries } from './summaries';
import { type WindowStatistics, windowStatistics } from './windowStatistics';

/** Of this code; every result names it. It changes with anything that may change a result. */
export const kernelVersion = '1.1.0';

/**
 * Scores one window of many patients: a pure function of the request and the slots, whatever order these are in. Uses nothing
 * but + - * / and comparisons of numbers, so that every compute gets the same bits.
 *
 * @throws RangeError when a slot is of another window, or of a patient or vital that the request does not have
 * @throws Error when a state is of a version that is not known
 */
export const stepWindow: StepWindow = stepWindowWith(bundledModel);

/** `stepWindow` with a model of one's own. */
export function stepWindowWith(model: Model | null): StepWindow {
  return (request, slots) => {
    const { start, settings, patients } = request;
    const statistics = windowStatistics(slots, patients.length, start, settings.windowSeconds * 1000);
    return patients.map((_, index) => new Step(request, index, statistics, model).run());
  };
}

/** `stepWindow` for one patient, whose index in the slots is 0. */
export function step(
  request: Omit<WindowRequest, 'patients'>,
  patient: PatientWindow,
  slots: SlotColumns,
): PatientStep {
  const [only] = stepWindow({ ...request, patients: [patient] }, slots);
  return only as PatientStep;
}

const partVitals: Readonly<Record<News2Part, Vital>> = {
  resp: 'respirationRate',
  spo2: 'oxygenSaturation',
  oxygen: 'supplementalOxygen',
  sbp: 'systolicBloodPressure',
  pulse: 'heartRate',
  consciousness: 'consciousness',
  temp: 'temperature',
};

/** One patient in one window. */
class Step {
  private readonly patient: PatientWindow;
  private readonly state: PatientState;
  private readonly span: Span;

  constructor(
    private readonly request: WindowRequest,
    private readonly index: number,
    private readonly statistics: WindowStatistics,
    private readonly model: Model | null,
  ) {
    const { start, settings } = request;
    this.patient = request.patients[index] as PatientWindow;
    this.state = knownState(this.patient.state);
    this.span = { start, end: start + settings.windowSeconds * 1000 };
  }

  run(): PatientStep {
    const { start, end } = this.span;
    const presence = withPresence(this.state.presence, this.patient.presence, end);
    const state = { ...this.state, presence };
    if (isPresent(presence, start, end) || this.isMeasured()) return this.due(state);
    return { result: null, state: this.isForgotten(state) ? null : state };
  }

  private isMeasured(): boolean {
    const { context, rejected } = this.patient;
    return context !== null || rejected.length > 0 || vitals.some((_, vital) => this.count(vital) > 0);
  }

  private isForgotten({ lastDue, presence }: PatientState): boolean {
    if (presence.waiting.length > 0) return false;
    const { windowSeconds, carrySeconds } = this.request.settings;
    return lastDue === null || lastDue + windowSeconds * 1000 <= this.span.end - carrySeconds * 1000;
  }

  private due(state: PatientState): PatientStep {
    const { start, settings, patients } = this.request;
    const context = this.patient.context ?? state.context ?? unknownContext;
    const known = inForce(context, start);
    const before = {
      carried: state.carried,
      limitMilliseconds: carryMilliseconds(state.band, settings),
      context: known,
    };
    const found = summaries(this.statistics, this.index, this.span, this.patient.rejected, before);
    const applicability = applicabilityOf(known, settings.spinalCordInjury);
    const score = applicability.applicable ? scoreOf(found, known.scale) : null;
    const now: RememberedWindow = {
      start,
      without: continuousVitals.filter((vital) => this.count(vitals.indexOf(vital)) === 0),
      score: score === null ? null : remembered(score),
    };
    const baseline = this.baseline();
    const result = {
      patient: (patients[this.index] as PatientWindow).patient,
      ...this.span,
      horizon: horizonOf(settings.windowSeconds),
      rules,
      kernel: kernelVersion,
      vitals: found,
      news2: score,
      applicability,
      trend: now.score === null ? null : this.trend(state, now.score, found, baseline),
      flag: this.flag(state, now.score, found),
      dataGap: decideDataGap(start, now.without, this.windowBefore(state)?.without ?? null, state.gap),
      monitoringEnd: endWithin(state.presence, start, this.span.end),
      context,
      baseline,
    };
    const finished = { ...result, prediction: predictionOf(this.model, result) };
    return { result: finished, state: this.after(state, finished, now) };
  }

  private flag(state: PatientState, score: RememberedScore | null, found: WindowResult['vitals']) {
    const charted = (Object.keys(partVitals) as News2Part[]).filter(
      (part) => found[partVitals[part]]?.source === 'charted',
    );
    return decideFlag({
      start: this.span.start,
      windowMilliseconds: this.span.end - this.span.start,
      rules: this.request.settings.flagRules,
      score,
      charted: new Set(charted),
      earlier: state.windows,
      standing: state.flag,
    });
  }

  private trend(
    state: PatientState,
    { value }: RememberedScore,
    found: WindowResult['vitals'],
    { version }: BaselineUse,
  ): Trend {
    const { start, end } = this.span;
    const since = (earlier: number) => {
      const other = state.windows.find((one) => one.start === earlier)?.score?.value;
      return other === undefined ? null : value - other;
    };
    const fromBaseline: Partial<Record<Vital, number>> = {};
    const medians = (version === null ? null : this.patient.baseline?.medians) ?? {};
    for (const vital of vitals) {
      const median = found[vital]?.median;
      const usual = medians[vital];
      if (median != null && usual !== undefined) fromBaseline[vital] = median - usual;
    }
    return { totalChange: since(start - (end - start)), totalChangeHour: since(start - 3_600_000), fromBaseline };
  }

  private baseline(): BaselineUse {
    const { settings, baselineVersion, baselineReason = 'notReady' } = this.request;
    if (!settings.baselines) return { version: null, reason: 'off' };
    if (baselineVersion === null) return { version: null, reason: baselineReason };
    return this.patient.baseline === null ? { version: null, reason: 'unknownPatient' } : { version: baselineVersion };
  }

  private after(state: PatientState, { flag, dataGap, ...result }: WindowResult, now: RememberedWindow): PatientState {
    const { start, end } = this.span;
    // What stood for this stay ends with it; the next one begins without.
    const ends = result.monitoringEnd !== null;
    const { windowSeconds, flagRules } = this.request.settings;
    const oldest = end - memoryMilliseconds(windowSeconds, flagRules);
    return {
      version: state.version,
      lastDue: start,
      carried: carriedAfter(state.carried, result.vitals, this.statistics, this.index),
      context: this.patient.context ?? state.context,
      presence: state.presence,
      windows: [...state.windows.filter((one) => one.start >= oldest && one.start < start), now],
      band: lastKnownBand(result.news2) ?? state.band,
      flag: ends || flag.level === null || flag.since === null ? null : { level: flag.level, since: flag.since },
      gap: ends || dataGap.since === null ? null : { vitals: dataGap.vitals, since: dataGap.since },
    };
  }

  private windowBefore({ windows }: PatientState): RememberedWindow | undefined {
    return windows.find((one) => one.start === this.span.start - (this.span.end - this.span.start));
  }

  private count(vital: number): number {
    return this.statistics.count[this.index * vitals.length + vital] as number;
  }
}

function scoreOf(found: Partial<Record<Vital, VitalSummary>>, scale: 1 | 2): News2Result {
  const used = (part: News2Part) => found[partVitals[part]]?.used ?? null;
  const oxygen = used('oxygen');
  return news2({
    resp: used('resp'),
    spo2: used('spo2'),
    scale,
    oxygen: oxygen === null ? null : oxygen !== 0,
    sbp: used('sbp'),
    pulse: used('pulse'),
    consciousness: used('consciousness'),
    temp: used('temp'),
  });
}

/** ISO 8601 in hours, minutes and seconds: `PT5M`, `PT24H`. */
function horizonOf(seconds: number): string {
  const part = (count: number, unit: string) => (count === 0 ? '' : `${count}${unit}`);
  const minutes = Math.floor(seconds / 60);
  return `PT${part(Math.floor(minutes / 60), 'H')}${part(minutes % 60, 'M')}${part(seconds % 60, 'S')}`;
}

/**
 * The band by which values are carried for longer or not. Low is only what cannot be more whatever is unknown: missing parts do not
 * end the time of a patient at risk.
 */
function lastKnownBand(news2: News2Result | null): Band | null {
  if (news2 === null) return null;
  return news2.band === 'low' && remembered(news2).worstBand !== 'low' ? null : news2.band;
}
