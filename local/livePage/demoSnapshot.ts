import type { PartCounts, Verdict } from '../judge/verdict';
import type {
  DashboardPatient,
  DashboardSnapshot,
  DeviceSnapshot,
  EndpointSnapshot,
  FunctionSnapshot,
  LatencySnapshot,
  PatientSnapshot,
  Place,
  Snapshot,
  StepSnapshot,
} from './snapshot';
import { type StepId, steps } from './steps';
import { VitalsBoard } from './vitalsBoard';

/** Made-up snapshots, for working on the page and for its tests. */

const start = Date.parse('2026-01-05T06:00:00Z');

const written = (count: number): PartCounts => {
  return { expected: count, found: count, lost: 0, duplicated: 0, wrong: 0, rewritten: 0 };
};

export const goodVerdict: Verdict = {
  sent: 19_200,
  devicedata: 19_200,
  raw: 19_200,
  lost: 0,
  duplicated: 0,
  redelivered: 12,
  deadLettered: 0,
  wrong: 0,
  values: { expected: 76_800, found: 76_800, lost: 0, duplicated: 0, wrong: 0, rewritten: 0 },
  windows: {
    ...{ expected: 3_840, found: 3_840, lost: 0, duplicated: 0, wrong: 0, revised: 4 },
    samples: { expected: 76_800, found: 76_800 },
  },
  hotPath: { riskAssessments: written(3_840), scores: written(3_840), flags: written(14), rows: written(3_854) },
  delayMs: { p50: 31, p95: 58 },
};

export function startingSnapshot(): Snapshot {
  return {
    cloud: { state: 'starting', message: 'Creating resources: 12 of 60' },
    clock: { now: new Date(start).toISOString(), speed: 1, timeZone: 'Europe/Zurich' },
    replay: null,
    verdict: null,
    steps: [],
    consumer: null,
    endpoints: [],
    functions: [],
    devices: [],
    patients: [],
    dashboard: null,
    latency: null,
    places: [],
  };
}

/** A replay at 60 times real time, `minutes` of virtual time after its start. */
export function runningSnapshot(minutes: number, deviceCount = 10): Snapshot {
  const end = start + 32 * 3_600_000;
  return {
    cloud: { state: 'ready' },
    clock: { now: new Date(start + minutes * 60_000).toISOString(), speed: 60, timeZone: 'Europe/Zurich' },
    replay: {
      source: 'synthetic ward',
      state: 'running',
      from: new Date(start).toISOString(),
      to: new Date(end).toISOString(),
      progress: Math.min(1, minutes / (32 * 60)),
    },
    verdict: null,
    steps: demoSteps(minutes * deviceCount, deviceCount),
    consumer: { count: minutes * deviceCount, ratePerSecond: deviceCount, delayP50Ms: 31.4, delayP95Ms: 58 },
    endpoints: demoEndpoints,
    functions: demoFunctions,
    devices: demoDevices(minutes, deviceCount),
    patients: demoPatients(minutes),
    dashboard: null,
    latency: null,
    places: demoPlaces,
  };
}

/** With a repository, and so with a dashboard; `behindMinutes`, of whole windows, is what FHIR's feed is behind. */
export function dashboardSnapshot(minutes: number, behindMinutes = 0): Snapshot {
  const at = (minute: number) => new Date(start + minute * 60_000).toISOString();
  const feeds = [
    { feed: 'fhir', until: at(minutes - 5 - behindMinutes), behindSeconds: 60 * behindMinutes },
    { feed: 'repository', until: at(minutes - 5), behindSeconds: 0 },
    { feed: 'routing', until: at(minutes - 2), behindSeconds: 0 },
  ];
  const cards = [
    { title: 'Patients', value: '8' },
    { title: 'At high risk', value: '1' },
    { title: 'Flagged', value: '2' },
    { title: 'Not current', value: '3' },
    { title: 'FHIR', value: behindMinutes > 0 ? `FHIR is behind by ${behindMinutes} min` : 'FHIR is up to date' },
  ];
  const risks = Object.entries({ high: 1, 'medium or more': 1, 'low or more': 1, low: 1, 'no data': 2, stale: 1 });
  const dashboard: DashboardSnapshot = {
    ...{ refreshedAt: at(minutes), cards, feeds, patients: demoDashboard(minutes, at) },
    risks: risks.map(([risk, patients]) => ({ risk, patients })),
  };
  return { ...runningSnapshot(minutes), dashboard, latency: demoLatency };
}

