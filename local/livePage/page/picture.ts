import type { Measure, Snapshot, StepSnapshot } from '../snapshot';
import { type PathColour, type StepId, steps } from '../steps';
import { type Arrow, arrows, box, type NodeId, nodes, type Point, pictureSize } from './architecture';
import { badge } from './badge';
import { setAttribute, setText, svg } from './element';
import { delayTexts, formatCount, formatRate, formatShortCount, stepStatus } from './format';
import { icon } from './icons';
import { pulse } from './pulse';

const pathOf = new Map<string, PathColour>(steps.map((step) => [step.id, step.path]));
const doesOf = new Map<string, string>(steps.map((step) => [step.id, step.does]));
const isAlive = (step: StepSnapshot | undefined): boolean =>
  step !== undefined && step.state !== 'planned' && step.state !== 'absent';

interface DrawnArrow {
  readonly arrow: Arrow;
  readonly group: SVGGElement;
  /** The badge which stands for the step; only the first arrow of a step has it. */
  readonly button: SVGGElement | undefined;
  readonly label: readonly SVGTextElement[];
  seen: number | undefined;
}

/** The picture of the architecture: boxes, and arrows whose badges can be chosen with mouse and keys. */
export class Picture {
  readonly root: SVGSVGElement;
  private readonly boxes = new Map<NodeId, SVGGElement>();
  private readonly drawn: readonly DrawnArrow[];
  private readonly consumer = svg('text', { class: 'consumer' });

  constructor(onChoose: (id: StepId | undefined) => void) {
    const { width, height } = pictureSize;
    const label = 'Architecture, left to right. Arrow keys go from step to step.';
    this.root = svg('svg', { viewBox: `0 0 ${width} ${height}`, role: 'group', 'aria-label': label }, arrowHeads());
    this.root.append(enrolmentLine());
    for (const id of Object.keys(nodes) as NodeId[]) this.drawBox(id);
    const reader = box('devicedata');
    placeAt(this.consumer, { x: reader.x + 3, y: reader.y + reader.height + 20 });
    this.root.append(this.consumer);
    this.drawn = arrows.map((arrow, index) => this.drawArrow(arrow, index));
    this.listen(onChoose);
  }

  show({ steps: shown, consumer }: Snapshot): void {
    const byStep = new Map(shown.map((step) => [step.id, step]));
    for (const [id, group] of this.boxes) {
      const alive = nodes[id].steps.some((step) => isAlive(byStep.get(step)));
      const absent = !alive && nodes[id].steps.every((step) => byStep.get(step)?.state === 'absent');
      setAttribute(group, 'data-alive', String(alive));
      setAttribute(group, 'data-absent', String(absent));
      const state = alive ? '' : absent ? ', not used by this program' : ', comes with a later release';
      setAttribute(group, 'aria-label', `${nodes[id].name}, ${nodes[id].kind}${state}`);
    }
    for (const drawn of this.drawn) this.showArrow(drawn, byStep.get(drawn.arrow.step));
    setText(this.consumer, consumer ? readText(consumer) : '');
  }

  private drawBox(id: NodeId): void {
    const { x, y, width, height } = box(id);
    const { name, kind, icon: iconName } = nodes[id];
    const group = svg('g', { class: 'box', role: 'img', 'data-node': id, transform: `translate(${x} ${y})` });
    group.append(
      svg('rect', { width, height, rx: 10 }),
      svg('g', { transform: `translate(${width - 31} 35)` }, icon(iconName)),
      svg('text', { class: 'name', x: 11, y: 26 }, name),
      svg('text', { class: 'kind', x: 11, y: 50 }, kind),
    );
    this.boxes.set(id, group);
    this.root.append(group);
  }

  private drawArrow(arrow: Arrow, index: number): DrawnArrow {
    const path = pathOf.get(arrow.step) ?? 'blue';
    const isFirst = arrows.findIndex(({ step }) => step === arrow.step) === index;
    const ends = { 'marker-end': 'url(#head)', ...(arrow.both ? { 'marker-start': 'url(#head)' } : {}) };
    const points = arrow.points.map(({ x, y }) => `${x},${y}`).join(' ');
    const group = svg('g', { class: `arrow ${path}` }, svg('polyline', { class: 'line', points, ...ends }));
    const sign = badge(path, arrow.step);
    sign.setAttribute('transform', `translate(${arrow.badge.x} ${arrow.badge.y})`);
    const label = isFirst ? labelTexts(arrow) : [];
    group.append(...label, sign);
    if (isFirst) {
      for (const [name, value] of Object.entries({ role: 'button', 'data-step': arrow.step })) {
        sign.setAttribute(name, value);
      }
      sign.setAttribute('tabindex', index === 0 ? '0' : '-1');
    } else sign.setAttribute('aria-hidden', 'true');
    this.root.append(group);
    return { arrow, group, button: isFirst ? sign : undefined, label, seen: undefined };
  }

