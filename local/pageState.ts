import type { ScoredWindow } from '../runtime/contracts/scored';
import { defaultKernelSettings } from '../runtime/scoring/kernelSettings';
import type { LocalCloud } from './cloud';
import { functionSnapshots, heldSteps, jobApp, waitingFor } from './functionSnapshots';
import { askDashboard, countRows, hotPathOf, writtenWindows } from './hotPath';
import type { Copy } from './judge/copies';
import type { Verdict } from './judge/verdict';
import { DashboardBoard } from './livePage/dashboardBoard';
import { DashboardFeed } from './livePage/dashboardFeed';
import { LatencyBoard } from './livePage/latencyBoard';
import { ScoresBoard } from './livePage/scoresBoard';
import type { EndpointSnapshot, Place, ReplaySnapshot, Snapshot } from './livePage/snapshot';
import { VitalsBoard } from './livePage/vitalsBoard';
import type { LocalStack } from './localStack';
import type { StartOptions } from './options';
import { type PathCount, PathCounts } from './pathCounts';
import type { Recording } from './replay/csv';
import type { ReplayProgress } from './replay/replay';

/** Which step of the path each routing endpoint is. */
const stepOfEndpoint = { raw: '3', devicedata: '4' } as const;

/** Of a stack with a hot path. */
const hotSteps = ['12', '13a', '13b', '14', '15'] as const;

/** What the live page is told: gathers from the services and from the main job what there is to show. */
export class PageState {
  private readonly vitals = new VitalsBoard();
  private scores = new ScoresBoard(defaultKernelSettings.windowSeconds * 1000);
  private readonly latency = new LatencyBoard();
  private dashboard: DashboardBoard | undefined;
  private dashboardFeed: DashboardFeed | undefined;
  private windowsScored = 0;
  private readonly counts: PathCounts;
  private rows: PathCounts | undefined;
  private cloudState: Snapshot['cloud'] = { state: 'starting', message: 'Starting the services' };
  private replay: ReplaySnapshot | null = null;
  private verdict: Verdict | null = null;
  private stack: LocalStack | undefined;
  private span = { from: 0, to: 0 };
  /** Messages of this run acknowledged to the devices; undefined until the first report of a run that goes on. */
  private acknowledged: number | undefined;

  constructor(
    private readonly cloud: LocalCloud,
    private readonly options: StartOptions,
  ) {
    cloud.steps.declare('alive', '1', '3', '4', '5a', '5b', '5c', '6', '7', '8', '9', '10', '11', '11a', ...hotSteps);
    this.counts = new PathCounts(
      pathCounts(cloud, () => this.windowsScored),
      cloud.steps,
    );
    cloud.steps.declare(options.gateway ? 'alive' : 'absent', '2');
  }

  starting(message: string): void {
    this.cloudState = { state: 'starting', message };
  }

  deployed(stack: LocalStack): void {
    this.stack = stack;
    this.scores = new ScoresBoard(stack.scoring.windowSeconds * 1000);
    this.cloudState = { state: 'ready' };
    const hotPath = hotPathOf(this.cloud.controlPlane.resources);
    if (hotPath === undefined) this.cloud.steps.declare('absent', ...hotSteps);
    else if (hotPath.databaseId !== undefined) this.followRepository(hotPath.databaseId);
  }

  private followRepository(databaseId: string): void {
    const { cloud, latency } = this;
    const board = new DashboardBoard();
    this.dashboard = board;
    this.dashboardFeed = new DashboardFeed({
      ...{ board, latency, now: () => cloud.clock.now() },
      ask: () => askDashboard(cloud),
      written: (since) => writtenWindows(cloud, databaseId, since),
      onAnswers: (count) => cloud.steps.emit({ step: '15', count }),
    });
    this.rows = new PathCounts([{ step: '14', read: () => countRows(cloud, databaseId) }], cloud.steps);
  }

  replaying(recording: Recording, resumed: boolean): void {
    const times = recording.rows.map((row) => this.options.start + row.offsetMs);
    this.acknowledged = resumed ? undefined : 0;
    this.span = { from: times[0] ?? this.options.start, to: times.at(-1) ?? this.options.start };
    this.replay = {
      source: this.options.source,
      state: 'starting',
      from: iso(this.span.from),
      to: iso(this.span.to),
      progress: 0,
      message: resumed ? 'Going on with the replay that was cut off' : undefined,
    };
  }

  /** @param progress what the process of the devices reported: a `ReplayProgress` */
  replayProgress(progress: unknown): void {
    const { acknowledged, total } = progress as ReplayProgress;
    this.countStepOneBehindGateway(acknowledged);
    this.change({ state: 'running', progress: total === 0 ? 1 : acknowledged / total, message: undefined });
  }

  /** What a gateway takes the hub sees as step 2, and later, so that step 1 is what the devices know as acknowledged. */
  private countStepOneBehindGateway(acknowledged: number): void {
    const before = this.acknowledged ?? acknowledged;
    this.acknowledged = Math.max(before, acknowledged);
    const count = this.acknowledged - before;
    if (this.options.gateway && count > 0) this.cloud.steps.emit({ step: '1', count });
  }

