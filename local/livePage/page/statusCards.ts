import { isGood, type Verdict, type WrittenDown } from '../../judge/verdict';
import type { ClockSnapshot, ReplaySnapshot, Snapshot } from '../snapshot';
import { byId, html, setText } from './element';
import { formatCount, formatDelay, plural, type WardTime } from './format';

/** The three cards on top: virtual clock, replay, verdict of the judge. */
export class StatusCards {
  private readonly clock = html('p', { class: 'large' });
  private readonly day = html('p', { class: 'quiet' });
  private readonly mode = html('p', { class: 'quiet' });
  private readonly replay = html('p', { class: 'large' });
  private readonly replayNote = html('p', { class: 'quiet' });
  private readonly progress = html('progress', { max: 1, 'aria-labelledby': 'replay-title' });
  private readonly verdict = html('p', { class: 'large' });
  private readonly verdictNote = html('p', { class: 'quiet' });
  private readonly counts = html('dl', { class: 'figures' });

  constructor() {
    card('clock', 'Virtual clock', this.clock, this.day, this.mode);
    card('replay', 'Replay', this.replay, this.progress, this.replayNote);
    card('verdict', 'Verdict of the judge', this.verdict, this.verdictNote, this.counts);
  }

  show(snapshot: Snapshot, time: WardTime): void {
    const { now, timeZone } = snapshot.clock;
    setText(this.clock, time.clock(now));
    setText(this.day, `${time.day(now)} · ${timeZone}`);
    setText(this.mode, speedWords(snapshot.clock));
    this.showReplay(snapshot, time);
    this.showVerdict(snapshot.verdict, snapshot.replay);
  }

  private showReplay({ replay, cloud }: Snapshot, time: WardTime): void {
    this.progress.hidden = replay === null;
    byId('replay').dataset.state = replay?.state ?? 'none';
    if (!replay) {
      setText(this.replay, cloud.state === 'starting' ? 'Starting' : 'Nothing is replayed');
      setText(this.replayNote, cloud.message ?? 'Devices of your own may send.');
      return;
    }
    this.progress.value = replay.progress;
    setText(
      this.replay,
      `${stateWords[replay.state]}${replay.state === 'running' ? ` ${percent(replay.progress)}` : ''}`,
    );
    const span = `${time.dayAndClock(replay.from)} to ${time.dayAndClock(replay.to)}`;
    setText(this.replayNote, [replay.source, replay.message ?? span].join(' · '));
  }

  private showVerdict(verdict: Verdict | null, replay: ReplaySnapshot | null): void {
    byId('verdict').dataset.state = verdict ? (isGood(verdict) ? 'good' : 'bad') : 'none';
    setText(this.verdict, verdict ? verdictWords(verdict) : 'Not judged yet');
    this.counts.hidden = verdict === null;
    this.verdictNote.hidden = verdict !== null;
    const ends = replay ? 'The judge reads the stores when the replay has ended.' : 'A replay is judged when it ends.';
    setText(this.verdictNote, ends);
    if (!verdict) return;
    const figures = verdictFigures(verdict);
    const text = JSON.stringify(figures);
    if (this.counts.dataset.shown === text) return;
    this.counts.dataset.shown = text;
    this.counts.replaceChildren(
      ...figures.map(([name, count, isFault]) =>
        html('div', isFault ? { class: 'fault' } : {}, html('dt', {}, name), html('dd', {}, count)),
      ),
    );
  }
}

function card(id: string, title: string, ...children: HTMLElement[]): void {
  byId(id).append(html('h2', { id: `${id}-title` }, title), ...children);
}

const stateWords: Readonly<Record<ReplaySnapshot['state'], string>> = {
  starting: 'Devices connect',
  running: 'Running',
  judging: 'All sent, the judge reads',
  finished: 'Finished',
  failed: 'Ended early',
};

function percent(share: number): string {
  return `${Math.floor(share * 100)} %`;
}

function speedWords({ speed }: ClockSnapshot): string {
  if (speed === null) return 'runs as fast as messages are acknowledged';
  return speed === 1 ? 'runs in real time' : `runs ${formatCount(speed)} times as fast as real time`;
}

