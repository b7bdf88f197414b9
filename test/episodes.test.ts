import fc from 'fast-check';
import type { MonitoringEnd, ScoredWindow } from '../runtime/contracts/scored';
import { type Episode, followWindow } from '../runtime/hotPath/episodes';
import { togetherCount } from '../runtime/hotPath/hotPathRound';
import { courses, withCorrections } from './support/courses';
import { scored, windowMs } from './support/hotPathStep';
import { dayStart, KernelPatient, normalCharted, normalDevice } from './support/kernelPatient';

const name = ({ kind, since }: Pick<Episode, 'kind' | 'since'>) => `${kind} ${since}`;

/** Episodes after some windows, as whoever remembers all of them. */
class Chart {
  readonly episodes = new Map<string, Episode>();
  /** How often anything changed. */
  changes = 0;

  follow(window: ScoredWindow, laterEnd: MonitoringEnd | null = null): this {
    for (const episode of followWindow([...this.episodes.values()], window, laterEnd)) {
      this.episodes.set(name(episode), episode);
      this.changes++;
    }
    return this;
  }

  followAll(windows: readonly ScoredWindow[]): this {
    for (const window of windows) this.follow(window);
    return this;
  }

  get all(): readonly Episode[] {
    return [...this.episodes.values()].sort((one, other) => (name(one) < name(other) ? -1 : 1));
  }

  standing(kind: Episode['kind']): readonly Episode[] {
    return this.all.filter((one) => one.kind === kind && one.ended === null);
  }
}

const at = (index: number) => dayStart + index * windowMs;

/** A window without anything in it; the kernel's shape, of which only what is decided matters here. */
const blank = scored(new KernelPatient().result({ device: normalDevice, charted: normalCharted }));

function windowAt(index: number, given: Partial<ScoredWindow> = {}): ScoredWindow {
  return { ...blank, start: at(index), end: at(index + 1), ...given };
}

type Level = NonNullable<ScoredWindow['flag']['level']>;

const flagged = (level: Level | null, since: number | null, mayLower = false): Pick<ScoredWindow, 'flag'> => ({
  flag: { action: 'keep', level, since: since === null ? null : at(since), rule: 'test', mayLower },
});
const gap = (since: number | null, vitals: ScoredWindow['dataGap']['vitals'] = ['heartRate']) => ({
  dataGap: { action: 'keep' as const, vitals: since === null ? [] : vitals, since: since === null ? null : at(since) },
});

/** As a reader takes a patient's windows: the next part only once the revisions of the one before are stored. */
function parts(stream: readonly ScoredWindow[]): ScoredWindow[][] {
  const found: ScoredWindow[][] = [];
  for (let rest = stream.map((window) => ({ window, source: window })); rest.length > 0; ) {
    const count = togetherCount(rest);
    found.push(rest.slice(0, count).map(({ window }) => window));
    rest = rest.slice(count);
  }
  return found;
}

describe('episodes', () => {
  test('a window that is read again changes nothing, whatever came after it', () => {
    fc.assert(
      fc.property(courses, (windows) => {
        const chart = new Chart().followAll(windows);
        const { all, changes } = { all: chart.all, changes: chart.changes };
        for (const window of windows) chart.follow(window);
        expect(chart.all).toEqual(all);
        expect(chart.changes).toBe(changes);
      }),
    );
  });

  test('what is followed together and then followed again from the start of it, corrections too, leads to the same end', () => {
    fc.assert(
      fc.property(withCorrections, fc.array(fc.boolean()), (stream, again) => {
        const [once, twice] = [new Chart(), new Chart()];
        for (const [index, part] of parts(stream).entries()) {
          once.followAll(part);
          // Whoever reads it died on the way, or another one did the same at once.
          twice.followAll(part.slice(0, again[index] ? part.length : 1)).followAll(part);
          expect(twice.all).toEqual(once.all);
        }
      }),
    );
  });

  test('at most one of a kind stands, none ends before it stands, and its beginning stays', () => {
    fc.assert(
      fc.property(withCorrections, (stream) => {
        const chart = new Chart();
        const raised = new Map<string, number>();
        for (const window of stream) {
          chart.follow(window);
          expect(chart.standing('deterioration').length).toBeLessThanOrEqual(1);
          expect(chart.standing('data-gap').length).toBeLessThanOrEqual(1);
          for (const episode of chart.all) {
            expect(raised.get(name(episode)) ?? episode.raisedAt).toBe(episode.raisedAt);
            raised.set(name(episode), episode.raisedAt);
            if (episode.ended !== null) expect(episode.ended.time).toBeGreaterThanOrEqual(episode.raisedAt);
          }
        }
      }),
    );
  });

  test('a correction never lowers and never ends what stands', () => {
    const rank = (episode: Episode | undefined) =>
      episode === undefined ? 0 : 1 + ['low-medium', 'medium', 'high'].indexOf(episode.level ?? '');
    fc.assert(
      fc.property(withCorrections, (stream) => {
        const chart = new Chart();
        for (const window of stream) {
          const before = chart.standing('deterioration')[0];
          chart.follow(window);
          const after = chart.standing('deterioration')[0];
          if (window.corrected && window.monitoringEnd === null)
            expect(rank(after)).toBeGreaterThanOrEqual(rank(before));
        }
      }),
    );
  });

  test('missing data ends nothing: only a score that is long enough below does, or the end of monitoring', () => {
    fc.assert(
      fc.property(courses, (windows) => {
        const chart = new Chart();
        for (const window of windows) {
          const before = chart.standing('deterioration')[0];
          chart.follow(window);
          const hasEnded = before !== undefined && chart.episodes.get(name(before))?.ended !== null;
          if (hasEnded) expect(window.flag.mayLower || window.monitoringEnd !== null).toBe(true);
          const isSilent = window.vitals.heartRate === undefined;
          if (hasEnded && isSilent) expect(window.monitoringEnd).not.toBeNull();
        }
      }),
    );
  });

  test('what the kernel says stands is what stands, as long as nothing is corrected', () => {
    fc.assert(
      fc.property(courses, (windows) => {
        const chart = new Chart();
        for (const window of windows) {
          chart.follow(window);
          const isOver = window.monitoringEnd !== null;
          expect(chart.standing('deterioration')[0]?.level).toBe(isOver ? undefined : (window.flag.level ?? undefined));
          expect(chart.standing('data-gap')[0]?.vitals ?? []).toEqual(isOver ? [] : window.dataGap.vitals);
        }
      }),
    );
  });
});