  private showArrow(drawn: DrawnArrow, step: StepSnapshot | undefined): void {
    const { arrow, group, button, label } = drawn;
    const isBox = (id: NodeId, state: 'alive' | 'absent') =>
      this.boxes.get(id)?.getAttribute(`data-${state}`) === 'true';
    // What a later release brings is drawn to: its hub is there already, and anybody may read it.
    const alive = isAlive(step) && isBox(arrow.from, 'alive') && !isBox(arrow.to, 'absent');
    setAttribute(group, 'data-state', alive ? (step?.state ?? 'planned') : 'planned');
    const texts = alive && step ? labelLines(step, arrow) : [];
    label.forEach((text, line) => {
      setText(text, texts[line] ?? '');
    });
    if (button && document.activeElement !== button) {
      const path = pathOf.get(arrow.step);
      const status = step ? stepStatus(step) : 'comes with a later release';
      setAttribute(button, 'aria-label', `Step ${arrow.step}, ${path} path: ${doesOf.get(arrow.step)}; ${status}`);
    }
    const passed = step && drawn.seen !== undefined ? step.count - drawn.seen : 0;
    if (alive && passed > 0) pulse(group, arrow.points, passed);
    drawn.seen = step?.count;
  }

  private listen(onChoose: (id: StepId | undefined) => void): void {
    const buttons = this.drawn.flatMap(({ button }) => (button ? [button] : []));
    const choose = (button: SVGGElement | undefined) => {
      for (const each of buttons) setAttribute(each, 'aria-pressed', String(each === button));
      onChoose(button?.dataset.step as StepId | undefined);
    };
    for (const [index, button] of buttons.entries()) {
      button.addEventListener('focus', () => choose(button));
      button.addEventListener('pointerenter', () => choose(button));
      button.addEventListener('click', () => button.focus());
      button.addEventListener('keydown', (event) => {
        const target = buttons[targetIndex(event.key, index, buttons.length)];
        if (event.key === 'Escape') choose(undefined);
        if (!target || target === button) return;
        event.preventDefault();
        button.setAttribute('tabindex', '-1');
        target.setAttribute('tabindex', '0');
        target.focus();
      });
    }
  }
}

function targetIndex(key: string, index: number, length: number): number {
  if (key === 'ArrowRight' || key === 'ArrowDown') return Math.min(index + 1, length - 1);
  if (key === 'ArrowLeft' || key === 'ArrowUp') return Math.max(index - 1, 0);
  if (key === 'Home') return 0;
  return key === 'End' ? length - 1 : index;
}

function placeAt(text: SVGTextElement, { x, y }: Point): void {
  text.setAttribute('x', String(x));
  text.setAttribute('y', String(y));
}

const labelOffsets: Readonly<Record<Arrow['label'], readonly Point[]>> = {
  around: [
    { x: 0, y: -34 },
    { x: 0, y: -20 },
    { x: 0, y: 28 },
    { x: 0, y: 41 },
  ],
  beside: [
    { x: 21, y: -17 },
    { x: 21, y: -3 },
    { x: 21, y: 11 },
    { x: 21, y: 24 },
  ],
  narrow: [{ x: 4, y: 28 }],
  none: [],
};

function labelTexts({ badge: centre, label }: Arrow): SVGTextElement[] {
  return labelOffsets[label].map((offset, line) => {
    const text = svg('text', { class: line === 0 ? 'count' : 'figure', 'aria-hidden': 'true' });
    text.classList.add(label);
    placeAt(text, { x: centre.x + offset.x, y: centre.y + offset.y });
    return text;
  });
}

function labelLines(step: StepSnapshot, { label }: Arrow): string[] {
  if (step.state === 'held') return ['held', `${formatCount(step.count)} so far`];
  if (label === 'narrow') return [formatShortCount(step.count)];
  return [formatCount(step.count), formatRate(step.ratePerSecond), ...delayTexts(step)];
}

function readText(consumer: Measure): string {
  const [p50] = delayTexts(consumer);
  return `${formatCount(consumer.count)} read${p50 ? ` · ${p50}` : ''}`;
}

function arrowHeads(): SVGElement {
  const size = {
    viewBox: '0 0 10 10',
    refX: 9,
    refY: 5,
    markerWidth: 7,
    markerHeight: 7,
    markerUnits: 'userSpaceOnUse',
  };
  const marker = svg('marker', {
    id: 'head',
    orient: 'auto-start-reverse',
    ...size,
    markerWidth: 11,
    markerHeight: 11,
  });
  marker.append(svg('path', { d: 'M1 1 9 5 1 9', class: 'head' }));
  return svg('defs', {}, marker);
}

/** Devices enrol through DPS before the first step; the architecture gives that no number. */
function enrolmentLine(): SVGElement {
  const [devices, dps] = [box('devices'), box('dps')];
  const x = devices.x + devices.width / 2;
  return svg('line', { class: 'enrolment', x1: x, x2: x, y1: devices.y + devices.height, y2: dps.y });
}
