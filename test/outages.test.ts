import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Verdict } from '../local/judge/verdict';
import type { Snapshot } from '../local/livePage/snapshot';
import type { StepId } from '../local/livePage/steps';
import { until } from './support/deviceFleet';
import { snapshotOf } from './support/livePageSnapshot';
import { MainJobs } from './support/mainJobProcess';

/**
 * FHIR, and then the repository, away for two minutes of the machine's clock while a ward is scored: the one does not
 * silence what the other shows, and once both are back everything stands there once.
 */
const jobs = new MainJobs('outages');
afterAll(() => jobs.close());
jest.setTimeout(1_200_000);

/** At the world's own speed, since that is how long what is known of patients is believed. */
const options = ['--speed', '1', '--fhir-down', '1-3', '--sql-down', '4-6'];
const settings = { 'hospital:scoring': { windowMinutes: 1, latenessMinutes: 0, baselines: false } };

/**
 * Two patients, a reading every ten seconds; one of them grave in the end. While FHIR is away they are silent: whose a reading is
 * could not be told after a minute, so that it would wait, and the windows with it.
 */
function writeRecording(): string {
  const seconds = Array.from({ length: 44 }, (_, index) => 10 * index).filter((at) => at <= 40 || at >= 200);
  const rows = seconds.map((at) => {
    const minute = (at / 60).toFixed(3);
    return `${minute},calm,70,16,97\n${minute},grave,${at < 200 ? '72,15,98' : '135,28,90'}`;
  });
  return write('recording.csv', `minute,device,hr,resp,spo2\n${rows.join('\n')}\n`);
}

function write(name: string, text: string): string {
  const file = join(jobs.folder, name);
  writeFileSync(file, text);
  return file;
}

test('FHIR away does not silence the dashboard, nor the repository FHIR, and then everything stands once', async () => {
  const recording = ['--replay', writeRecording(), '--config', write('settings.json', JSON.stringify(settings))];
  const run = jobs.startAndStay('ward', ...recording, ...options);
  const [, url = ''] = await run.says(/Live page: (\S+)/);
  let now: Snapshot = await snapshotOf(url);
  const seen = (what: string, isSeen: (snapshot: Snapshot) => boolean) =>
    until(
      what,
      async () => {
        now = await snapshotOf(url);
        return isSeen(now);
      },
      300,
    );
  const step = (id: StepId) => now.steps.find((one) => one.id === id);
  const minute = () => (Date.parse(now.clock.now) - Date.UTC(2026, 0, 5)) / 60_000;
  const card = () => now.dashboard?.cards.find(({ title }) => title === 'FHIR')?.value ?? '';
  const feed = (name: string) => now.dashboard?.feeds.find((one) => one.feed === name);

  await seen('writing to FHIR is held', () => step('13a')?.reason?.includes('503') === true);
  const untilThen = Date.parse(feed('repository')?.until ?? '') || 0;
  await seen('FHIR is behind, in the words of the report', () => /^FHIR is behind by \d+ min$/.test(card()));
  expect(minute()).toBeLessThan(3);
  expect(feed('fhir')?.behindSeconds).toBeGreaterThan(0);
  expect(Date.parse(feed('repository')?.until ?? '')).toBeGreaterThanOrEqual(untilThen);
  expect(now.dashboard?.fault).toBeUndefined();
  await seen('FHIR has what waited', () => (step('13a')?.count ?? 0) > 0 && step('13a')?.state === 'active');

  await seen('the dashboard says that it is not refreshed', () => now.dashboard?.fault !== undefined);
  const assessmentsWere = step('13a')?.count ?? 0;
  await seen('FHIR goes on', () => (step('13a')?.count ?? 0) > assessmentsWere);
  await seen('writing rows is held', () => step('14')?.state === 'held');
  expect(minute()).toBeLessThan(6);

  const [, judged = ''] = await run.says(/The judge: (.*)/);
  const { lost, duplicated, wrong, deadLettered, windows, hotPath } = JSON.parse(judged) as Verdict;
  const good = { lost: 0, duplicated: 0, wrong: 0 };
  expect({ lost, duplicated, wrong, deadLettered }).toEqual({ ...good, deadLettered: 0 });
  expect(windows).toMatchObject(good);
  for (const count of Object.values(hotPath ?? {})) expect(count).toMatchObject({ ...good, rewritten: 0 });
  expect(hotPath?.flags.found).toBeGreaterThan(0);
  await seen('the dashboard is refreshed', () => now.dashboard?.fault === undefined);
  expect(card()).toBe('FHIR is up to date');
  run.child.kill('SIGINT');
  await run.ended;
});
