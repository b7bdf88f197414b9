import * as pulumi from '@pulumi/pulumi';
import type { CommonSettings } from './azure/commonSettings';
import type { ConnectorCompatibility, ResolutionType } from './medtech/choices';
import { buildScoring, type ScoringNodes } from './scoring/build';
import { completeScoring } from './scoring/defaults';
import type { ScoringSettings } from './scoring/scoringSettings';
import { validateScoring } from './scoring/validate';

/** Arguments of `MLScoringPath`. */
export interface MLScoringPathArgs extends CommonSettings, ScoringSettings {
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
   * ARM id of the event hub `normalizeddata`, as in `MedTechConnector.normalizedDataHubId`, with the consumer group `ml-input`.
   * Scoring adds its hubs to the namespace of that hub.
   */
  existingNormalizedDataHubId: pulumi.Input<string>;
  /** ARM id of the FHIR service, as in `MedTechConnector.fhirServiceId`. */
  existingFhirServiceId: pulumi.Input<string>;
  /**
   * ARM id of the event hub `fhirevents` in the same namespace, as in `MedTechConnector.fhirEventsHubId`; default none: then
   * charted values are searched for.
   * @default none
   */
  existingFhirEventsHubId?: pulumi.Input<string>;
  /**
   * Host of the namespace, as in `IoMTIngest.eventHubsNamespaceHost`; default read from the namespace.
   * @default read from the namespace
   */
  eventHubsNamespaceHost?: pulumi.Input<string>;
  /**
   * Partitions of `normalizeddata`; default read from the hub.
   * @default read from the hub
   */
  normalizedDataPartitions?: pulumi.Input<number>;
  /**
   * Base URL of the FHIR service, as in `MedTechConnector.fhirUrl`; default read from the service.
   * @default read from the service
   */
  fhirUrl?: pulumi.Input<string>;
  /**
   * What tokens for the FHIR service must be for, as in `MedTechConnector.fhirAudience`; default read from the service.
   * @default read from the service
   */
  fhirAudience?: pulumi.Input<string>;
  /**
   * ARM id of the blob container for dead letters; default a new one in the lake's resource group. One container for all
   * steps makes one command of what is sent again.
   * @default a new one
   */
  existingDeadLetterContainerId?: pulumi.Input<string>;
  /**
   * URL of that container, as in `MedTechConnector.deadLetterContainerUrl`; default read from its account.
   * @default read from its account
   */
  deadLetterContainerUrl?: pulumi.Input<string>;
  /**
   * ARM id of an Application Insights component that exists, as in `MedTechConnector.applicationInsightsId`; default a new one.
   * @default a new one
   */
  existingApplicationInsightsId?: pulumi.Input<string>;
  /**
   * Connection string of that component; default read from it. It is an address and no secret.
   * @default read from it
   */
  applicationInsightsConnectionString?: pulumi.Input<string>;
  /**
   * As in the connector: how measurements are made; default `r4`.
   * @default r4
   */
  compatibility?: ConnectorCompatibility;
  /**
   * As in the connector: how devices and patients are found; default `Lookup`.
   * @default Lookup
   */
  resolutionType?: ResolutionType;
  /**
   * As in the connector: system of the identifiers by which Devices are found; default none: an identifier of any system.
   * @default none
   */
  deviceIdentifierSystem?: string;
  /**
   * Seconds for which what was read about devices and patients is believed, 0 to 60; default 60.
   * @default 60
   */
  identityCacheSeconds?: number;
  /**
   * Seconds between two clock marks in `fhirevents`, as in the connector: a divisor of 60; default 10.
   * @default 10
   */
  clockMarkSeconds?: number;
}

/** Children of each scoring path. A property of the class would become an output in the schema for other languages. */
const nodesOf = new WeakMap<MLScoringPath, ScoringNodes>();

/**
 * Merges measurements with what scoring must know of the patient (steps 6 and 7), distributes them in the event hub `enriched`
 * and keeps them in a lake (steps 8 and 9), scores them in windows (steps 10 and 11), and hands the scores on in the event hub
 * `scored`, with a copy in the lake (steps 11a and 12).
 *
 * ```typescript
 * const scoring = new MLScoringPath('scoring', {
 *   hospitalId: 'stmary',
 *   resourceGroupName: 'rg-stmary-prod',
 *   existingNormalizedDataHubId: connector.normalizedDataHubId,
 *   existingFhirEventsHubId: connector.fhirEventsHubId,
 *   existingFhirServiceId: connector.fhirServiceId,
 * });
 * ```
 *
 * Every hop is an identity with the narrowest role; no keys and connection strings exist. Resources that hold data are
 * protected from deletion until both keys are turned (`allowDataDeletion`).
 *
 * @throws InputPropertiesError with everything that is wrong with the arguments, before anything is created.
 */
export class MLScoringPath extends pulumi.ComponentResource {
  /** ARM id of the event hub `enriched`. */
  readonly enrichedHubId: pulumi.Output<string>;
  /** ARM id of the event hub `scored`. */
  readonly scoredHubId: pulumi.Output<string>;
  /** ARM id of the lake's storage account. */
  readonly lakeAccountId: pulumi.Output<string>;
  /** URL of the blob container with dead letters. */
  readonly deadLetterContainerUrl: pulumi.Output<string>;
  /** URL of the Databricks workspace; undefined without one. */
  readonly databricksWorkspaceUrl?: pulumi.Output<string>;
  /** URL of the endpoint that makes predictions; undefined without one. */
  readonly endpointUrl?: pulumi.Output<string>;
  /** What is left to do by hand, in its order. */
  readonly manualSteps: pulumi.Output<string[]>;

  constructor(name: string, args: MLScoringPathArgs, opts?: pulumi.ComponentResourceOptions) {
    const settings = completeScoring(args);
    validateScoring(args, settings).throwIfAny(`MLScoringPath "${name}"`);
    super('azure-iomt:index:MLScoringPath', name, {}, opts);

    const { nodes, outputs } = buildScoring(this, name, args, settings);
    nodesOf.set(this, nodes);
    this.enrichedHubId = outputs.enrichedHubId;
    this.scoredHubId = outputs.scoredHubId;
    this.lakeAccountId = outputs.lakeAccountId;
    this.deadLetterContainerUrl = outputs.deadLetterContainerUrl;
    this.databricksWorkspaceUrl = outputs.databricksWorkspaceUrl;
    this.endpointUrl = outputs.endpointUrl;
    this.manualSteps = outputs.manualSteps;
    this.registerOutputs(outputs);
  }

  /** The Azure resources of the path, to build on what has no output; they may change between minor releases. */
  get nodes(): ScoringNodes {
    const nodes = nodesOf.get(this);
    if (!nodes)
      throw new Error('This scoring path was rehydrated from another program; its resources are not known here.');
    return nodes;
  }
}
