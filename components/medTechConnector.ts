import * as pulumi from '@pulumi/pulumi';
import type { CommonSettings } from './azure/commonSettings';
import { buildConnector, type ConnectorNodes } from './medtech/build';
import type { ConnectorSettings } from './medtech/connectorSettings';
import { completeConnector } from './medtech/defaults';
import { validateConnector } from './medtech/validate';

/** Arguments of `MedTechConnector`. */
export interface MedTechConnectorArgs extends CommonSettings, ConnectorSettings {
  /** The hospital, in its own words; part of names and tags. */
  hospitalId: string;
  /** Name of the resource group, which exists. */
  resourceGroupName: pulumi.Input<string>;
  /**
   * Azure region; default the resource group's.
   * @default the resource group's
   */
  location?: pulumi.Input<string>;
  /**
   * ARM id of the event hub `devicedata`, as in `IoMTIngest.deviceDataHubId`. The connector adds its hubs to the namespace of
   * that hub.
   */
  existingDeviceDataHubId: pulumi.Input<string>;
  /**
   * Host of the namespace of that hub, as in `IoMTIngest.eventHubsNamespaceHost`; default read from the namespace.
   * @default read from the namespace
   */
  eventHubsNamespaceHost?: pulumi.Input<string>;
  /**
   * Partitions of that hub; default read from the hub.
   * @default read from the hub
   */
  deviceDataPartitions?: pulumi.Input<number>;
}

/** Children of each connector. A property of the class would become an output in the schema for other languages. */
const nodesOf = new WeakMap<MedTechConnector, ConnectorNodes>();

/**
 * Turns messages of devices into measurements (step 4), records them as Observations of patients in a FHIR service (step 5),
 * and hands the measurements on in the event hub `normalizeddata` (step 6). Mapping files are those of MedTech.
 *
 * ```typescript
 * const connector = new MedTechConnector('connector', {
 *   hospitalId: 'stmary',
 *   resourceGroupName: 'rg-stmary-prod',
 *   existingDeviceDataHubId: ingest.deviceDataHubId,
 *   eventHubsNamespaceHost: ingest.eventHubsNamespaceHost,
 *   deviceMapping: readFileSync('device.json', 'utf8'),
 *   fhirMapping: readFileSync('fhir.json', 'utf8'),
 * });
 * ```
 *
 * Every hop is an identity with the narrowest role; no keys and connection strings exist. Messages that cannot be used are
 * kept as dead letters and raise an alert. Resources that hold data are protected from deletion until both keys are turned
 * (`allowDataDeletion`).
 *
 * @throws InputPropertiesError with everything that is wrong with the arguments, each problem of a mapping with its line.
 */
export class MedTechConnector extends pulumi.ComponentResource {
  /** Base URL of the FHIR service. */
  readonly fhirUrl: pulumi.Output<string>;
  /** What tokens for the FHIR service must be for. */
  readonly fhirAudience: pulumi.Output<string>;
  /** ARM id of the FHIR service. */
  readonly fhirServiceId: pulumi.Output<string>;
  /** ARM id of the event hub `normalizeddata`. */
  readonly normalizedDataHubId: pulumi.Output<string>;
  /** ARM id of the event hub `fhirevents`. */
  readonly fhirEventsHubId: pulumi.Output<string>;
  /** URL of the blob container with dead letters. */
  readonly deadLetterContainerUrl: pulumi.Output<string>;
  /** ARM id of the Application Insights component. */
  readonly applicationInsightsId: pulumi.Output<string>;
  /** What is left to do by hand, in its order; empty unless `deployerReach` or `roleAssignmentMode` leave something. */
  readonly manualSteps: pulumi.Output<string[]>;

  constructor(name: string, args: MedTechConnectorArgs, opts?: pulumi.ComponentResourceOptions) {
    const settings = completeConnector(args);
    validateConnector(args, settings).throwIfAny(`MedTechConnector "${name}"`);
    super('azure-iomt:index:MedTechConnector', name, {}, opts);

    const { nodes, outputs } = buildConnector(this, name, args, settings);
    nodesOf.set(this, nodes);
    this.fhirUrl = outputs.fhirUrl;
    this.fhirAudience = outputs.fhirAudience;
    this.fhirServiceId = outputs.fhirServiceId;
    this.normalizedDataHubId = outputs.normalizedDataHubId;
    this.fhirEventsHubId = outputs.fhirEventsHubId;
    this.deadLetterContainerUrl = outputs.deadLetterContainerUrl;
    this.applicationInsightsId = outputs.applicationInsightsId;
    this.manualSteps = outputs.manualSteps;
    this.registerOutputs(outputs);
  }

  /** The Azure resources of the connector, to build on what has no output; they may change between minor releases. */
  get nodes(): ConnectorNodes {
    const nodes = nodesOf.get(this);
    if (!nodes)
      throw new Error('This connector was rehydrated from another program; its resources are not known here.');
    return nodes;
  }
}
