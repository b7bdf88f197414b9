import type { DashboardPatient } from '../snapshot';
import { html, setAttribute, setText } from './element';
import { formatSpan, type WardTime } from './format';
import { TrendCurve } from './trendCurve';
import { vitalName } from './vitals';

const minuteMs = 60_000;
/** From when on what is on the screen must not look like news. */
const staleAfterMs = 15 * minuteMs;
const noDataAfterMs = 30 * minuteMs;

const partNames: Readonly<Record<string, string>> = {
  resp: 'respiration',
  spo2: 'SpO₂',
  oxygen: 'air or oxygen',
  sbp: 'blood pressure',
  pulse: 'pulse',
  consciousness: 'consciousness',
  temp: 'temperature',
};

/** One patient of the dashboard. */
export class DashboardRow {
  readonly root: HTMLTableRowElement;
  private readonly cells = {
    risk: html('td', { class: 'risk' }),
    score: html('td', { class: 'score' }),
    change: html('td', { class: 'age' }),
    flag: html('td', { class: 'flag' }),
    missing: html('td', { class: 'missing' }),
    age: html('td', { class: 'age data-age' }),
    where: html('td', { class: 'missing' }),
  };
  private readonly curve = new TrendCurve();
  private drawn: DashboardPatient | undefined;

  constructor(label: string) {
    const { risk, score, change, flag, missing, age, where } = this.cells;
    const header = html('th', { scope: 'row', title: label }, html('span', { class: 'device-id' }, label));
    const curve = html('td', { class: 'curve', 'aria-hidden': 'true' }, this.curve.root);
    this.root = html('tr', { 'data-patient': label });
    this.root.append(header, risk, score, flag, age, curve, change, missing, where);
  }

  /** @param now virtual time: data grow old also while the dashboard is not refreshed */
  show(patient: DashboardPatient, now: number, time: WardTime): void {
    this.showAge(patient, now);
    if (patient === this.drawn) return;
    this.drawn = patient;
    const { risk, score, ward, careTeam, flag, flaggedAt, changeInHour, trend } = patient;
    setText(this.cells.risk, risk);
    setText(this.cells.score, score);
    setText(this.cells.change, changeInHour === null ? '' : signed(changeInHour));
    const since = flaggedAt === null ? '' : ` since ${time.clock(flaggedAt).slice(0, 5)}`;
    setText(this.cells.flag, flag === null ? 'none' : `${flag}${since}`);
    setText(this.cells.missing, wordsOfMissing(patient));
    setText(this.cells.where, [ward, careTeam].filter((text) => text !== '').join(', '));
    setAttribute(this.root, 'data-flag', flag ?? 'none');
    this.curve.show(trend);
  }

  private showAge({ lastSampleAt }: DashboardPatient, now: number): void {
    const ageMs = lastSampleAt === null ? undefined : now - Date.parse(lastSampleAt);
    const state = ageMs === undefined || ageMs > noDataAfterMs ? 'no-data' : ageMs > staleAfterMs ? 'stale' : 'current';
    setAttribute(this.root, 'data-age', state);
    setText(this.cells.age, ageMs === undefined ? 'never measured' : ageWords(ageMs, state));
  }
}

function ageWords(ageMs: number, state: string): string {
  const ago = `${formatSpan(ageMs)} ago`;
  return state === 'current' ? ago : state === 'stale' ? `stale: ${ago}` : `no data: last ${ago}`;
}

function wordsOfMissing({ missing, dataGap }: DashboardPatient): string {
  const gap = dataGap.length === 0 ? [] : [`no ${dataGap.map(vitalName).join(', no ')} for two windows`];
  const parts = missing.map((part) => partNames[part] ?? part);
  return [...gap, ...(parts.length === 0 ? [] : [parts.join(', ')])].join('; ');
}

function signed(change: number): string {
  if (change === 0) return 'no change';
  return change > 0 ? `▲ up ${change}` : `▼ down ${-change}`;
}