/** `Nothing lost, nothing duplicated`, or `3 messages lost, 1 duplicated`. */
export function verdictWords({ lost, duplicated, wrong, deadLettered, values, windows, hotPath }: Verdict): string {
  const inRecord = [
    ...(values.lost > 0 ? [`${plural(values.lost, 'value')} lost in FHIR`] : []),
    ...(values.duplicated > 0 ? [`${plural(values.duplicated, 'value')} doubled in FHIR`] : []),
    ...(values.wrong > 0 ? [`${plural(values.wrong, 'value')} wrong in FHIR`] : []),
    ...(values.rewritten > 0 ? [`${plural(values.rewritten, 'Observation')} rewritten`] : []),
  ];
  const missed = windows.samples.expected - windows.samples.found;
  const inWindows = [
    ...(windows.lost > 0 ? [`${plural(windows.lost, 'window')} lost`] : []),
    ...(windows.duplicated > 0 ? [`${plural(windows.duplicated, 'window')} doubled`] : []),
    ...(windows.wrong > 0 ? [`${plural(windows.wrong, 'window')} wrong`] : []),
    ...(missed === 0 ? [] : [`${plural(Math.abs(missed), 'value')} ${missed > 0 ? 'in no window' : 'in two windows'}`]),
  ];
  const faults = [
    lost > 0 ? `${plural(lost, 'message')} lost` : 'Nothing lost',
    duplicated > 0 ? `${plural(duplicated, 'message')} duplicated` : 'nothing duplicated',
    ...(wrong > 0 ? [`${formatCount(wrong)} wrong`] : []),
    ...(deadLettered > 0 ? [`${formatCount(deadLettered)} dead-lettered`] : []),
    ...inRecord,
    ...inWindows,
    ...(hotPath === undefined ? [] : writtenFaults(hotPath)),
  ];
  return faults.join(', ');
}

const faultWords = [
  ['lost', 'lost'],
  ['duplicated', 'doubled'],
  ['wrong', 'wrong'],
  ['rewritten', 'rewritten'],
] as const;

function writtenFaults({ riskAssessments, scores, flags, rows }: WrittenDown): string[] {
  const parts = [
    ['risk assessment', riskAssessments],
    ['score', scores],
    ['flag', flags],
    ['row', rows],
  ] as const;
  return parts.flatMap(([name, counts]) =>
    faultWords.flatMap(([fault, word]) => {
      const count = counts?.[fault] ?? 0;
      return count > 0 ? [`${plural(count, name)} ${word}`] : [];
    }),
  );
}

function verdictFigures(verdict: Verdict): [name: string, text: string, isFault: boolean][] {
  const fault = (name: string, count: number): [string, string, boolean] => [name, formatCount(count), count > 0];
  const plain = (name: string, count: number): [string, string, boolean] => [name, formatCount(count), false];
  const { p50, p95 } = verdict.delayMs;
  return [
    plain('sent', verdict.sent),
    plain('devicedata', verdict.devicedata),
    plain('raw', verdict.raw),
    fault('lost', verdict.lost),
    fault('duplicated', verdict.duplicated),
    fault('wrong', verdict.wrong),
    fault('dead-lettered', verdict.deadLettered),
    plain('redelivered', verdict.redelivered),
    plain('values', verdict.values.expected),
    plain('values in FHIR', verdict.values.found),
    plain('windows', verdict.windows.found),
    plain('rescored', verdict.windows.revised),
    ...writtenFigures(verdict.hotPath).map(([name, count]) => plain(name, count)),
    ...(p50 === null || p95 === null
      ? []
      : [['delay p50, p95', `${formatDelay(p50)}, ${formatDelay(p95)}`, false] satisfies [string, string, boolean]]),
  ];
}

function writtenFigures(hotPath: WrittenDown | undefined): [name: string, count: number][] {
  if (hotPath === undefined) return [];
  const { riskAssessments, flags, rows } = hotPath;
  return [
    ['risk assessments', riskAssessments.found],
    ['flags', flags.found],
    ...(rows === undefined ? [] : [['rows', rows.found] satisfies [string, number]]),
  ];
}
