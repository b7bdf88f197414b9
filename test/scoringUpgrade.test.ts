import { patientIdOf } from '../local/admissions';
import { until } from './support/deviceFleet';
import { minute, readings, ward } from './support/readings';
import { ScoringCloud, windowMs } from './support/scoringCloud';

/** `pulumi up` of another package and other settings of scoring, while devices send and windows are open. */
let hospital: ScoringCloud;
const beds = ward('upgrade', 4);

beforeAll(async () => {
  hospital = await ScoringCloud.open();
  for (const bed of beds) await hospital.admitNow(bed);
  await hospital.settled();
});

afterAll(() => hospital?.close());

/** Everybody measures once a second for a minute, at the end of which time has gone on so far. */
async function aMinute(): Promise<void> {
  await hospital.sends(readings(beds, hospital.now(), 60));
  await hospital.passes(minute);
}

async function minutes(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await aMinute();
}

test('other settings and another package while windows are open and while they close: each reading is scored once', async () => {
  await minutes(3);
  const before = hospital.starts('score');
  const other = { flagRules: { lowerMinutes: 45 }, maximumBatchEvents: 500 };
  const [changes] = await Promise.all([hospital.rescore({ scoring: other }), minutes(2)]);
  expect(changes).toEqual({ same: expect.any(Number), update: 5 });
  expect(hospital.starts('score')).toBeGreaterThan(before);

  await minutes(2);
  await Promise.all([hospital.rescore({ scoring: {} }), hospital.untilWindowsClose()]);
  const { samples, ...windows } = await hospital.judged();
  expect(windows).toEqual({ ...windows, found: windows.expected, lost: [], duplicated: [], wrong: [], revised: 0 });
  expect(samples.found).toBe(samples.expected);
  expect(samples.expected).toBe(7 * 60 * 2 * beds.length);
});

test('another length of windows while one is open: windows go on where the last one ended, and hold each reading once', async () => {
  const start = Math.ceil(hospital.now() / (2 * windowMs)) * 2 * windowMs;
  await hospital.passes(start - hospital.now());
  await minutes(8);
  await hospital.settled();
  await hospital.rescore({ scoring: { windowMinutes: 10 } });
  await minutes(6);
  await hospital.untilWindowsClose();
  await hospital.untilWindowsClose();
  const patient = patientIdOf(beds[0] ?? '');
  const spans = () =>
    hospital.windows
      .filter((window) => window.patient === patient && window.start >= start)
      .map((one) => {
        const span = [one.start, one.end].map((time) => (time - start) / minute).join('-');
        return `${span}: ${one.vitals.heartRate?.count ?? 0}`;
      });
  await until('three windows are closed', () => spans().length >= 3);
  expect(spans().slice(0, 3)).toEqual(['0-5: 300', '5-10: 300', '10-20: 240']);
});
