import * as pulumi from '@pulumi/pulumi';
import type { CommonSettings } from './azure/commonSettings';
import { buildIngest, type IngestNodes } from './ingest/build';
import { certificateExpiry } from './ingest/certificates';
import { completeSettings } from './ingest/defaults';
import type { IngestSettings } from './ingest/ingestSettings';
import { validateIngest } from './ingest/validate';

/** Arguments of `IoMTIngest`. */
export interface IoMTIngestArgs extends CommonSettings, IngestSettings {
  /** The hospital, in its own words; part of names and tags, and added to every message. */
  hospitalId: string;
  /** Name of the resource group, which exists. */
  resourceGroupName: pulumi.Input<string>;
  /**
   * Azure region; default the resource group's.
   * @default the resource group's
   */
  location?: pulumi.Input<string>;
}

/** Children of each ingest. A property of the class would become an output in the schema for other languages. */
const nodesOf = new WeakMap<IoMTIngest, IngestNodes>();

/**
 * Takes the messages of medical devices and gateways in (steps 1 and 2), keeps a raw copy that nobody can change (step 3), and
 * hands device data on in the event hub `devicedata` (step 4).
 *
 * ```typescript
 * const ingest = new IoMTIngest('ingest', {
 *   hospitalId: 'stmary',
 *   resourceGroupName: 'rg-stmary-prod',
 *   deviceCertificateAuthorities: [{ name: 'ward-devices', certificate: readFileSync('ward-devices.pem', 'utf8') }],
 * });
 * ```
 *
 * Every hop is an identity with the narrowest role; no keys and connection strings exist. Resources that hold data are
 * protected from deletion until both keys are turned (`allowDataDeletion`).
 *
 * @throws InputPropertiesError with everything that is wrong with the arguments, before anything is created.
 */
export class IoMTIngest extends pulumi.ComponentResource {
  /** Host of the IoT hub, for devices and services. */
  readonly iotHubHostName: pulumi.Output<string>;
  /** ID scope that devices give to the provisioning service; undefined without one. */
  readonly provisioningIdScope?: pulumi.Output<string>;
  /** Host of the provisioning service, for devices; undefined without one. */
  readonly provisioningHostName?: pulumi.Output<string>;
  /** ARM id of the event hub `devicedata`. */
  readonly deviceDataHubId: pulumi.Output<string>;
  /** Host of the Event Hubs namespace, as clients take it. */
  readonly eventHubsNamespaceHost: pulumi.Output<string>;
  /** ARM id of the storage account with the raw copies. */
  readonly rawStorageAccountId: pulumi.Output<string>;
  /** Until when each certificate authority is valid (ISO 8601), by its name. */
  readonly deviceCertificateExpiry: pulumi.Output<Record<string, string>>;
  /** What is left to do by hand, in its order; empty unless `deployerReach` or `roleAssignmentMode` leave something. */
  readonly manualSteps: pulumi.Output<string[]>;

  constructor(name: string, args: IoMTIngestArgs, opts?: pulumi.ComponentResourceOptions) {
    const settings = completeSettings(args);
    validateIngest(args.hospitalId, settings, new Date()).throwIfAny(`IoMTIngest "${name}"`);
    super('azure-iomt:index:IoMTIngest', name, {}, opts);

    const { nodes, outputs } = buildIngest(this, name, args, settings);
    nodesOf.set(this, nodes);
    this.iotHubHostName = outputs.iotHubHostName;
    this.provisioningIdScope = outputs.provisioningIdScope;
    this.provisioningHostName = outputs.provisioningHostName;
    this.deviceDataHubId = outputs.deviceDataHubId;
    this.eventHubsNamespaceHost = outputs.eventHubsNamespaceHost;
    this.rawStorageAccountId = outputs.rawStorageAccountId;
    this.manualSteps = outputs.manualSteps;
    const gateways = settings.edge?.certificateAuthorities ?? [];
    this.deviceCertificateExpiry = pulumi.output(
      certificateExpiry([...settings.deviceCertificateAuthorities, ...gateways]),
    );
    this.registerOutputs({ ...outputs, deviceCertificateExpiry: this.deviceCertificateExpiry });
  }

  /** The Azure resources of the ingest, to build on what has no output; they may change between minor releases. */
  get nodes(): IngestNodes {
    const nodes = nodesOf.get(this);
    if (!nodes) throw new Error('This ingest was rehydrated from another program; its resources are not known here.');
    return nodes;
  }
}
