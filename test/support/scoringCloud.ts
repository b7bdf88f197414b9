import { EventHubConsumerClient } from '@azure/event-hubs';
import type { HospitalEnvironmentArgs } from '../../components';
import { patientIdOf } from '../../local/admissions';
import type { AppHealth, FunctionHealth } from '../../local/functions/health';
import { judge } from '../../local/identity/principals';
import { cellsOf } from '../../local/judge/observations';
import { ScoredWatch } from '../../local/judge/scoredWatch';
import { compareWindows, type WindowComparison } from '../../local/judge/windows';
import type { TelemetryMessage } from '../../local/replay/message';
import type { ScoredWindow } from '../../runtime/contracts/scored';
import { rejectionOf } from '../../runtime/scoring/plausibility';
import { ConnectorCloud, type HospitalPart, type MakeHospital } from './connectorCloud';
import { until } from './deviceFleet';
import { message, minute, second } from './readings';

type ScoringArgs = NonNullable<HospitalEnvironmentArgs['scoring']>;

export const windowMs = 5 * minute;
const latenessMs = 2 * minute;
/** Time that a window needs to close after its last reading: its length, its lateness, and two clock marks. */
const closesAfterMs = windowMs + latenessMs + 20 * second;

/** A hospital with its scoring path in a local cloud: what its real devices send is scored, and each window is looked at. */
export class ScoringCloud extends ConnectorCloud {
  private client: EventHubConsumerClient | undefined;
  private watch: ScoredWatch | undefined;
  private readonly sent: TelemetryMessage[] = [];
  /** Since when the patients of the devices are under observation, and all that is lost must be told. */
  private readonly admitted = new Map<string, number>();
  private lastTime = 0;

  /** @param make the program; default a hospital as `npm start` makes it */
  static async open(scoring: ScoringArgs = {}, make?: MakeHospital): Promise<ScoringCloud> {
    const opened = new ScoringCloud(...(await ScoringCloud.parts('scoring')), make);
    await opened.rescore({ scoring });
    await opened.allRun();
    await opened.watchScored();
    return opened;
  }

  override async close(): Promise<void> {
    await this.watch?.close();
    await this.client?.close();
    await super.close();
  }

  /** `pulumi up` with other settings. @returns how many resources it creates, updates and leaves */
  rescore(part: HospitalPart): Promise<Record<string, number>> {
    return this.deploy(part);
  }

  private async watchScored(): Promise<void> {
    const { there, cloud } = this;
    this.client = new EventHubConsumerClient('$Default', there.eventHubsHost, 'scored', cloud.credential(judge));
    this.watch = await ScoredWatch.start(this.client, () => {});
  }

  /** All revisions of all windows that came on `scored`. */
  get windows(): readonly ScoredWindow[] {
    return this.watch?.windows ?? [];
  }

  /** Puts a patient behind a device, from now on. Time must not go on before the path was told of it. */
  async admitNow(deviceId: string): Promise<void> {
    const now = this.now();
    const before = this.taken('fhirevents');
    await this.admit([deviceId], now);
    this.admitted.set(deviceId, now);
    // Of a Patient, a Device and who wears it.
    await until('the events of the admission are there', () => this.taken('fhirevents') >= before + 3);
  }

  /** A device measures now, each time a second later than the last one did. The values are expected in a window. */
  async measures(deviceId: string, values: Record<string, number> = { hr: 72 }): Promise<void> {
    this.lastTime = Math.max(this.now(), this.lastTime + second);
    await this.sends([message(deviceId, this.lastTime, values)]);
  }

  /** What it sends is expected in a window. */
  async sends(messages: readonly TelemetryMessage[]): Promise<void> {
    this.sent.push(...messages);
    await this.send(messages);
  }

  /** Time goes on until clock marks are due in every partition. */
  tick(): Promise<void> {
    return this.passes(11 * second);
  }

  /** Time goes on until the windows that are open now may close. */
  untilWindowsClose(): Promise<void> {
    return this.passes(closesAfterMs);
  }

  async passes(ms: number): Promise<void> {
    const { clock } = this.cloud;
    await clock.advanceTo(clock.now() + ms);
  }

  /** All that lies in the hubs is handled, and in captured files. */
  captured(): Promise<void> {
    const { eventHubs } = this.cloud;
    return until('all is handled and captured', () => this.isDrained() && eventHubs.isCaptured());
  }

  /** What became of all that was expected in a window, once time has gone on so far that all of it is scored and repaired. */
  async judged(): Promise<WindowComparison> {
    await this.untilWindowsClose();
    for (let repairs = 0; repairs < 5 && !isComplete(this.comparison()); repairs++) {
      await this.settled();
      await this.captured();
      await this.passes(minute);
    }
    return this.comparison();
  }

  /** One device at a time, since each has been under observation since another time. */
  private comparison(): WindowComparison {
    const byDevice = [...this.admitted].map(([deviceId, since]) => {
      const patient = patientIdOf(deviceId);
      const cells = cellsOf(this.sent.filter((one) => one.deviceId === deviceId));
      const own = this.windows.filter((one) => one.patient === patient && one.end - one.start === windowMs);
      return compareWindows(own, {
        ...{ cells, presentFrom: since, windowMs, sampleMs: second, wearer: () => patient },
        isPlausible: (vital, value) => rejectionOf(vital, value) === undefined,
      });
    });
    const sum = (count: (one: WindowComparison) => number) => byDevice.reduce((all, one) => all + count(one), 0);
    const all = (list: (one: WindowComparison) => readonly string[]) => byDevice.flatMap(list);
    return {
      expected: sum(({ expected }) => expected),
      found: sum(({ found }) => found),
      lost: all(({ lost }) => lost),
      duplicated: all(({ duplicated }) => duplicated),
      wrong: all(({ wrong }) => wrong),
      revised: sum(({ revised }) => revised),
      samples: { expected: sum(({ samples }) => samples.expected), found: sum(({ samples }) => samples.found) },
    };
  }

  health(name: string): FunctionHealth {
    const found = this.functions().find((one) => one.name === name);
    if (!found) throw new Error(`There is no function ${name}.`);
    return found;
  }

  app(child: string): AppHealth {
    const site = this.only('web:WebApp', `-${child}-app`).id;
    const found = this.cloud.functionApps.health().find((one) => one.site === site);
    if (!found) throw new Error(`There is no function app ${child}.`);
    return found;
  }
}

function isComplete({ lost, wrong, samples }: WindowComparison): boolean {
  return lost.length === 0 && wrong.length === 0 && samples.found === samples.expected;
}
