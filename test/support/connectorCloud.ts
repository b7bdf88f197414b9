import { ContainerClient } from '@azure/storage-blob';
import { deadLettersCommand, exitCodes } from '../../cli/deadLetters/command';
import { readLetter, selectLetters } from '../../cli/deadLetters/letters';
import { parseOptions } from '../../cli/deadLetters/options';
import { HospitalEnvironment, type HospitalEnvironmentArgs } from '../../components';
import { admit } from '../../local/admissions';
import type { ArmResource } from '../../local/contracts';
import { DeviceAuthority } from '../../local/devices/deviceAuthority';
import type { FaultSettings } from '../../local/fhir/faults';
import type { FunctionHealth } from '../../local/functions/health';
import { deployer, healthRecord } from '../../local/identity/principals';
import type { ObservationRead } from '../../local/judge/observations';
import { settled } from '../../local/judge/settled';
import { authorityFolders } from '../../local/localStack';
import type { TelemetryMessage } from '../../local/replay/message';
import { ArmClient } from './armClient';
import { ConnectedWard } from './connectedWard';
import { until } from './deviceFleet';
import type { EngineStack, StateResource } from './engineStack';
import { HospitalCloud } from './hospitalCloud';

/** Who sends dead letters again: whoever deploys, with a role of an operator. */
const operator = deployer;

type ConnectorArgs = NonNullable<HospitalEnvironmentArgs['connector']>;

/** What a test says of its hospital; the rest is as `npm start` makes it. */
export type HospitalPart = Pick<HospitalEnvironmentArgs, 'connector' | 'scoring' | 'scoringEnabled'>;
export type MakeHospital = (args: HospitalEnvironmentArgs) => HospitalEnvironment;

interface FhirResource {
  readonly resourceType: string;
  readonly id: string;
  readonly [member: string]: unknown;
}

/** What the program says of the hospital. */
interface Places {
  readonly fhirUrl: string;
  readonly provisioningHost: string;
  readonly idScope: string;
  readonly eventHubsHost: string;
  readonly deadLetterContainerUrl: string;
}

/** By app the function that reads the hub before it. */
export const functionNames = {
  normalize: 'normalize',
  'write-observations': 'writeObservations',
  'ml-input': 'mlInput',
  score: 'score',
} as const;
export type AppName = keyof typeof functionNames;

/** A hospital with its connector in a local cloud, with real devices, and with hands that make faults. */
export class ConnectorCloud {
  private places: Places | undefined;
  private state: readonly StateResource[] = [];
  private ward: ConnectedWard | undefined;

  protected constructor(
    readonly local: HospitalCloud,
    private readonly stack: EngineStack,
    /** Does what somebody does in the portal. */
    readonly byHand: ArmClient,
    private readonly make: MakeHospital = (args) => new HospitalEnvironment('hospital', args),
  ) {}

  /** Without scoring. */
  static async start(connector: ConnectorArgs): Promise<ConnectorCloud> {
    const connected = new ConnectorCloud(...(await ConnectorCloud.parts('faults')));
    await connected.up(connector);
    await connected.allRun();
    return connected;
  }

  protected static async parts(stackName: string): Promise<[HospitalCloud, EngineStack, ArmClient]> {
    const hospital = await HospitalCloud.start();
    return [hospital, await hospital.stack(stackName), await ArmClient.connect(hospital.cloud.controlPlanePort)];
  }

  async close(): Promise<void> {
    await this.ward?.close();
    this.byHand.close();
    await this.local.close();
  }

  /** `pulumi up`. @returns how many resources it creates, updates and leaves */
  up(connector: ConnectorArgs): Promise<Record<string, number>> {
    return this.deploy({ connector, scoringEnabled: false });
  }

  protected async deploy(part: HospitalPart): Promise<Record<string, number>> {
    const args = await this.local.args('faults');
    const { name, objectId } = operator;
    const roleAssignments = [
      ...(args.connector?.roleAssignments ?? []),
      { name, principalId: objectId, principalType: 'ServicePrincipal', role: 'replayDeadLetters' } as const,
    ];
    const { outputs, summary } = await this.stack.up(async () => {
      const all = { ...args, ...part, connector: { ...args.connector, ...part.connector, roleAssignments } };
      const { ingest, connector: steps, ...hospital } = this.make(all);
      return {
        fhirUrl: hospital.fhirUrl,
        provisioningHost: hospital.provisioningHostName,
        idScope: hospital.provisioningIdScope,
        eventHubsHost: ingest.eventHubsNamespaceHost,
        deadLetterContainerUrl: steps?.deadLetterContainerUrl,
      };
    });
    this.places = Object.fromEntries(
      Object.entries(outputs).map(([key, { value }]) => [key, value]),
    ) as unknown as Places;
    this.state = await this.stack.resources();
    return { ...summary.resourceChanges };
  }

