import { join } from 'node:path';
import { defaultKernelSettings } from '../runtime/scoring/kernelSettings';
import type { LocalCloud } from './cloud';
import type { Log } from './contracts';
import { DeviceAuthority } from './devices/deviceAuthority';
import { deployer, healthRecord, localSubscriptionId, localTenantId } from './identity/principals';
import { repairInterrupted } from './interruptedUpdate';
import type { LocalScoring } from './options';
import { PulumiError, type PulumiStack } from './pulumiStack';

/** What `npm start` needs to know of the hospital that it has brought up. */
export interface LocalStack {
  readonly resourceGroupName: string;
  readonly iotHubId: string;
  readonly iotHubHost: string;
  readonly provisioningHost: string;
  readonly provisioningIdScope: string;
  readonly eventHubsHost: string;
  /** Name of the event hub. */
  readonly deviceDataHub: string;
  readonly rawContainerUrl: string;
  readonly fhirUrl: string;
  readonly deadLetterContainerUrl: string;
  readonly scoring: LocalScoringPath;
  /** Seconds of virtual time for which the hub gathers messages for one raw blob. */
  readonly rawBatchSeconds: number;
}

/** How the stack scores. */
export interface LocalScoringPath {
  readonly compute: LocalScoring;
  readonly windowSeconds: number;
  readonly latenessSeconds: number;
  readonly sampleSeconds: number;
  /** Seconds between two clock marks. */
  readonly clockMarkSeconds: number;
}

export interface DeployOptions {
  readonly roleDelaySeconds: number;
  /** Default: functions. */
  readonly scoring?: LocalScoring;
  /** Configuration beside or instead of the local one's, by full key; default none. */
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly log: Log;
  /** Gets what the engine does, a line a resource. */
  readonly onProgress: (line: string) => void;
}

/** Folder of the hospital's program: the repository. */
export const hospitalProgram = join(__dirname, '..');
export const stackName = 'local';

/** One device and one gateway authority each: a certificate leads to one enrolment group only. */
export const authorityFolders = { devices: 'devices', gateways: 'gateways' } as const;

// After the delay a role works at once here; the second more is for the two clocks of delay and gate.
const roleMarginSeconds = 1;

/**
 * Brings the stack `local` up: the hospital's program, unmodified, with a configuration that lies with the state.
 * @throws Error with what the engine said
 */
export async function deployLocalStack(cloud: LocalCloud, options: DeployOptions): Promise<LocalStack> {
  const stack = cloud.stack(stackName, hospitalProgram);
  const started = Date.now();
  options.log.info(`pulumi up of the stack ${stackName}`);
  const { scoring, roleDelaySeconds, settings = {} } = options;
  const config = withSettings(await localConfig(cloud, roleDelaySeconds, scoring), settings);
  try {
    await bringUp(cloud, stack, config, options);
  } catch (error) {
    if (!(error instanceof PulumiError)) throw error;
    throw new Error(`The stack ${stackName} did not come up:\n${error.result.stdout}${error.result.stderr}`);
  }
  options.log.info(`The stack ${stackName} is up (${((Date.now() - started) / 1000).toFixed(1)} s)`);
  return describe(cloud, stack, scoringPathOf(config, scoring ?? 'functions'));
}

/** What the program makes of its configuration; what that does not say it has by default. */
function scoringPathOf(config: Readonly<Record<string, unknown>>, compute: LocalScoring): LocalScoringPath {
  const scoring = config['hospital:scoring'] as Partial<Record<string, number>>;
  const connector = config['hospital:connector'] as Partial<Record<string, number>>;
  const { windowSeconds, latenessSeconds, sampleSeconds } = defaultKernelSettings;
  return {
    compute,
    windowSeconds: 60 * (scoring.windowMinutes ?? windowSeconds / 60),
    latenessSeconds: 60 * (scoring.latenessMinutes ?? latenessSeconds / 60),
    sampleSeconds: scoring.sampleSeconds ?? sampleSeconds,
    clockMarkSeconds: connector.clockMarkSeconds ?? 10,
  };
}

/**
 * The network for a Databricks workspace, which a platform team has beforehand: a stack of its own. Its names are fixed there,
 * and are known here before it is up.
 */
async function layOutLandingZone(cloud: LocalCloud, onProgress: (line: string) => void): Promise<void> {
  const home = cloud.state.folder('pulumi-landing-zone');
  const stack = cloud.stack('landing-zone', join(__dirname, 'landingZone'), home);
  await stack.configure({
    'azure-native:subscriptionId': localSubscriptionId,
    'azure-native:tenantId': localTenantId,
  });
  await stack.up(onProgress);
}

const landingZone = {
  virtualNetworkId: `/subscriptions/${localSubscriptionId}/resourceGroups/rg-landing-zone/providers/Microsoft.Network/virtualNetworks/vnet-landing-zone`,
  publicSubnetName: 'snet-databricks-public',
  privateSubnetName: 'snet-databricks-private',
};