describe('episodes and corrections', () => {
  test('what a correction raised ends with the first uncorrected window whose rules for lowering are met', () => {
    const chart = new Chart()
      .follow(windowAt(1, { ...flagged('high', 1), revision: 2, corrected: true }))
      .follow(windowAt(2, flagged(null, null, false)));
    expect(chart.standing('deterioration')).toMatchObject([{ level: 'high', since: at(1), raisedAt: at(2) }]);
    chart.follow(windowAt(2, { ...flagged(null, null, true), revision: 2, corrected: true }));
    expect(chart.standing('deterioration')).toHaveLength(1);
    chart.follow(windowAt(3, flagged(null, null, true)));
    expect(chart.all).toMatchObject([{ ended: { time: at(4), reason: 'improved' }, changedBy: at(3) }]);
  });

  test('a correction that names another beginning raises what stands', () => {
    const chart = new Chart()
      .follow(windowAt(5, flagged('medium', 5)))
      .follow(windowAt(3, { ...flagged('high', 3), revision: 2, corrected: true }));
    expect(chart.all).toMatchObject([{ since: at(5), level: 'high', changedBy: at(5) }]);
  });

  test('a correction of a patient who has gone since ends at once what it begins', () => {
    const end = { time: at(6) + 1, basis: 'encounter' as const };
    const chart = new Chart().follow(windowAt(3, { ...flagged('high', 3), revision: 2, corrected: true }), end);
    expect(chart.all).toMatchObject([{ since: at(3), ended: { time: at(6) + 1, reason: 'monitoringEnded' } }]);
  });

  test('a gap that was raised within the last window of a stay ends when it begins to stand, not before', () => {
    const monitoringEnd = { time: at(2) + 1, basis: 'assignment' as const };
    const chart = new Chart().follow(windowAt(2, { ...flagged('high', 2), ...gap(2), monitoringEnd }));
    expect(chart.all.map(({ raisedAt, ended }) => [raisedAt, ended?.time])).toEqual([
      [at(3), at(3)],
      [at(3), at(3)],
    ]);
  });

  test('the end of monitoring ends what began before it, and nothing of the next stay', () => {
    const monitoringEnd = { time: at(3), basis: 'encounter' as const };
    const chart = new Chart()
      .followAll([windowAt(1, flagged('high', 1)), windowAt(2, { ...flagged('high', 1), monitoringEnd })])
      .follow(windowAt(9, flagged('medium', 9)))
      .follow(windowAt(2, { ...flagged('high', 1), monitoringEnd, revision: 2, corrected: true }));
    expect(chart.all.map(({ since, ended }) => [since, ended?.reason ?? 'stands'])).toEqual([
      [at(1), 'monitoringEnded'],
      [at(9), 'stands'],
    ]);
  });

  test('a gap changes when another vital is missing, and ends with data', () => {
    const chart = new Chart()
      .follow(windowAt(1, gap(1)))
      .follow(windowAt(2, gap(1, ['heartRate', 'oxygenSaturation'])))
      .follow(windowAt(3, gap(1, ['heartRate', 'oxygenSaturation'])));
    expect(chart.changes).toBe(2);
    chart.follow(windowAt(4, gap(null)));
    expect(chart.all).toMatchObject([{ vitals: ['heartRate', 'oxygenSaturation'], ended: { reason: 'dataReturned' } }]);
  });
});
