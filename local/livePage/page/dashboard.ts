import type { DashboardPatient, DashboardSnapshot, Snapshot } from '../snapshot';
import { DashboardRow } from './dashboardRow';
import { byId, html, setAttribute, setText } from './element';
import { feedItem } from './feeds';
import { formatCount, type WardTime } from './format';

const columns = ['Patient', 'Risk', 'NEWS2', 'Flag', 'Data', 'Last 4 hours', 'In the hour', 'Not known', 'Where'];

/** The dashboard of step 15, drawn from its own queries: patients by risk, trend, flags, and how old all of it is. */
export class Dashboard {
  private readonly refreshed = html('p', { class: 'quiet' });
  private readonly fault = html('p', { class: 'fault' });
  private readonly feeds = html('ul', { class: 'feeds', 'aria-label': 'How far the data are' });
  private readonly tiles = html('ul', { class: 'tiles', 'aria-label': 'Patients by risk' });
  private readonly cards = html('dl', { class: 'figures' });
  private readonly body = html('tbody');
  private readonly scroller: HTMLElement;
  private readonly rows = new Map<string, DashboardRow>();

  constructor() {
    const title = html('h2', { id: 'dashboard-title' }, 'Dashboard');
    const what = html('p', { class: 'quiet' }, 'as the care team has it in Power BI, from the same queries');
    const head = html('tr', {}, ...columns.map((name) => html('th', { scope: 'col' }, name)));
    const table = html('table', { 'aria-labelledby': 'dashboard-title' }, html('thead', {}, head), this.body);
    const focusable = { class: 'scroller', tabindex: 0, role: 'region', 'aria-label': 'Table of the dashboard' };
    this.scroller = html('div', focusable, table);
    const titleRow = html('div', { class: 'title-row' }, title, what, this.refreshed);
    byId('dashboard').append(titleRow, this.fault, this.feeds, this.cards, this.tiles, this.scroller);
  }

  show({ dashboard, clock }: Snapshot, time: WardTime): void {
    byId('dashboard').hidden = dashboard === null;
    if (dashboard === null) return;
    const now = Date.parse(clock.now);
    this.showState(dashboard, now, time);
    this.showCounts(dashboard);
    this.showRows(dashboard.patients, now, time);
  }

  private showState({ refreshedAt, fault, feeds }: DashboardSnapshot, now: number, time: WardTime): void {
    setText(this.refreshed, refreshedAt === null ? 'not refreshed yet' : `refreshed at ${time.clock(refreshedAt)}`);
    setText(this.fault, fault === undefined ? '' : `Not refreshed now: ${fault}`);
    this.fault.hidden = fault === undefined;
    setAttribute(byId('dashboard'), 'data-state', fault === undefined ? 'live' : 'held');
    fill(
      this.feeds,
      feeds.map((feed) => feedItem(feed, now, time)),
    );
  }

  private showCounts({ cards, risks }: DashboardSnapshot): void {
    this.tiles.hidden = risks.length === 0;
    fill(
      this.cards,
      cards.map(({ title, value }) => html('div', {}, html('dt', {}, title), html('dd', {}, value))),
    );
    fill(this.tiles, risks.map(riskTile));
  }

  private showRows(patients: readonly DashboardPatient[], now: number, time: WardTime): void {
    this.scroller.hidden = patients.length === 0;
    const gone = new Set(this.rows.keys());
    for (const [index, patient] of patients.entries()) {
      gone.delete(patient.label);
      const row = this.rows.get(patient.label) ?? new DashboardRow(patient.label);
      this.rows.set(patient.label, row);
      if (this.body.children[index] !== row.root) this.body.insertBefore(row.root, this.body.children[index] ?? null);
      row.show(patient, now, time);
    }
    for (const patient of gone) {
      this.rows.get(patient)?.root.remove();
      this.rows.delete(patient);
    }
  }
}

/** `medium or more` looks as medium does; `low or more` must not look as low does. */
function riskTile({ risk, patients }: DashboardSnapshot['risks'][number]): HTMLElement {
  const level = risk === 'low or more' ? 'unknown' : risk.replace(' or more', '');
  return html('li', { 'data-risk': level }, html('strong', {}, formatCount(patients)), html('span', {}, risk));
}

/** Leaves the document alone when nothing changes. */
function fill(list: HTMLElement, items: readonly HTMLElement[]): void {
  const text = items.map((item) => item.outerHTML).join('');
  if (list.dataset.shown === text) return;
  list.dataset.shown = text;
  list.replaceChildren(...items);
}
