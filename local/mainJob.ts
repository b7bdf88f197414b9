import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { EventHubConsumerClient } from '@azure/event-hubs';
import { admit } from './admissions';
import { LocalCloud } from './cloud';
import type { Log } from './contracts';
import { startControlServer } from './control/server';
import type { StateFolder } from './core/state';
import type { Ending } from './ending';
import { exportNdjson } from './fhir/exportNdjson';
import { type Gateway, startGateway } from './gateway';
import { hotPathOf } from './hotPath';
import { countData } from './hubCounter';
import { healthRecord, judge } from './identity/principals';
import { exportScored } from './judge/exportScored';
import { ScoredWatch } from './judge/scoredWatch';
import { describeFindings, isGood } from './judge/verdict';
import { startLivePage } from './livePage/server';
import { deployLocalStack, type LocalStack } from './localStack';
import type { StartOptions } from './options';
import { type Faults, faultsOf, scheduleOutages } from './outages';
import { PageState } from './pageState';
import type { Recording } from './replay/csv';
import { type ReplayOutcome, ReplaySession } from './replaySession';

/** The main job: everything from an empty machine to a judged replay. What it starts, `Ending` closes. */
export class MainJob {
  constructor(
    private readonly options: StartOptions,
    private readonly recording: Recording,
    private readonly state: StateFolder,
    private readonly ending: Ending,
    private readonly log: Log,
  ) {}

  /** @returns whether the judge found everything in order, or that the replay was ended early */
  async run(): Promise<'good' | 'bad' | 'ended'> {
    const cloud = await this.startCloud();
    const page = await this.openPage(cloud);
    const { roleDelaySeconds, scoring, settings } = this.options;
    const onProgress = (line: string) => page.starting(line.trim());
    const stack = await deployLocalStack(cloud, { roleDelaySeconds, scoring, settings, log: this.log, onProgress });
    page.deployed(stack);
    for (const { name, value } of page.places()) this.log.info(`${name}: ${value}`);
    await this.admit(cloud, stack);
    await this.countData(cloud, stack);
    const scored = await this.watchScored(cloud, stack, page);
    const gateway = this.options.gateway ? await this.startGateway(cloud, stack) : undefined;
    const faults = faultsOf(cloud, gateway);
    const { outages, start } = this.options;
    scheduleOutages(outages, faults, { clock: cloud.clock, start, warn: (line) => this.log.warn(line) });
    const controlAddressFile = await this.openControl(cloud, stack, faults, page);
    return this.replay(cloud, stack, gateway, page, scored, controlAddressFile);
  }

  private async startCloud(): Promise<LocalCloud> {
    const { start, roleDelaySeconds } = this.options;
    const cloud = await LocalCloud.start({ state: this.state, clockStart: start, roleDelaySeconds, log: this.log });
    this.ending.closes(() => cloud.close());
    // The judge's clients run in this process, so that it has to trust the local authority as they do.
    setDefaultCACertificates([...getCACertificates('default'), cloud.certificates.authority]);
    return cloud;
  }

  private async openPage(cloud: LocalCloud): Promise<PageState> {
    const page = new PageState(cloud, this.options);
    const port = await cloud.ports.get('live-page');
    const { url, close } = await startLivePage({ port, snapshot: () => page.snapshot(), log: this.log });
    this.ending.closes(close);
    this.log.info(`Live page: ${url}`);
    return page;
  }

  private async startGateway(cloud: LocalCloud, stack: LocalStack): Promise<Gateway> {
    const gateway = await startGateway(cloud, stack, this.recording.deviceIds, this.log);
    this.ending.closes(() => gateway.close());
    return gateway;
  }

  private async admit(cloud: LocalCloud, stack: LocalStack): Promise<void> {
    const { deviceIds } = this.recording;
    const admittedAt = new Date(this.options.start).toISOString();
    await admit(stack.fhirUrl, cloud.credential(healthRecord), deviceIds, admittedAt);
    this.log.info(`Patients admitted, one for each recorded device: ${deviceIds.length}`);
  }

  private async countData(cloud: LocalCloud, { eventHubsHost }: LocalStack): Promise<void> {
    for (const [step, hub] of Object.entries({ 6: 'normalizeddata', 8: 'enriched' })) {
      const onData = (count: number) => cloud.steps.emit({ step, count });
      const counter = await countData(eventHubsHost, hub, cloud.credential(judge), onData);
      this.ending.closes(() => counter.close());
    }
  }

  private async watchScored(cloud: LocalCloud, { eventHubsHost }: LocalStack, page: PageState): Promise<ScoredWatch> {
    const client = new EventHubConsumerClient('$Default', eventHubsHost, 'scored', cloud.credential(judge));
    const watch = await ScoredWatch.start(client, (window) => page.scored(window));
    this.ending.closes(async () => {
      await watch.close();
      await client.close();
    });
    return watch;
  }

  private async openControl(cloud: LocalCloud, stack: LocalStack, faults: Faults, page: PageState): Promise<string> {
    const addressFile = join(this.state.folder('control'), 'address.json');
    const { iotHubs, eventHubs, blobs, clock } = cloud;
    const control = await startControlServer(await cloud.ports.get('control'), addressFile, {
      clock,
      stats: () => ({ iotHubs: iotHubs.stats(), eventHubs: eventHubs.stats(), blobs: blobs.stats() }),
      health: () => iotHubs.health(stack.iotHubId),
      acceptedCounts: () => iotHubs.acceptedCounts(stack.iotHubId),
      faults,
      onReplayProgress: (progress) => page.replayProgress(progress),
    });
    this.ending.closes(() => control.close());
    return addressFile;
  }

  private async replay(
    cloud: LocalCloud,
    stack: LocalStack,
    gateway: Gateway | undefined,
    page: PageState,
    scored: ScoredWatch,
    controlAddressFile: string,
  ): Promise<'good' | 'bad' | 'ended'> {
    const { recording, log } = this;
    const { files, start, speed, disorder } = this.options;
    const session = new ReplaySession({
      ...{ cloud, stack, recording, files, start, speed, disorder, scored, controlAddressFile, log },
      hotPath: hotPathOf(cloud.controlPlane.resources),
      gatewayHost: gateway?.host,
      onMessage: (copy) => page.received(copy),
    });
    this.ending.closes(() => session.stop());
    page.replaying(recording, session.resumed);
    if (session.resumed) log.info('Going on with the replay that was cut off.');
    const outcome = await session
      .play(() => page.judging())
      .catch((error: Error) => {
        page.failed(error.message);
        throw error;
      });
    if (outcome === 'interrupted') return 'ended';
    page.judged(outcome.verdict);
    this.report(outcome);
    await this.export(cloud, scored);
    cloud.clock.run();
    return isGood(outcome.verdict) ? 'good' : 'bad';
  }

  private async export(cloud: LocalCloud, scored: ScoredWatch): Promise<void> {
    const { exportFolder } = this.options;
    if (exportFolder === undefined) return;
    const counts = await exportNdjson(cloud.fhirServices, exportFolder);
    const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
    const windows = exportScored(scored.windows, exportFolder);
    this.log.info(`FHIR resources and scored windows written to ${exportFolder}: ${total} and ${windows}`);
  }

  private report(judgement: Exclude<ReplayOutcome, 'interrupted'>): void {
    for (const line of describeFindings(judgement)) this.log.warn(line);
    const verdict = JSON.stringify(judgement.verdict);
    if (this.options.json) process.stdout.write(`${verdict}\n`);
    else this.log.info(`The judge: ${verdict}`);
  }
}