  /** Every app has been started and each of its functions runs. */
  allRun(): Promise<void> {
    return until('all functions run', () =>
      this.cloud.functionApps
        .health()
        .every((app) => app.state === 'running' && app.functions.every(({ state }) => state === 'running')),
    );
  }

  /** The stack's resources since the last `pulumi up`. */
  get resources(): readonly StateResource[] {
    return this.state;
  }

  get cloud() {
    return this.local.cloud;
  }

  now(): number {
    return this.cloud.clock.now();
  }

  /** Puts a patient behind each device, as the hospital's health record does. */
  admit(deviceIds: readonly string[], since: number): Promise<void> {
    return admit(this.there.fhirUrl, this.cloud.credential(healthRecord), deviceIds, new Date(since).toISOString());
  }

  /** Writes resources as the health record does. */
  async record(...resources: readonly FhirResource[]): Promise<void> {
    const token = await this.cloud.credential(healthRecord).getToken(`${this.there.fhirUrl}/.default`);
    for (const resource of resources) {
      const answer = await fetch(`${this.there.fhirUrl}/${resource.resourceType}/${resource.id}`, {
        method: 'PUT',
        headers: { authorization: `Bearer ${token?.token}`, 'content-type': 'application/fhir+json' },
        body: JSON.stringify(resource),
      });
      if (!answer.ok) throw new Error(`${resource.resourceType} was not written: ${await answer.text()}`);
    }
  }

  /** Each device sends its messages in their order, all devices at once. Resolves when the hub has taken all. */
  async send(messages: readonly TelemetryMessage[]): Promise<void> {
    this.ward ??= await this.connectedWard();
    await this.ward.send(messages);
  }

  private async connectedWard(): Promise<ConnectedWard> {
    const { state, certificates } = this.cloud;
    const authority = await DeviceAuthority.open(state.folder(authorityFolders.devices));
    const { provisioningHost: host, idScope } = this.there;
    return new ConnectedWard(authority, { host, idScope }, certificates.authority);
  }

  /** Everything that was sent is handled: recorded, or a dead letter. */
  async settled(): Promise<void> {
    const isDrained = () => this.isDrained();
    await settled({ isDrained, health: () => this.cloud.functionApps.health() }, { quietMs: 30_000, pollMs: 50 });
    if (!isDrained()) throw new Error(`The functions do not get on: ${JSON.stringify(this.functions())}`);
  }

  isDrained(): boolean {
    const hub = this.only('iothub:IotHubResource', '').id ?? '';
    const endpoint = this.cloud.iotHubs.health(hub).find(({ endpointName }) => endpointName === 'devicedata');
    return endpoint?.behind === 0 && this.cloud.functionApps.isDrained();
  }

  functions(): readonly FunctionHealth[] {
    return this.cloud.functionApps.health().flatMap((app) => app.functions);
  }

  /** How often an app was started: one more with each package. */
  starts(app: AppName): number {
    const site = this.siteOf(app);
    return this.cloud.functionApps.health().find((one) => one.site === site)?.starts ?? 0;
  }

  /** Ends the process of a function as a machine that fails does. Resolves when it runs again. */
  async kill(app: AppName): Promise<void> {
    await this.cloud.functionApps.killFunction(this.siteOf(app), functionNames[app]);
    const runs = () => this.functions().find(({ name }) => name === functionNames[app])?.state === 'running';
    await until(`${app} runs again`, runs);
  }

  /** Does something while the FHIR service has faults. */
  async whileFhirHas<T>(faults: FaultSettings, work: () => Promise<T>): Promise<T> {
    const service = this.cloud.fhirServices.faults(this.fhirId);
    service.set(faults);
    return work().finally(() => service.set({}));
  }

  /**
   * Does something while a role is taken away.
   * @param role its name within the component, as in `normalize-normalizeddata`
   */
  async without<T>(role: string, work: () => Promise<T>, component: keyof HospitalPart = 'connector'): Promise<T> {
    const { id = '' } = this.only('authorization:RoleAssignment', `-${component}-${role}-role`);
    return this.withoutAssignment(id, work);
  }

