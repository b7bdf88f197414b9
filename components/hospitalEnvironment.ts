import { Workspace } from '@pulumi/azure-native/operationalinsights/workspace';
import { ResourceGroup } from '@pulumi/azure-native/resources/resourceGroup';
import * as pulumi from '@pulumi/pulumi';
import { commonProblems, hospitalIdProblems } from './azure/commonProblems';
import type { CommonSettings } from './azure/commonSettings';
import { Children, Names, nameFromId } from './azure/component';
import type { SecurityFloor } from './azure/merge';
import { nameRules } from './azure/naming';
import { Problems } from './azure/validation';
import { overridable, securityFloors } from './ingest/children';
import { completeSettings } from './ingest/defaults';
import type { IngestSettings } from './ingest/ingestSettings';
import { ingestProblems } from './ingest/validate';
import { IoMTIngest } from './iomtIngest';

/** Physical names of what surrounds the components, to use instead of the computed ones. */
export interface HospitalEnvironmentNames {
  /**
   * Name of the resource group; default computed.
   * @default computed
   */
  resourceGroup?: pulumi.Input<string>;
  /**
   * Name of the Log Analytics workspace; default computed.
   * @default computed
   */
  logWorkspace?: pulumi.Input<string>;
}

/** Arguments of `HospitalEnvironment`. */
export interface HospitalEnvironmentArgs extends CommonSettings {
  /** The hospital, in its own words; part of names and tags, and added to every message. */
  hospitalId: string;
  /** Azure region of everything, as in `westeurope`. */
  location: string;
  /**
   * Name of a resource group that exists; default a new one.
   * @default a new one
   */
  existingResourceGroupName?: pulumi.Input<string>;
  /**
   * ARM id of a Log Analytics workspace that exists; default a new one. `diagnosticSettings` wins over both.
   * @default a new one
   */
  existingLogWorkspaceId?: pulumi.Input<string>;
  /**
   * Days for which the new Log Analytics workspace keeps logs, 30 to 730; default 365.
   * @default 365
   */
  logRetentionDays?: pulumi.Input<number>;
  /**
   * Physical names to use; default computed.
   * @default computed
   */
  names?: HospitalEnvironmentNames;
  /**
   * Settings of the ingest; default its defaults.
   * @default its defaults
   */
  ingest?: IngestSettings;
}

/** The components of each environment. A property of the class would become an output in the schema for other languages. */
const ingestOf = new WeakMap<HospitalEnvironment, IoMTIngest>();

/**
 * Everything that a hospital needs, in one resource group with one log workspace: now the ingest, steps 1 to 3.
 *
 * ```typescript
 * new HospitalEnvironment('stmary', { hospitalId: 'stmary', location: 'westeurope' });
 * ```
 *
 * @throws InputPropertiesError with everything that is wrong with the arguments, before anything is created.
 */
export class HospitalEnvironment extends pulumi.ComponentResource {
  /** Name of the resource group. */
  readonly resourceGroupName: pulumi.Output<string>;
  /** ARM id of the Log Analytics workspace. */
  readonly logWorkspaceId: pulumi.Output<string>;
  /** Host of the IoT hub, for devices and services. */
  readonly iotHubHostName: pulumi.Output<string>;
  /** ID scope that devices give to the provisioning service; undefined without one. */
  readonly provisioningIdScope?: pulumi.Output<string>;
  /** Host of the provisioning service, for devices; undefined without one. */
  readonly provisioningHostName?: pulumi.Output<string>;
  /** ARM id of the event hub `devicedata`. */
  readonly deviceDataHubId: pulumi.Output<string>;
  /** Until when each certificate authority of devices is valid (ISO 8601), by its name. */
  readonly deviceCertificateExpiry: pulumi.Output<Record<string, string>>;
  /** What is left to do by hand, in its order. */
  readonly manualSteps: pulumi.Output<string[]>;

  constructor(name: string, args: HospitalEnvironmentArgs, opts?: pulumi.ComponentResourceOptions) {
    validate(args).throwIfAny(`HospitalEnvironment "${name}"`);
    super('azure-iomt:index:HospitalEnvironment', name, {}, opts);

    const { resourceGroupName, logWorkspaceId } = surroundings(new Children(this, name, args.overrides), args);
    const ingest = new IoMTIngest(
      `${name}-ingest`,
      {
        ...commonSettings(args),
        ...args.ingest,
        diagnosticSettings: args.diagnosticSettings ?? { workspaceId: logWorkspaceId },
        hospitalId: args.hospitalId,
        location: args.location,
        resourceGroupName,
      },
      { parent: this },
    );
    ingestOf.set(this, ingest);
    const outputs = {
      resourceGroupName,
      logWorkspaceId,
      iotHubHostName: ingest.iotHubHostName,
      provisioningIdScope: ingest.provisioningIdScope,
      provisioningHostName: ingest.provisioningHostName,
      deviceDataHubId: ingest.deviceDataHubId,
      deviceCertificateExpiry: ingest.deviceCertificateExpiry,
      manualSteps: ingest.manualSteps,
    };
    this.resourceGroupName = outputs.resourceGroupName;
    this.logWorkspaceId = outputs.logWorkspaceId;
    this.iotHubHostName = outputs.iotHubHostName;
    this.provisioningIdScope = outputs.provisioningIdScope;
    this.provisioningHostName = outputs.provisioningHostName;
    this.deviceDataHubId = outputs.deviceDataHubId;
    this.deviceCertificateExpiry = outputs.deviceCertificateExpiry;
    this.manualSteps = outputs.manualSteps;
    this.registerOutputs(outputs);
  }

