import { type LatencyMeasure, type LatencyStage, latencyLimits, type Snapshot } from '../snapshot';
import { byId, html, setAttribute, setText } from './element';
import { formatDelay, formatSpan } from './format';

const stageNames: Readonly<Record<LatencyStage, string>> = {
  sampleAge: 'sample age',
  transport: 'transport',
  windowWait: 'wait for the window',
  processing: 'processing',
  screen: 'screen',
};

const { warningMs, breachMs } = latencyLimits;

/** How old what is on the dashboard is, from the measurement to the screen, and in which part of the path that time is spent. */
export class Latency {
  private readonly state = html('p', { class: 'state' });
  private readonly note = html('p', { class: 'quiet' });
  private readonly values = new Map<LatencyStage, HTMLElement>();

  constructor() {
    const figures = html('dl', { class: 'figures' });
    for (const [stage, name] of Object.entries(stageNames) as [LatencyStage, string][]) {
      const value = html('dd');
      this.values.set(stage, value);
      figures.append(html('div', { 'data-stage': stage }, html('dt', {}, name), value));
    }
    const title = html('h2', { id: 'latency-title' }, 'Latency, from the measurement to the screen');
    byId('latency').append(html('div', { class: 'title-row' }, title, this.state, this.note), figures);
  }

  show({ latency, clock }: Snapshot): void {
    byId('latency').hidden = latency === null;
    if (latency === null) return;
    for (const [stage, value] of this.values) setText(value, measureText(latency[stage]));
    const [state, words] = judged(latency.sampleAge, clock.speed !== null);
    setAttribute(byId('latency'), 'data-state', state);
    setText(this.state, words);
    const isFast = clock.speed !== 1;
    setText(this.note, isFast ? "in the replay's time, in which this machine's own work counts many times" : '');
  }
}

function measureText(measure: LatencyMeasure | null): string {
  return measure === null ? 'not known' : `p50 ${formatDelay(measure.p50Ms)}, p95 ${formatDelay(measure.p95Ms)}`;
}

/** @param isPaced false: the replay's time jumps as fast as messages are acknowledged, and ages with it */
function judged(measure: LatencyMeasure | null, isPaced: boolean): [state: string, words: string] {
  if (measure === null) return ['none', 'Nothing has come to the dashboard yet'];
  const p95 = `p95 is ${formatSpan(measure.p95Ms)}`;
  if (!isPaced) return ['none', `Not judged: ${p95}`];
  if (measure.p95Ms > breachMs) return ['breach', `Breach: ${p95}, above ${formatSpan(breachMs)}`];
  if (measure.p95Ms > warningMs) return ['warning', `Warning: ${p95}, above ${formatSpan(warningMs)}`];
  return ['good', `Good: ${p95}, within ${formatSpan(warningMs)}`];
}
