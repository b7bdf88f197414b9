import type { Snapshot, StepSnapshot } from '../snapshot';
import { type StepId, steps } from '../steps';
import { html, setText } from './element';
import { formatCount, formatDelay, formatRate, stepStatus } from './format';

/** Says in words what the chosen step is and does at the moment. */
export class StepDetail {
  readonly root = html('div', { id: 'step-detail' });
  private readonly title = html('h2');
  private readonly status = html('p');
  private readonly figures = html('dl', { class: 'figures' });
  private readonly values: Readonly<Record<string, HTMLElement>>;
  private chosen: StepId | undefined;

  constructor() {
    this.values = Object.fromEntries(
      ['messages', 'per second', 'delay p50', 'delay p95'].map((name) => {
        const value = html('dd');
        this.figures.append(html('div', {}, html('dt', {}, name), value));
        return [name, value];
      }),
    );
    this.root.append(this.title, this.status, this.figures);
  }

  choose(id: StepId | undefined, snapshot: Snapshot | undefined): void {
    this.chosen = id;
    if (snapshot) this.show(snapshot);
  }

  show(snapshot: Snapshot): void {
    const step = steps.find(({ id }) => id === this.chosen);
    const measured = snapshot.steps.find(({ id }) => id === this.chosen);
    const flows = measured?.state === 'active' || measured?.state === 'held';
    this.figures.hidden = !flows;
    this.root.dataset.path = step?.path ?? 'none';
    if (!step) {
      setText(this.title, 'The path of a vital sign');
      setText(this.status, overview(snapshot));
      return;
    }
    setText(this.title, `Step ${step.id}: ${step.does}`);
    setText(this.status, measured ? statusLine(measured) : 'comes with a later release');
    if (!measured || !flows) return;
    const { count, ratePerSecond, delayP50Ms, delayP95Ms } = measured;
    this.set('messages', formatCount(count));
    this.set('per second', formatRate(ratePerSecond).replace('/s', ''));
    this.set('delay p50', delayP50Ms === undefined ? 'not known' : formatDelay(delayP50Ms));
    this.set('delay p95', delayP95Ms === undefined ? 'not known' : formatDelay(delayP95Ms));
  }

  private set(name: string, text: string): void {
    const value = this.values[name];
    if (value) setText(value, text);
  }
}

/** Without the numbers, which stand below it. */
function statusLine(step: StepSnapshot): string {
  if (step.state === 'held') return `Held: ${step.reason ?? 'messages wait'}`;
  return step.state === 'active' ? '' : stepStatus(step);
}

function overview({ steps: measured }: Snapshot): string {
  const alive = measured.filter(({ state }) => state !== 'planned' && state !== 'absent').map(({ id }) => id);
  const held = measured.filter(({ state }) => state === 'held').map(({ id }) => id);
  const choose = 'Point at a badge, or reach one with the Tab and arrow keys, to read about its step.';
  if (held.length > 0) return `Messages wait at step ${held.join(', ')}. ${choose}`;
  if (alive.length === 0) return `No step is alive yet. ${choose}`;
  if (alive.length === steps.length) return `All 18 steps are alive. ${choose}`;
  const isAnyAbsent = measured.some(({ state }) => state === 'absent');
  const dashed = `Dashed parts come with a later release${isAnyAbsent ? ' or are not used by this program' : ''}.`;
  return `Alive: ${alive.length === 1 ? 'step' : 'steps'} ${alive.join(', ')}. ${dashed} ${choose}`;
}