/** Once more where the last time was killed; else a failure is a failure. */
async function bringUp(
  cloud: LocalCloud,
  stack: PulumiStack,
  config: Readonly<Record<string, unknown>>,
  options: DeployOptions,
): Promise<void> {
  if (options.scoring === 'databricks') await layOutLandingZone(cloud, options.onProgress);
  const once = async () => {
    await stack.configure(config);
    await stack.up(options.onProgress);
  };
  await once().catch(async (error) => {
    // What keeps the stack from being repaired is less telling than what kept it from coming up.
    if (!(await repairInterrupted(stack, cloud.controlPlane).catch(() => false))) throw error;
    options.log.info('The last pulumi up had been interrupted; the stack is repaired and brought up again.');
    await once();
  });
}

/** The stack's configuration: what a hospital would write by hand, but for the authorities and who deploys. */
export async function localConfig(
  cloud: Pick<LocalCloud, 'state'> & Partial<Pick<LocalCloud, 'fabric'>>,
  roleDelaySeconds: number,
  scoring: LocalScoring = 'functions',
): Promise<Record<string, unknown>> {
  const network = scoring === 'databricks' ? { databricks: landingZone } : {};
  return {
    'azure-native:subscriptionId': localSubscriptionId,
    'azure-native:tenantId': localTenantId,
    'hospital:hospitalId': 'local',
    'hospital:environment': 'dev',
    'hospital:location': 'westeurope',
    'hospital:deployerPrincipalId': deployer.objectId,
    'hospital:deployerPrincipalType': 'ServicePrincipal',
    'hospital:rolePropagationSeconds': roleDelaySeconds === 0 ? 0 : roleDelaySeconds + roleMarginSeconds,
    'hospital:ingest': {
      deviceCertificateAuthorities: [await authority(cloud, 'devices')],
      edge: { certificateAuthorities: [await authority(cloud, 'gateways')] },
      iotHub: { builtInEndpointRetentionDays: 7 },
    },
    'hospital:scoring': { compute: scoring, ...network },
    ...(cloud.fabric && { 'hospital:hotPath': { dashboard: dashboardOn(cloud.fabric) } }),
    'hospital:connector': {
      roleAssignments: [
        {
          name: healthRecord.name,
          principalId: healthRecord.objectId,
          principalType: 'ServicePrincipal',
          role: 'writeFhir',
        },
      ],
    },
  };
}

/** The dashboard's resources are the deployer's, and go to the Fabric of this cloud. */
const dashboardOn = ({ urls }: LocalCloud['fabric']) => ({ ...urls, capacityAdministrators: [deployer.objectId] });

/** Objects are merged by their first members: what is said of a component is said beside what is local about it. */
function withSettings(
  config: Readonly<Record<string, unknown>>,
  settings: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const merged = Object.entries(settings).map(([key, value]) => [
    key,
    isObject(value) ? { ...(config[key] ?? {}), ...value } : value,
  ]);
  return { ...config, ...Object.fromEntries(merged) };
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

async function authority(cloud: Pick<LocalCloud, 'state'>, kind: keyof typeof authorityFolders) {
  const { certificate } = await DeviceAuthority.open(cloud.state.folder(authorityFolders[kind]), `Local ${kind}`);
  return { name: `local-${kind}`, certificate };
}

async function describe(cloud: LocalCloud, stack: PulumiStack, scoring: LocalScoringPath): Promise<LocalStack> {
  const outputs = (await stack.outputs()) as Record<string, string>;
  const resources = cloud.controlPlane.resources;
  const iotHub = resources.list('iothub:IotHubResource').find((hub) => hostOf(hub.outputs) === outputs.iotHubHostName);
  const account = resources.get(outputs.rawStorageAccountId ?? '');
  if (!iotHub || !account) throw new Error(`The stack ${stackName} lacks its IoT hub or its raw storage account.`);
  const { blob } = account.outputs.primaryEndpoints as { blob: string };
  return {
    resourceGroupName: outputs.resourceGroupName ?? '',
    iotHubId: iotHub.id,
    iotHubHost: outputs.iotHubHostName ?? '',
    provisioningHost: outputs.provisioningHostName ?? '',
    provisioningIdScope: outputs.provisioningIdScope ?? '',
    eventHubsHost: outputs.eventHubsNamespaceHost ?? '',
    deviceDataHub: outputs.deviceDataHubId?.split('/').at(-1) ?? '',
    rawContainerUrl: `${blob}raw`,
    fhirUrl: outputs.fhirUrl ?? '',
    deadLetterContainerUrl: outputs.deadLetterContainerUrl ?? '',
    scoring,
    rawBatchSeconds: rawBatchSecondsOf(iotHub.inputs),
  };
}

const hostOf = (outputs: Record<string, unknown>) => (outputs.properties as { hostName?: string }).hostName;

function rawBatchSecondsOf(hub: Record<string, unknown>): number {
  const { routing } = hub.properties as { routing: { endpoints: { storageContainers: RawEndpoint[] } } };
  return Math.max(...routing.endpoints.storageContainers.map((endpoint) => endpoint.batchFrequencyInSeconds));
}

interface RawEndpoint {
  readonly batchFrequencyInSeconds: number;
}