  judging(): void {
    this.change({ state: 'judging', progress: 1 });
  }

  judged(verdict: Verdict): void {
    this.verdict = verdict;
    this.change({ state: 'finished', progress: 1 });
  }

  failed(message: string): void {
    this.change({ state: 'failed', message });
  }

  received({ key, deviceId, body, enqueuedAt }: Copy): void {
    this.cloud.steps.emit({ step: 'consumer', count: 1 });
    if (key === '' || typeof body !== 'object' || body === null) return;
    this.vitals.observeMessage(deviceId, body as Record<string, unknown>);
    const measuredAt = Date.parse(String((body as { time?: unknown }).time));
    if (!Number.isNaN(measuredAt)) this.latency.arrived(measuredAt, enqueuedAt);
  }

  scored(window: ScoredWindow): void {
    this.windowsScored += 1;
    this.scores.observe(window);
  }

  snapshot(): Snapshot {
    this.counts.tell();
    this.rows?.tell();
    this.dashboardFeed?.look();
    const endpoints = this.endpoints();
    for (const { name, state, reason } of endpoints) {
      const step = stepOfEndpoint[name as keyof typeof stepOfEndpoint];
      if (step) this.cloud.steps.hold(step, state === 'held' ? reason : undefined);
    }
    const functions = functionSnapshots(this.cloud);
    for (const [step, reason] of heldSteps(functions)) this.cloud.steps.hold(step, reason);
    this.cloud.steps.hold('15', this.dashboard?.snapshot().fault);
    const pace = Number.isFinite(this.options.speed) ? this.options.speed : null;
    return {
      cloud: this.cloudState,
      clock: { now: iso(this.cloud.clock.now()), speed: this.replay?.state === 'running' ? pace : 1, timeZone: 'UTC' },
      replay: this.replay,
      verdict: this.verdict,
      steps: this.cloud.steps.steps(),
      consumer: this.cloud.steps.consumer(),
      endpoints,
      functions,
      devices: this.vitals.devices(),
      patients: this.scores.patients(),
      dashboard: this.dashboard?.snapshot() ?? null,
      latency: this.dashboard ? this.latency.snapshot() : null,
      places: this.places(),
    };
  }

  /** Where things are, for the page and the terminal. */
  places(): Place[] {
    const { stack } = this;
    const state = { name: 'State folder', value: this.cloud.state.path };
    if (!stack) return [state];
    return [
      { name: 'Resource group', value: stack.resourceGroupName },
      { name: 'IoT Hub (MQTT and HTTPS)', value: stack.iotHubHost },
      { name: 'Provisioning service', value: `${stack.provisioningHost}, id scope ${stack.provisioningIdScope}` },
      { name: 'Event Hubs (AMQP)', value: `${stack.eventHubsHost}, hub ${stack.deviceDataHub}` },
      { name: 'Raw container', value: stack.rawContainerUrl },
      { name: 'FHIR', value: stack.fhirUrl },
      { name: 'Dead letters', value: stack.deadLetterContainerUrl },
      { name: 'Certificate authority', value: this.cloud.certificates.authorityFile },
      state,
    ];
  }

  private endpoints(): EndpointSnapshot[] {
    if (!this.stack) return [];
    const targets: Record<string, string> = {
      devicedata: `Event hub ${this.stack.deviceDataHub}`,
      raw: `Container ${this.stack.rawContainerUrl.split('/').at(-1)}`,
      'device-administration': 'Container device-administration',
    };
    return this.cloud.iotHubs
      .health(this.stack.iotHubId)
      .map(({ endpointName, status, lastKnownError, behind, sent }) => ({
        name: endpointName,
        target: targets[endpointName] ?? 'Built-in endpoint',
        state: status === 'unhealthy' ? 'held' : sent > 0 ? 'healthy' : 'unknown',
        waiting: behind,
        reason: lastKnownError,
      }));
  }

  private change(change: Partial<ReplaySnapshot>): void {
    if (this.replay) this.replay = { ...this.replay, ...change };
  }
}

/** Steps that no service tells of as they happen: what was sent, and does not wait any more. */
function pathCounts(cloud: LocalCloud, scored: () => number): PathCount[] {
  const sent = () => cloud.steps.steps().find(({ id }) => id === '8')?.count ?? 0;
  // What waits has clock marks among it; once nothing waits, all that was sent has been read.
  const scores = () => waitingFor(cloud, ({ name, app }) => name === 'score' || app === jobApp);
  const outputs = () => waitingFor(cloud, ({ name }) => name.startsWith('mlOutput'));
  return [
    { step: '10', read: () => Math.max(0, sent() - scores()) },
    { step: '12', read: () => Math.max(0, scored() - outputs()) },
  ];
}

const iso = (time: number) => new Date(time).toISOString();
