import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ScoredWindow } from '../../../runtime/contracts/scored';
import { defaultKernelSettings } from '../../../runtime/scoring/kernelSettings';
import { defaultLimits } from '../../../runtime/scoring/plausibility';
import { fhirValidateTest, judgeFhir } from '../fhirValidate';
import { askFlagsOracle, type OracleEpisode } from '../flagsOracle';
import { askOracle, whyNoOracle } from '../scoringOracle';
import { linesOf, longMs, type RecordedRuns, type Run, recordedFrom, recordings, ward } from './runs';

const { latenessSeconds, windowSeconds } = defaultKernelSettings;
const noOracle = whyNoOracle();

interface Stored {
  readonly resourceType: string;
  readonly id: string;
  readonly meta: { readonly versionId: string };
  readonly category?: unknown;
}

interface StoredFlag extends Stored {
  readonly status: string;
  readonly identifier: readonly { readonly system: string; readonly value: string }[];
  readonly extension: readonly Readonly<Record<string, string>>[];
  readonly code: { readonly coding: readonly { readonly code: string }[] };
  readonly period: { readonly start: string; readonly end?: string };
}

const isScore = ({ category }: Stored) => JSON.stringify(category ?? []).includes('"survey"');

/** What the hot path has written, by type. */
function written(one: Run): Readonly<Record<string, Stored[]>> {
  return {
    RiskAssessment: linesOf<Stored>(one, 'RiskAssessment'),
    Observation: linesOf<Stored>(one, 'Observation').filter(isScore),
    Flag: linesOf<Stored>(one, 'Flag'),
  };
}

type Episode = Pick<OracleEpisode, 'patient' | 'kind' | 'since' | 'raisedAt' | 'level' | 'ended'> & { vitals: string };

function episodeOf({ identifier, extension, code, period }: StoredFlag): Episode {
  const name = identifier.find(({ system }) => system.endsWith(':flag'))?.value ?? '';
  const [patient = '', kind, since = ''] = name.split('/');
  const extensions = (ending: string) => extension.filter(({ url = '' }) => url.endsWith(ending));
  const [reason] = extensions(':episode-end').map(({ valueCode = '' }) => valueCode);
  const raised = /^deterioration-(.*)$/.exec(code.coding[0]?.code ?? '')?.[1] ?? null;
  return {
    ...{ patient, kind: kind as Episode['kind'], since: Date.parse(since), raisedAt: Date.parse(period.start) },
    ...{ level: raised, vitals: listed(extensions(':missing-vital').map(({ valueCode = '' }) => valueCode)) },
    ended: reason === undefined ? null : { time: Date.parse(period.end ?? ''), reason },
  };
}

const listed = (vitals: readonly string[]) => [...vitals].sort().join();
const byName = (a: Episode, b: Episode) =>
  a.patient.localeCompare(b.patient) || a.kind.localeCompare(b.kind) || a.since - b.since;

/** Up to the last window of each patient that was scored before the main job ended. */
function expectedEpisodes(file: string, scored: readonly ScoredWindow[]): OracleEpisode[] {
  const last = new Map<string, number>();
  for (const { patient, end } of scored) last.set(patient, Math.max(last.get(patient) ?? 0, end));
  const windows = askOracle({
    settings: { ...defaultKernelSettings, baselines: false },
    until: Math.max(...last.values()) + latenessSeconds * 1000,
    recordings: { paths: [file], start: recordedFrom, limits: defaultLimits },
  });
  return askFlagsOracle(windows.filter(({ patient, end }) => end <= (last.get(patient) ?? 0)));
}

const horizonOfFlags = (scored: readonly ScoredWindow[]) =>
  scored.filter((window) => window.end - window.start === windowSeconds * 1000);

const allRight = { lost: 0, duplicated: 0, wrong: 0, rewritten: 0 };

/**
 * What lies in FHIR and in the repository is judged by the main job, and its Flags by an oracle in Python that knows the recording and the
 * rules, and neither the kernel nor the path.
 */
