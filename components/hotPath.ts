import * as pulumi from '@pulumi/pulumi';
import type { CommonSettings } from './azure/commonSettings';
import { buildHotPath, type HotPathNodes } from './hot/build';
import { completeHotPath } from './hot/defaults';
import type { HotPathSettings } from './hot/hotPathSettings';
import { validateHotPath } from './hot/validate';
import type { ContextCodeSettings } from './scoring/contextSettings';

/** Arguments of `HotPath`. */
export interface HotPathArgs extends CommonSettings, HotPathSettings {
  /** The hospital, in its own words; part of names and tags, and of every route in the repository. */
  hospitalId: string;
  /** Name of the resource group, which exists. */
  resourceGroupName: pulumi.Input<string>;
  /**
   * Azure region; default the resource group's.
   * @default the resource group's
   */
  location?: pulumi.Input<string>;
  /**
   * ARM id of the event hub `scored`, as in `MLScoringPath.scoredHubId`. The hot path adds its consumer groups to it,
   * `ml-output-fhir` and `ml-output-repository`.
   */
  existingScoredHubId: pulumi.Input<string>;
  /** ARM id of the FHIR service, as in `MedTechConnector.fhirServiceId`. */
  existingFhirServiceId: pulumi.Input<string>;
  /**
   * Host of the namespace of `scored`, as in `IoMTIngest.eventHubsNamespaceHost`; default read from the namespace.
   * @default read from the namespace
   */
  eventHubsNamespaceHost?: pulumi.Input<string>;
  /**
   * Partitions of `scored`; default read from the hub.
   * @default read from the hub
   */
  scoredPartitions?: pulumi.Input<number>;
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
   * ARM id of the blob container for dead letters; default a new one. One container for all steps makes one command of what
   * is sent again.
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
   * As in scoring: length of the windows that flags go by, in minutes; default 5.
   * @default 5
   */
  windowMinutes?: number;
  /**
   * As in scoring: minutes after its end for which a window waits for data; default 2.
   * @default 2
   */
  latenessMinutes?: number;
  /**
   * As in scoring: by which codes facts about a patient are recognised; default those of the library.
   * @default those of the library
   */
  contextCodes?: ContextCodeSettings;
}

/** Children of each hot path. A property of the class would become an output in the schema for other languages. */
const nodesOf = new WeakMap<HotPath, HotPathNodes>();

/**
 * Writes what was scored into the health record as risk assessments and flags (steps 12 and 13), and into a repository in Azure
 * SQL, from which patients are routed to their care teams (step 14) and a dashboard is drawn (step 15). Neither waits for the
 * other.
 *
 * ```typescript
 * const hotPath = new HotPath('hot', {
 *   hospitalId: 'stmary',
 *   resourceGroupName: 'rg-stmary-prod',
 *   existingScoredHubId: scoring.scoredHubId,
 *   existingFhirServiceId: connector.fhirServiceId,
 * });
 * ```
 *
 * Every hop is an identity with the narrowest role, in Azure and in the database; no keys, passwords and connection strings
 * exist. Resources that hold data are protected from deletion until both keys are turned (`allowDataDeletion`).
 *
 * @throws InputPropertiesError with everything that is wrong with the arguments, before anything is created.
 */
export class HotPath extends pulumi.ComponentResource {
  /** Host of the repository's SQL server. */
  readonly sqlServerHost: pulumi.Output<string>;
  /** ARM id of the repository's database. */
  readonly databaseId: pulumi.Output<string>;
  /** Name of the repository's database. */
  readonly databaseName: pulumi.Output<string>;
  /** URL of the blob container with dead letters. */
  readonly deadLetterContainerUrl: pulumi.Output<string>;
  /** Where results may be posted; undefined without `httpTrigger`. */
  readonly httpTriggerUrl?: pulumi.Output<string>;
  /** ARM id of the Fabric capacity; undefined without a dashboard. */
  readonly fabricCapacityId?: pulumi.Output<string>;
  /** Where the dashboard is looked at; empty where it is made by hand, undefined without one. */
  readonly dashboardUrl?: pulumi.Output<string>;
  /** What is left to do by hand, in its order. */
  readonly manualSteps: pulumi.Output<string[]>;

  constructor(name: string, args: HotPathArgs, opts?: pulumi.ComponentResourceOptions) {
    const settings = completeHotPath(args);
    validateHotPath(args, settings).throwIfAny(`HotPath "${name}"`);
    super('azure-iomt:index:HotPath', name, {}, opts);

    const { nodes, outputs } = buildHotPath(this, name, args, settings);
    nodesOf.set(this, nodes);
    this.sqlServerHost = outputs.sqlServerHost;
    this.databaseId = outputs.databaseId;
    this.databaseName = outputs.databaseName;
    this.deadLetterContainerUrl = outputs.deadLetterContainerUrl;
    this.httpTriggerUrl = outputs.httpTriggerUrl;
    this.fabricCapacityId = outputs.fabricCapacityId;
    this.dashboardUrl = outputs.dashboardUrl;
    this.manualSteps = outputs.manualSteps;
    this.registerOutputs(outputs);
  }

  /** The Azure resources of the path, to build on what has no output; they may change between minor releases. */
  get nodes(): HotPathNodes {
    const nodes = nodesOf.get(this);
    if (!nodes) throw new Error('This hot path was rehydrated from another program; its resources are not known here.');
    return nodes;
  }
}