export const demoLatency: LatencySnapshot = {
  sampleAge: { p50Ms: 262_000, p95Ms: 437_000 },
  transport: { p50Ms: 1_100, p95Ms: 4_200 },
  windowWait: { p50Ms: 181_000, p95Ms: 410_000 },
  processing: { p50Ms: 900, p95Ms: 2_300 },
  screen: { p50Ms: 15_000, p95Ms: 29_000 },
};

export function finishedSnapshot(verdict: Verdict = goodVerdict): Snapshot {
  const running = runningSnapshot(32 * 60);
  return { ...running, replay: running.replay && { ...running.replay, state: 'finished', progress: 1 }, verdict };
}

const aliveSteps: readonly StepId[] = [
  '1',
  '2',
  '3',
  '4',
  '5a',
  '5b',
  '5c',
  '6',
  '7',
  '8',
  '9',
  '10',
  '11',
  '11a',
  '12',
];

function demoSteps(count: number, ratePerSecond: number): StepSnapshot[] {
  return steps.map(({ id }, index) => {
    if (!aliveSteps.includes(id)) return { id, count: 0, ratePerSecond: 0, state: 'planned' };
    const delays = { delayP50Ms: 4.2 + 7 * index, delayP95Ms: 12 + 23 * index };
    return { id, count, ratePerSecond, ...delays, state: count > 0 ? 'active' : 'waiting' };
  });
}

/** All steps alive, as in the finished product. */
export function everyStepAlive(snapshot: Snapshot): Snapshot {
  const alive = steps.map(({ id }, index): StepSnapshot => {
    const delays = { delayP50Ms: 4.2 + 17 * index, delayP95Ms: 12 + 93 * index };
    return { id, count: 19_200 - index * 7, ratePerSecond: 10 + index, ...delays, state: 'active' };
  });
  return { ...snapshot, steps: alive };
}

function demoDevices(minutes: number, deviceCount: number): DeviceSnapshot[] {
  const board = new VitalsBoard();
  for (let device = 1; device <= deviceCount; device++) {
    const lastMinute = device === 7 ? minutes - 12 : minutes;
    for (let minute = Math.max(0, lastMinute - 60); minute <= lastMinute; minute++) {
      board.observeMessage(deviceName(device), demoVitals(device, minute));
    }
  }
  return board.devices();
}

/** One of each kind: flagged, with parts missing, not applicable, complete, without data, stale. */
function demoPatients(minutes: number): PatientSnapshot[] {
  const windowEnd = new Date(start + (minutes - 3) * 60_000).toISOString();
  const scores = Array.from({ length: 24 }, (_, index) =>
    index % 7 === 5 ? null : Math.round((index * minutes) / 300),
  );
  const plain = { windowEnd, revision: 1, notApplicable: [], flag: null, dataGap: [], scores: scores.map(() => 1) };
  const complete = { atLeast: 1, atMost: 1, band: 'low', known: 7, complete: true } as const;
  return [
    {
      ...plain,
      patient: 'patient-03',
      score: { ...complete, atLeast: 8, atMost: 8, band: 'high' },
      flag: 'high',
      scores,
    },
    {
      ...{ ...plain, patient: 'patient-05', flag: 'medium' as const, revision: 2 },
      score: { atLeast: 5, atMost: 8, band: 'medium', known: 6, complete: false },
    },
    {
      ...{ ...plain, patient: 'patient-07', dataGap: ['heartRate', 'oxygenSaturation'] },
      score: { atLeast: 0, atMost: 12, band: 'low', known: 3, complete: false },
    },
    { ...plain, patient: 'patient-08', score: null, notApplicable: ['pregnant'], scores: scores.map(() => null) },
    {
      ...plain,
      patient: 'patient-09',
      score: complete,
      windowEnd: new Date(start + (minutes - 40) * 60_000).toISOString(),
    },
    { ...plain, patient: 'patient-10', score: { atLeast: 0, atMost: 20, band: 'low', known: 0, complete: false } },
  ];
}