export function describeHotPath(runs: RecordedRuns): void {
  describe.each(recordings)('the hot path of $name', ({ file }) => {
    test(
      'each window is one RiskAssessment, one score and one row, each episode one Flag and one row; nothing is lost or doubled',
      async () => {
        const once = await runs.run(file);
        const windows = linesOf<ScoredWindow>(once, 'scored').length;
        const { riskAssessments, scores, flags, rows } = once.verdict?.hotPath ?? {};
        expect(once.verdict).toMatchObject({ lost: 0, duplicated: 0, wrong: 0, deadLettered: 0 });
        expect(riskAssessments).toEqual({ ...allRight, expected: windows, found: windows });
        expect(scores).toEqual(riskAssessments);
        expect(flags).toMatchObject(allRight);
        expect(rows).toMatchObject({ ...allRight, expected: windows + (flags?.expected ?? 0) });
        expect(written(once).RiskAssessment).toHaveLength(windows);
      },
      longMs,
    );

    (noOracle === undefined ? test : test.skip)(
      'Flags are the episodes that an oracle makes of the recording',
      async () => {
        const once = await runs.run(file);
        const flags = linesOf<StoredFlag>(once, 'Flag').map(episodeOf).sort(byName);
        const expected = expectedEpisodes(file, horizonOfFlags(linesOf<ScoredWindow>(once, 'scored')));
        const episodes = expected.map(({ levels: _, vitals, ...rest }) => ({ ...rest, vitals: listed(vitals) }));
        expect(flags).toEqual(episodes.sort(byName));
        expect(flags.length).toBeGreaterThan(0);
      },
      longMs,
    );

    fhirValidateTest('what was written is valid FHIR R4', async () => {
      const once = await runs.run(file);
      const part = join(once.out, 'part');
      mkdirSync(part, { recursive: true });
      for (const [type, resources] of Object.entries(written(once))) {
        const lines = resources.filter((_, index) => index % Math.ceil(resources.length / 150) === 0);
        writeFileSync(join(part, `${type}.ndjson`), lines.map((one) => `${JSON.stringify(one)}\n`).join(''));
      }
      const { resources, errors } = judgeFhir(part);
      expect(errors).toEqual([]);
      expect(resources).toBeGreaterThan(100);
    });
  });

  describe('the hot path of the synthetic ward', () => {
    const riskOf = ({ news2 }: ScoredWindow) => news2?.total ?? news2?.floorTotal ?? 0;

    test(
      'the deteriorating patient is flagged with the first window whose score is 7 or more, and those who are stable never',
      async () => {
        const once = await runs.run(ward);
        const windows = horizonOfFlags(linesOf<ScoredWindow>(once, 'scored'));
        const flags = linesOf<StoredFlag>(once, 'Flag');
        const deterioration = flags.filter((flag) => episodeOf(flag).kind === 'deterioration');
        const grave = windows.filter((window) => riskOf(window) >= 7).sort((a, b) => a.start - b.start);
        expect(new Set(grave.map(({ patient }) => patient))).toEqual(new Set(['patient-bed-07']));
        expect(deterioration.map((flag) => episodeOf(flag).patient)).toEqual(['patient-bed-07']);
        const [flag] = deterioration as [StoredFlag];
        expect(episodeOf(flag)).toMatchObject({ level: 'high', ended: null });
        const changedBy = flag.extension.find(({ url }) => url?.endsWith(':changed-by'))?.valueDateTime ?? '';
        expect(Date.parse(changedBy)).toBe(grave[0]?.start);
      },
      longMs,
    );

    test(
      'replayed once more it changes no version of anything',
      async () => {
        const [once, again] = [await runs.run(ward), await runs.run(ward, 'functions', true)];
        expect(again.verdict?.hotPath).toMatchObject({ riskAssessments: allRight, scores: allRight, flags: allRight });
        const versions = (one: Run) => {
          const all = Object.values(written(one)).flat();
          return new Map(all.map(({ resourceType, id, meta }) => [`${resourceType}/${id}`, meta.versionId]));
        };
        const [before, after] = [versions(once), versions(again)];
        const changed = [...before].filter(([name, version]) => after.get(name) !== version);
        expect(before.size).toBeGreaterThan(0);
        // What stands goes on: patients are still observed while the second replay runs, without data.
        const standing = linesOf<StoredFlag>(once, 'Flag').filter(({ status }) => status === 'active');
        const mayChange = new Set(standing.map(({ id }) => `Flag/${id}`));
        expect(changed.filter(([name]) => !mayChange.has(name))).toEqual([]);
      },
      longMs,
    );
  });
}
