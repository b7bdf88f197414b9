import type { PatientSnapshot, Snapshot } from '../snapshot';
import { byId, html, setAttribute, setText, svg } from './element';
import { formatSpan, plural } from './format';
import { notApplicableText, scoreText } from './scoreWords';
import { vitalName } from './vitals';

/** A window is 5 minutes and closes 2 minutes later: from then on a clinician should see that the score is old. */
const staleAfterMs = 15 * 60_000;
const curve = { width: 190, height: 30, most: 20 };

interface Row {
  readonly root: HTMLTableRowElement;
  readonly cells: Readonly<Record<'score' | 'flag' | 'age' | 'missing', HTMLElement>>;
  readonly line: SVGPolylineElement;
  drawn: PatientSnapshot | undefined;
}

/** Patients with their last score, those most at risk first. A score with parts missing is never shown as low. */
export class PatientsTable {
  private readonly summary = html('p', { class: 'quiet' });
  private readonly body = html('tbody');
  private readonly scroller: HTMLElement;
  private readonly rows = new Map<string, Row>();

  constructor() {
    const title = html('h2', { id: 'patients-title' }, 'Patients');
    const names = ['Patient', 'NEWS2', 'Flag', 'Window ended', 'Not known', 'Last hours'];
    const head = html('tr', {}, ...names.map((name) => html('th', { scope: 'col' }, name)));
    const table = html('table', { 'aria-labelledby': 'patients-title' }, html('thead', {}, head), this.body);
    const focusable = { class: 'scroller', tabindex: 0, role: 'region', 'aria-label': 'Table of patients' };
    this.scroller = html('div', focusable, table);
    byId('patients').append(html('div', { class: 'title-row' }, title, this.summary), this.scroller);
  }

  show({ patients, clock, dashboard }: Snapshot): void {
    // Those whom the dashboard shows are the same ones.
    byId('patients').hidden = dashboard !== null;
    const flagged = patients.filter(({ flag }) => flag !== null).length;
    const counts = `${plural(patients.length, 'patient')}, ${plural(flagged, 'flag')}`;
    setText(this.summary, patients.length === 0 ? 'No window has been scored yet.' : counts);
    this.scroller.hidden = patients.length === 0;
    const gone = new Set(this.rows.keys());
    for (const [index, patient] of patients.entries()) {
      gone.delete(patient.patient);
      this.showPatient(patient, index, Date.parse(clock.now));
    }
    for (const patient of gone) {
      this.rows.get(patient)?.root.remove();
      this.rows.delete(patient);
    }
  }

  private showPatient(patient: PatientSnapshot, index: number, now: number): void {
    const row = this.rows.get(patient.patient) ?? this.addRow(patient.patient);
    if (this.body.children[index] !== row.root) this.body.insertBefore(row.root, this.body.children[index] ?? null);
    const ageMs = now - Date.parse(patient.windowEnd);
    const isStale = ageMs > staleAfterMs;
    setText(row.cells.age, `${formatSpan(ageMs)} ago${isStale ? ', stale' : ''}`);
    setAttribute(row.root, 'data-stale', String(isStale));
    if (row.drawn === patient) return;
    setText(row.cells.score, scoreOf(patient));
    setText(row.cells.flag, patient.flag ?? 'none');
    setAttribute(row.root, 'data-flag', patient.flag ?? 'none');
    setText(row.cells.missing, missingText(patient));
    setAttribute(row.line, 'points', pointsOf(patient.scores));
    row.drawn = patient;
  }

  private addRow(patient: string): Row {
    const name = html('th', { scope: 'row', title: patient }, html('span', { class: 'device-id' }, patient));
    const cells = {
      score: html('td', { class: 'score' }),
      flag: html('td', { class: 'flag' }),
      age: html('td', { class: 'age' }),
      missing: html('td', { class: 'age' }),
    };
    const line = svg('polyline', { class: 'scores' });
    const drawing = svg('svg', {
      viewBox: `0 0 ${curve.width} ${curve.height}`,
      width: curve.width,
      height: curve.height,
    });
    drawing.append(line);
    const { score, flag, age, missing } = cells;
    const root = html('tr', { 'data-patient': patient }, name, score, flag, age, missing);
    root.append(html('td', { class: 'curve', 'aria-hidden': 'true' }, drawing));
    this.body.append(root);
    const row: Row = { root, cells, line, drawn: undefined };
    this.rows.set(patient, row);
    return row;
  }
}

function scoreOf({ score, notApplicable }: PatientSnapshot): string {
  if (notApplicable.length > 0) return notApplicableText(notApplicable);
  if (score === null || score.known === 0) return 'no data';
  return score.complete ? scoreText(score) : `${scoreText(score)}, ${score.known} of 7`;
}

function missingText({ dataGap }: PatientSnapshot): string {
  return dataGap.length === 0 ? '' : `no ${dataGap.map(vitalName).join(', no ')}`;
}

/** What the score was at least, window by window; a window without one breaks nothing and is left out. */
function pointsOf(scores: readonly (number | null)[]): string {
  const step = curve.width / Math.max(1, scores.length - 1);
  const y = (score: number) => (curve.height - 2) * (1 - Math.min(score, curve.most) / curve.most) + 1;
  return scores
    .flatMap((score, index) => (score === null ? [] : [`${(index * step).toFixed(1)},${y(score).toFixed(1)}`]))
    .join(' ');
}