  /** The ingest, to build on its outputs. */
  get ingest(): IoMTIngest {
    const ingest = ingestOf.get(this);
    if (!ingest)
      throw new Error('This environment was rehydrated from another program; its components are not known here.');
    return ingest;
  }
}

/** Logs tell who did what; a workspace that takes its keys takes logs from anyone who holds them. */
const logFloor: SecurityFloor = {
  child: 'log-workspace',
  path: ['features', 'disableLocalAuth'],
  allowed: [true],
  risk: 'localAuthentication',
};

const ingestPrefix = 'ingest-';

/** The settings that all components share; overrides are handed on to the component whose children they name. */
function commonSettings(args: HospitalEnvironmentArgs): CommonSettings {
  const { hospitalId, location, existingResourceGroupName, existingLogWorkspaceId, logRetentionDays, ...rest } = args;
  const { names, ingest, overrides = {}, ...common } = rest;
  const ofIngest = Object.entries(overrides).filter(([child]) => child.startsWith(ingestPrefix));
  return {
    ...common,
    overrides: Object.fromEntries(ofIngest.map(([child, value]) => [child.slice(ingestPrefix.length), value])),
  };
}

/** Everything that is wrong with the arguments, for programs which report it together with problems of their own. */
export function hospitalEnvironmentProblems(args: HospitalEnvironmentArgs) {
  return validate(args).all;
}

function validate(args: HospitalEnvironmentArgs): Problems {
  const problems = new Problems();
  const settings = completeSettings({ ...args, ...args.ingest, names: args.ingest?.names });
  hospitalIdProblems(problems, args.hospitalId);
  problems.text('location', args.location, /^[A-Za-z0-9 ]+$/, 'location must be an Azure region, as in westeurope');
  // "Data retention in Log Analytics": 30 to 730 days on PerGB2018.
  problems.wholeNumber('logRetentionDays', args.logRetentionDays, 30, 730, 'the retention of logs in days');
  for (const kind of ['resourceGroup', 'logWorkspace'] as const) {
    problems.text(`names.${kind}`, args.names?.[kind], nameRules[kind].pattern, nameRules[kind].rule);
  }
  commonProblems(problems, args, {
    overridable: ['resource-group', 'log-workspace', ...overridable.map((child) => `${ingestPrefix}${child}`)],
    floors: [
      logFloor,
      ...securityFloors(settings).map((floor) => ({ ...floor, child: `${ingestPrefix}${floor.child}` })),
    ],
  });
  ingestProblems(problems.below('ingest'), settings, new Date());
  return problems;
}

function surroundings(children: Children, args: HospitalEnvironmentArgs) {
  const { hospitalId, location, environment = 'prod', nameGeneration = 1 } = args;
  const names = new Names({ hospitalId, environment, nameGeneration }, children.clientConfig().subscriptionId);
  const tags = { hospitalId, environment, ...args.tags };
  const resourceGroupName = resourceGroup(children, names, args, tags);
  const logWorkspaceId = args.diagnosticSettings?.workspaceId ?? args.existingLogWorkspaceId;
  if (logWorkspaceId !== undefined) return { resourceGroupName, logWorkspaceId: pulumi.output(logWorkspaceId) };
  const workspace = new Workspace(
    ...children.of('log-workspace', {
      resourceGroupName,
      workspaceName: names.of('logWorkspace', args.names?.logWorkspace),
      location,
      tags,
      sku: { name: 'PerGB2018' },
      retentionInDays: args.logRetentionDays ?? 365,
      features: { disableLocalAuth: true },
    }),
  );
  return { resourceGroupName, logWorkspaceId: workspace.id };
}

function resourceGroup(
  children: Children,
  names: Names,
  { location, existingResourceGroupName, names: given }: HospitalEnvironmentArgs,
  tags: Record<string, pulumi.Input<string>>,
): pulumi.Output<string> {
  if (existingResourceGroupName !== undefined) return pulumi.output(existingResourceGroupName);
  const group = new ResourceGroup(
    ...children.of('resource-group', {
      resourceGroupName: names.of('resourceGroup', given?.resourceGroup),
      location,
      tags,
    }),
  );
  return nameFromId(group.id);
}
