import type { EndpointSnapshot, FunctionSnapshot, Place, Snapshot, StepSnapshot } from '../snapshot';
import { paths, steps } from '../steps';
import { badge, shapeNames } from './badge';
import { byId, html, setText, svg } from './element';
import { plural, stepStatus } from './format';

/** The lists below the picture: health of endpoints and functions, where things are, and the 18 steps in words. */
export class Lists {
  private readonly endpoints = html('ul');
  private readonly functions = html('ul');
  private readonly noPlaces = html('p', { class: 'quiet' }, 'Nothing is up yet.');
  private readonly places = html('dl');
  private readonly statusOf = new Map<string, HTMLElement>();
  private shown = '';

  constructor() {
    byId('endpoints').append(html('h2', { id: 'endpoints-title' }, 'Routing endpoints'), this.endpoints);
    byId('functions').append(html('h2', { id: 'functions-title' }, 'Functions'), this.functions);
    byId('places').append(html('h2', { id: 'places-title' }, 'Where things are'), this.noPlaces, this.places);
    byId('steps').append(html('h2', { id: 'steps-title' }, 'The 18 steps'), this.stepColumns());
  }

  show(snapshot: Snapshot): void {
    for (const step of snapshot.steps) this.showStep(step);
    const shown = JSON.stringify([snapshot.endpoints, snapshot.functions, snapshot.places]);
    if (shown === this.shown) return;
    this.shown = shown;
    const { endpoints, functions, places } = snapshot;
    fill(this.endpoints, endpoints.map(endpointItem));
    fill(this.functions, functions.map(functionItem));
    this.places.replaceChildren(...places.map(placeItem));
    this.places.hidden = places.length === 0;
    this.noPlaces.hidden = places.length > 0;
  }

  private showStep(step: StepSnapshot): void {
    const status = this.statusOf.get(step.id);
    if (!status) return;
    setText(status, stepStatus(step));
    const item = status.closest('li');
    if (item) item.dataset.state = step.state;
  }

  private stepColumns(): HTMLElement {
    const columns = paths.map(({ colour, name, range }) => {
      const items = steps
        .filter(({ path }) => path === colour)
        .map((step) => this.stepItem(step.id, colour, step.does));
      const sign = `${colour} ${shapeNames[colour]}s, ${range}`;
      const title = html('h3', {}, name, ' ', html('small', {}, sign));
      return html('div', { class: colour }, title, html('ol', {}, ...items));
    });
    return html('div', { class: 'paths' }, ...columns);
  }

  private stepItem(id: string, path: (typeof paths)[number]['colour'], does: string): HTMLElement {
    const sign = svg('svg', {
      viewBox: '-18.5 -18.5 37 37',
      width: 30,
      height: 30,
      role: 'img',
      'aria-label': `Step ${id}`,
    });
    sign.append(badge(path, id));
    const status = html('span', { class: 'status' }, 'comes with a later release');
    this.statusOf.set(id, status);
    return html('li', { 'data-state': 'planned' }, sign, html('div', {}, does, status));
  }
}

function fill(list: HTMLElement, items: readonly HTMLElement[]): void {
  list.replaceChildren(...(items.length > 0 ? items : [html('li', { class: 'quiet' }, 'None yet.')]));
}

const endpointWords: Readonly<Record<EndpointSnapshot['state'], string>> = {
  unknown: 'unknown: nothing has been routed to it yet',
  healthy: 'healthy',
  held: 'held',
};

function endpointItem({ name, target, state, waiting, reason }: EndpointSnapshot): HTMLElement {
  const words = [endpointWords[state] + (reason ? `: ${reason}` : ''), ...waitingWords(waiting)];
  return stateItem(state, name, target, words);
}

const functionWords: Readonly<Record<FunctionSnapshot['state'], string>> = {
  starting: 'starting',
  healthy: 'running',
  held: 'held',
};

function functionItem({ name, app, state, invocations, waiting, reason }: FunctionSnapshot): HTMLElement {
  const words = [
    functionWords[state] + (reason ? `: ${reason}` : ''),
    plural(invocations, 'invocation'),
    ...waitingWords(waiting),
  ];
  return stateItem(state === 'starting' ? 'unknown' : state, name, app, words);
}

function waitingWords(waiting: number): string[] {
  return waiting > 0 ? [plural(waiting, 'message waits', 'messages wait')] : [];
}

function stateItem(state: EndpointSnapshot['state'], name: string, where: string, words: string[]): HTMLElement {
  const item = html('li', { 'data-state': state }, html('strong', {}, name), html('span', { class: 'quiet' }, where));
  item.append(html('span', { class: 'status' }, words.join('; ')));
  return item;
}

function placeItem({ name, value }: Place): HTMLElement {
  const isLink = /^https?:\/\//.test(value);
  const shown = isLink
    ? html('a', { href: value, rel: 'noreferrer', target: '_blank' }, value)
    : html('code', {}, value);
  const copy = html('button', { type: 'button', 'aria-label': `Copy ${name}` }, 'Copy');
  copy.addEventListener('click', async () => {
    await navigator.clipboard.writeText(value).then(
      () => setText(copy, 'Copied'),
      () => setText(copy, 'Not allowed'),
    );
    setTimeout(() => setText(copy, 'Copy'), 1500);
  });
  return html('div', {}, html('dt', {}, name), html('dd', {}, shown, copy));
}