  /** The same for a role assignment of any stack. */
  async withoutAssignment<T>(id: string, work: () => Promise<T>): Promise<T> {
    const assignment = this.cloud.controlPlane.resources.get(id) as ArmResource;
    await this.byHand.delete('authorization:RoleAssignment', id);
    try {
      await this.cloud.eventHubs.checkAccess();
      return await work();
    } finally {
      await this.byHand.create('authorization:RoleAssignment', { ...assignment.inputs });
    }
  }

  /** Makes something happen, and waits until somebody warns so after it began. */
  async says(pattern: RegExp, happens: () => Promise<unknown>): Promise<void> {
    await this.said(pattern, happens);
  }

  /** Makes something happen, and answers the first warning after it began that matches. */
  async said(pattern: RegExp, happens: () => Promise<unknown>): Promise<string> {
    const { warnings } = this.local;
    const before = warnings.length;
    await happens();
    const match = () => warnings.slice(before).find((line) => pattern.test(line));
    await until(`somebody says ${pattern}`, () => match() !== undefined);
    return match() ?? '';
  }

  /**
   * Events that a hub has taken.
   * @param of the namespace; default the hospital's
   */
  taken(hub: string, of = this.only('eventhub:Namespace', '').id?.split('/').at(-1)): number {
    const stats = this.cloud.eventHubs.stats();
    return stats.find(({ eventHub, namespace }) => eventHub === hub && namespace === of)?.events ?? 0;
  }

  /** Observations of devices that are known. */
  observations(deviceIds: readonly string[]): ObservationRead[] {
    const ids = this.deviceIds();
    const all = this.cloud.fhirServices.resources(this.fhirId, 'Observation') as Iterable<ObservationRead>;
    return [...all].filter(({ device }) => {
      const [, id = ''] = /^Device\/(.*)$/.exec(device?.reference ?? '') ?? [];
      return deviceIds.includes(ids.get(id) ?? '');
    });
  }

  /** Device id as the hub knows it, by the id of the Device resource. */
  deviceIds(): Map<string, string> {
    type Identified = { readonly id?: string; readonly identifier?: readonly { readonly value?: string }[] };
    const all = this.cloud.fhirServices.resources(this.fhirId, 'Device') as Iterable<Identified>;
    return new Map([...all].map(({ id = '', identifier }) => [id, identifier?.[0]?.value ?? '']));
  }

  /** Dead letters of these devices that have not been sent again: their number by step and reason. */
  async letters(deviceIds: readonly string[]): Promise<Record<string, number>> {
    const url = this.there.deadLetterContainerUrl;
    const container = new ContainerClient(url, this.cloud.credential(operator));
    const counts: Record<string, number> = {};
    for await (const { name, replayed } of selectLetters(container, parseOptions(['list', '--container', url]))) {
      const { letter } = await readLetter(container, name);
      const deviceId = letter.measurement?.deviceId ?? letter.systemProperties['iothub-connection-device-id'];
      if (replayed || !deviceIds.includes(String(deviceId))) continue;
      const key = `${letter.step} ${letter.reason.name}`;
      counts[key] = (counts[key] ?? 0) + 1;
    }
    return counts;
  }

  /** `azure-iomt-dead-letters replay`. @returns what it prints last */
  async replay(...options: readonly string[]): Promise<string> {
    const { deadLetterContainerUrl, eventHubsHost } = this.there;
    const lines: string[] = [];
    const code = await deadLettersCommand(
      ['replay', '--container', deadLetterContainerUrl, '--namespace', eventHubsHost, ...options],
      this.cloud.credential(operator),
      { say: (line) => lines.push(line), complain: (line) => lines.push(line) },
    );
    if (code !== exitCodes.done) throw new Error(lines.join('\n'));
    return lines.at(-1) ?? '';
  }

  protected get there(): Places {
    if (this.places === undefined) throw new Error('The hospital did not come up.');
    return this.places;
  }

  protected get fhirId(): string {
    return this.only('healthcareapis:FhirService', '').id ?? '';
  }

  protected siteOf(app: AppName): string {
    return this.only('web:WebApp', `${app}-app`).id ?? '';
  }

  /** The stack's resource of a kind whose name ends so. */
  only(kind: string, name: string): StateResource {
    const found = this.state.filter(({ type, urn }) => type === `azure-native:${kind}` && urn.endsWith(name));
    if (found.length !== 1) throw new Error(`The stack has ${found.length} resources ${kind} named ${name}, not one.`);
    return found[0] as StateResource;
  }
}
