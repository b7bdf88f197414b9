import type { DashboardPatient, DashboardSnapshot, Snapshot } from '../snapshot';
import { DashboardRow } from './dashboardRow';
import { byId, html, setAttribute, setText } from './element';
import { feedItem } from './feeds';
import { formatCount, type WardTime } from './format';

const columns = [
  'Patient',
  'NEWS2',
  'Last 4 hours',
  'Within the hour',
  'Flag',
  'Not known',
  'Data',
  'Ward',
  'Care team',
];

/** What a patient is counted as; a score with parts missing is not counted as low. */
const risks = ['high', 'medium', 'low-medium', 'low', 'incomplete', 'not scored'] as const;
type Risk = (typeof risks)[number];

/** The dashboard of step 15, drawn from its own queries: patients by risk, trend, flags, and how old all of it is. */
export class Dashboard {
  private readonly refreshed = html('p', { class: 'quiet' });
  private readonly fault = html('p', { class: 'fault' });
  private readonly feeds = html('ul', { class: 'feeds', 'aria-label': 'How far the data are' });
  private readonly tiles = html('ul', { class: 'tiles', 'aria-label': 'Patients by risk' });
  private readonly counts = new Map<Risk, HTMLElement>();
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
    for (const risk of risks) this.addTile(risk);
    const titleRow = html('div', { class: 'title-row' }, title, what, this.refreshed);
    byId('dashboard').append(titleRow, this.fault, this.feeds, this.tiles, this.scroller);
  }

  show({ dashboard, clock }: Snapshot, time: WardTime): void {
    byId('dashboard').hidden = dashboard === null;
    if (dashboard === null) return;
    const now = Date.parse(clock.now);
    this.showState(dashboard, now, time);
    this.showCounts(dashboard.patients);
    this.showRows(dashboard.patients, now, time);
  }

  private showState({ refreshedAt, fault, feeds }: DashboardSnapshot, now: number, time: WardTime): void {
    setText(this.refreshed, refreshedAt === null ? 'not refreshed yet' : `refreshed at ${time.clock(refreshedAt)}`);
    setText(this.fault, fault === undefined ? '' : `Not refreshed now: ${fault}`);
    this.fault.hidden = fault === undefined;
    setAttribute(byId('dashboard'), 'data-state', fault === undefined ? 'live' : 'held');
    const items = feeds.map((feed) => feedItem(feed, feeds, now, time));
    const text = items.map((item) => item.outerHTML).join('');
    if (this.feeds.dataset.shown === text) return;
    this.feeds.dataset.shown = text;
    this.feeds.replaceChildren(...items);
  }

  private showCounts(patients: readonly DashboardPatient[]): void {
    this.tiles.hidden = patients.length === 0;
    for (const [risk, count] of this.counts) {
      const those = patients.filter((patient) => riskOf(patient) === risk).length;
      setText(count, formatCount(those));
      setAttribute(count.parentElement as HTMLElement, 'data-none', String(those === 0));
    }
  }

  private showRows(patients: readonly DashboardPatient[], now: number, time: WardTime): void {
    this.scroller.hidden = patients.length === 0;
    const gone = new Set(this.rows.keys());
    for (const [index, patient] of patients.entries()) {
      gone.delete(patient.patient);
      const row = this.rows.get(patient.patient) ?? new DashboardRow(patient.patient);
      this.rows.set(patient.patient, row);
      if (this.body.children[index] !== row.root) this.body.insertBefore(row.root, this.body.children[index] ?? null);
      row.show(patient, now, time);
    }
    for (const patient of gone) {
      this.rows.get(patient)?.root.remove();
      this.rows.delete(patient);
    }
  }

  private addTile(risk: Risk): void {
    const count = html('strong');
    this.counts.set(risk, count);
    this.tiles.append(html('li', { 'data-risk': risk.replace(' ', '-') }, count, html('span', {}, risk)));
  }
}

function riskOf({ score }: DashboardPatient): Risk {
  if (score === null) return 'not scored';
  return score.band === 'low' && !score.complete ? 'incomplete' : score.band;
}
