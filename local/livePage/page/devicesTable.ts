import type { DeviceSnapshot, Snapshot } from '../snapshot';
import { byId, html, setAttribute, setText } from './element';
import { formatSpan, plural } from './format';
import { Sparkline } from './sparkline';
import { vitalLabel, vitalsIn, vitalUnit } from './vitals';

const columnsShown = 6;
/** A monitor sends every minute or more often: after five, a clinician should see that it is silent. */
const silentAfterMs = 5 * 60_000;
const digits = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });

interface Row {
  readonly root: HTMLTableRowElement;
  readonly age: HTMLElement;
  readonly values: Map<string, HTMLElement>;
  readonly sparkline: Sparkline;
  drawn: DeviceSnapshot | undefined;
}

/** Devices with their newest values, the age of these in virtual time, and a curve of the vital sign that is chosen. */
export class DevicesTable {
  private readonly summary = html('p', { class: 'quiet' });
  private readonly choice = html('select', { id: 'vital' });
  private readonly chooser = html('label', { class: 'chooser', for: 'vital' }, 'Curve of ', this.choice);
  private readonly head = html('thead');
  private readonly body = html('tbody');
  private readonly scroller: HTMLElement;
  private readonly rows = new Map<string, Row>();
  private columns: readonly string[] = [];
  private latest: Snapshot | undefined;

  constructor() {
    const title = html('h2', { id: 'devices-title' }, 'Devices');
    const table = html('table', {}, this.head, this.body);
    table.setAttribute('aria-labelledby', 'devices-title');
    const focusable = { class: 'scroller', tabindex: 0, role: 'region', 'aria-label': 'Table of devices' };
    this.scroller = html('div', focusable, table);
    byId('devices').append(html('div', { class: 'title-row' }, title, this.summary, this.chooser), this.scroller);
    this.choice.addEventListener('change', () => {
      for (const row of this.rows.values()) row.drawn = undefined;
      if (this.latest) this.show(this.latest);
    });
  }

  show(snapshot: Snapshot): void {
    this.latest = snapshot;
    const { devices } = snapshot;
    setText(this.summary, devices.length === 0 ? 'No device has sent yet.' : plural(devices.length, 'device'));
    this.chooser.hidden = devices.length === 0;
    this.scroller.hidden = devices.length === 0;
    this.showColumns(vitalsIn(devices.flatMap((device) => Object.keys(device.latest))));
    const gone = new Set(this.rows.keys());
    const collator = new Intl.Collator('en', { numeric: true });
    const sorted = [...devices].sort((a, b) => collator.compare(a.deviceId, b.deviceId));
    for (const [index, device] of sorted.entries()) {
      gone.delete(device.deviceId);
      this.showDevice(device, index, Date.parse(snapshot.clock.now));
    }
    for (const deviceId of gone) this.removeRow(deviceId);
  }

  private showColumns(vitals: readonly string[]): void {
    const known = [...this.choice.options].map((option) => option.value);
    if (known.join() === vitals.join()) return;
    const chosen = this.choice.value;
    this.choice.replaceChildren(...vitals.map((vital) => html('option', { value: vital }, vitalLabel(vital))));
    this.choice.value = vitals.includes(chosen) ? chosen : (vitals[0] ?? '');
    this.columns = vitals.slice(0, columnsShown);
    const heads = this.columns.map((vital) =>
      html('th', { scope: 'col', class: 'number' }, vitalLabel(vital), html('small', {}, vitalUnit(vital))),
    );
    const [device, age] = ['Device', 'Last value'].map((name) => html('th', { scope: 'col' }, name));
    this.head.replaceChildren(html('tr', {}, device ?? '', age ?? '', ...heads, html('th', { scope: 'col' }, 'Curve')));
    for (const deviceId of [...this.rows.keys()]) this.removeRow(deviceId);
  }

  private showDevice(device: DeviceSnapshot, index: number, now: number): void {
    const row = this.rows.get(device.deviceId) ?? this.addRow(device.deviceId);
    if (this.body.children[index] !== row.root) this.body.insertBefore(row.root, this.body.children[index] ?? null);
    const ageMs = now - Date.parse(device.lastTime);
    const silent = ageMs > silentAfterMs;
    setText(row.age, silent ? `silent for ${formatSpan(ageMs)}` : `${formatSpan(ageMs)} ago`);
    setAttribute(row.root, 'data-silent', String(silent));
    if (row.drawn === device) return;
    for (const [vital, cell] of row.values) {
      const value = device.latest[vital];
      setText(cell, value === undefined ? '–' : digits.format(value));
    }
    row.sparkline.show(device, this.choice.value);
    row.drawn = device;
  }

  private addRow(deviceId: string): Row {
    const name = html('th', { scope: 'row', title: deviceId }, html('span', { class: 'device-id' }, deviceId));
    const age = html('td', { class: 'age' });
    const values = new Map(this.columns.map((vital) => [vital, html('td', { class: 'number' })]));
    const curve = html('td', { class: 'curve', 'aria-hidden': 'true' });
    const root = html('tr', { 'data-device': deviceId }, name, age, ...values.values(), curve);
    this.body.append(root);
    const row: Row = { root, age, values, sparkline: new Sparkline(curve), drawn: undefined };
    this.rows.set(deviceId, row);
    return row;
  }

  private removeRow(deviceId: string): void {
    const row = this.rows.get(deviceId);
    row?.sparkline.remove();
    row?.root.remove();
    this.rows.delete(deviceId);
  }
}