/** One of each kind: flagged high, medium with a part missing, incomplete, low, silent, not applicable, never measured. */
function demoDashboard(minutes: number, at: (minute: number) => string): DashboardPatient[] {
  const trend = Array.from({ length: 48 }, (_, index) => {
    const atLeast = Math.max(0, Math.round((index - 20) / 4 + Math.sin(index)));
    const time = Date.parse(at(minutes - 240 + index * 5)) / 1000;
    return { time, atLeast, atMost: atLeast + (index % 16 > 11 ? 5 : 0) };
  });
  const calm = trend.map(({ time }) => ({ time, atLeast: 1, atMost: 1 }));
  const plain: DashboardPatient = {
    ...{ label: '', ward: 'Ward 4B', careTeam: 'Cardiology, early shift', risk: 'low', score: '1', missing: [] },
    ...{ flag: null, flaggedAt: null, dataGap: [], dataState: 'current', changeInHour: 0, trend: calm },
    lastSampleAt: at(minutes - 3),
  };
  const unscored = { risk: 'not scored', score: '', trend: [], changeInHour: null };
  return [
    {
      ...{ ...plain, label: 'Example, Ada, 100003', risk: 'high', score: '8', flag: 'high', changeInHour: 4 },
      ...{ flaggedAt: at(minutes - 25), trend },
    },
    {
      ...{ ...plain, label: 'patient-05', risk: 'medium or more', score: 'at least 5', flag: 'medium' },
      ...{ flaggedAt: at(minutes - 95), missing: ['temp'], careTeam: '' },
    },
    {
      ...{ ...plain, label: 'patient-04', risk: 'low or more', score: 'at least 3', missing: ['consciousness'] },
      changeInHour: 1,
    },
    { ...plain, label: 'patient-06' },
    { ...plain, label: 'patient-09', lastSampleAt: at(minutes - 22), dataGap: ['heartRate', 'oxygenSaturation'] },
    { ...plain, label: 'patient-07', lastSampleAt: at(minutes - 45), dataGap: ['oxygenSaturation'] },
    { ...plain, ...unscored, label: 'patient-08', risk: 'score does not apply' },
    { ...plain, ...unscored, label: 'patient-10', lastSampleAt: null },
  ];
}

function deviceName(device: number): string {
  const name = `monitor-${String(device).padStart(2, '0')}`;
  return device === 9 ? `${name}-bedside-cardiology-building-west-floor-3-window` : name;
}

function demoVitals(device: number, minute: number): Record<string, unknown> {
  const wave = (size: number, period: number) => Math.round(size * Math.sin((minute + device * 7) / period));
  const decline = device === 3 ? minute % 240 : 0;
  return {
    time: new Date(start + minute * 60_000).toISOString(),
    hr: 72 + device + wave(6, 5) + Math.round(decline / 6),
    spo2: 97 - (device % 3) + wave(1, 9) - Math.round(decline / 30),
    resp: 14 + (device % 4) + wave(2, 6) + Math.round(decline / 20),
    ...(minute % 5 === 0 ? { abpsys: 122 + wave(9, 8), abpdias: 74 + wave(5, 8) } : {}),
  };
}

const demoEndpoints: readonly EndpointSnapshot[] = [
  { name: 'devicedata', target: 'Event hub evhns-iomt-demo/devicedata', state: 'healthy', waiting: 0 },
  { name: 'raw', target: 'Container stiomtrawdemo/raw', state: 'healthy', waiting: 0 },
  { name: 'lifecycle', target: 'Event hub evhns-iomt-demo/device-administration', state: 'unknown', waiting: 0 },
];

const demoFunctions: readonly FunctionSnapshot[] = [
  { name: 'clockMarks', app: 'func-iomt-demo-normalize', state: 'healthy', invocations: 540, waiting: 0 },
  { name: 'normalize', app: 'func-iomt-demo-normalize', state: 'healthy', invocations: 812, waiting: 3 },
  { name: 'writeObservations', app: 'func-iomt-demo-write', state: 'starting', invocations: 0, waiting: 0 },
];

const demoPlaces: readonly Place[] = [
  { name: 'IoT Hub (MQTT over TLS)', value: 'localhost:8883' },
  { name: 'Device Provisioning Service', value: 'localhost:8884' },
  { name: 'Event Hubs (AMQP over TLS)', value: 'localhost:5671' },
  { name: 'Blob storage', value: 'https://127.0.0.1:10000/stiomtrawdemo' },
  { name: 'Resource group', value: 'rg-iomt-demo-local' },
  { name: 'State folder', value: '~/.local/state/pulumi-azure-iomt/local' },
];
