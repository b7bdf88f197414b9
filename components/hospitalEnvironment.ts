import * as pulumi from '@pulumi/pulumi';
import type { CommonSettings } from './azure/commonSettings';
import { Children } from './azure/component';
import { type HospitalParts, makeParts, stepsOf } from './hospital/makers';
import { surroundings } from './hospital/surroundings';
import { validateHospital } from './hospital/validate';
import type { HotPathSettings } from './hot/hotPathSettings';
import type { HotPath } from './hotPath';
import type { IngestSettings } from './ingest/ingestSettings';
import type { IoMTIngest } from './iomtIngest';
import type { MedTechConnector } from './medTechConnector';
import type { ConnectorSettings } from './medtech/connectorSettings';
import type { MLScoringPath } from './mlScoringPath';
import type { ScoringSettings } from './scoring/scoringSettings';

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
  /**
   * Settings of the connector; default its defaults.
   * @default its defaults
   */
  connector?: ConnectorSettings;
  /**
   * Whether there is a connector, which turns device data into measurements and Observations; default true.
   * @default true
   */
  connectorEnabled?: boolean;
  /**
   * Settings of scoring; default its defaults, and what it shares with the connector: subnet of the function apps, action
   * groups, folder of artefacts.
   * @default its defaults
   */
  scoring?: ScoringSettings;
  /**
   * Whether measurements are scored; default true where there is a connector.
   * @default true where there is a connector
   */
  scoringEnabled?: boolean;
  /**
   * Settings of the hot path; default its defaults, and what it shares with connector and scoring: subnet of the function apps,
   * action groups, folder of artefacts, windows.
   * @default its defaults
   */
  hotPath?: HotPathSettings;
  /**
   * Whether what was scored is written into the health record and the repository; default true where there is scoring.
   * @default true where there is scoring
   */
  hotPathEnabled?: boolean;
}

/** The components of each environment. A property of the class would become an output in the schema for other languages. */
const partsOf = new WeakMap<HospitalEnvironment, HospitalParts>();

/**
 * Everything that a hospital needs, in one resource group with one log workspace: now the ingest, the connector, scoring
 * and the hot path, steps 1 to 15.
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
  /** Base URL of the FHIR service; undefined without a connector. */
  readonly fhirUrl?: pulumi.Output<string>;
  /** Until when each certificate authority of devices is valid (ISO 8601), by its name. */
  readonly deviceCertificateExpiry: pulumi.Output<Record<string, string>>;
  /** What is left to do by hand, in its order. */
  readonly manualSteps: pulumi.Output<string[]>;

  constructor(name: string, args: HospitalEnvironmentArgs, opts?: pulumi.ComponentResourceOptions) {
    validateHospital(args).throwIfAny(`HospitalEnvironment "${name}"`);
    super('azure-iomt:index:HospitalEnvironment', name, {}, opts);

    const around = surroundings(new Children(this, name, args.overrides), args);
    const { resourceGroupName, logWorkspaceId } = around;
    const parts = makeParts({ parent: this, name, args, around });
    partsOf.set(this, parts);
    const { ingest, connector } = parts;
    const manualSteps = pulumi.all(stepsOf(parts)).apply((steps) => steps.flat());
    const { iotHubHostName, provisioningIdScope, provisioningHostName, deviceCertificateExpiry } = ingest;
    this.resourceGroupName = resourceGroupName;
    this.logWorkspaceId = logWorkspaceId;
    this.iotHubHostName = iotHubHostName;
    this.provisioningIdScope = provisioningIdScope;
    this.provisioningHostName = provisioningHostName;
    this.fhirUrl = connector?.fhirUrl;
    this.deviceCertificateExpiry = deviceCertificateExpiry;
    this.manualSteps = manualSteps;
    this.registerOutputs({
      resourceGroupName,
      logWorkspaceId,
      iotHubHostName,
      provisioningIdScope,
      provisioningHostName,
      fhirUrl: connector?.fhirUrl,
      deviceCertificateExpiry,
      manualSteps,
    });
  }

  /** The ingest, to build on its outputs. */
  get ingest(): IoMTIngest {
    return partsIn(this).ingest;
  }

  /** The connector, to build on its outputs; undefined without one. */
  get connector(): MedTechConnector | undefined {
    return partsIn(this).connector;
  }

  /** Scoring, to build on its outputs; undefined without it. */
  get scoring(): MLScoringPath | undefined {
    return partsIn(this).scoring;
  }

  /** The hot path, to build on its outputs; undefined without it. */
  get hotPath(): HotPath | undefined {
    return partsIn(this).hotPath;
  }
}

function partsIn(environment: HospitalEnvironment) {
  const parts = partsOf.get(environment);
  if (!parts)
    throw new Error('This environment was rehydrated from another program; its components are not known here.');
  return parts;
}

/** Everything that is wrong with the arguments, for programs which report it together with problems of their own. */
export function hospitalEnvironmentProblems(args: HospitalEnvironmentArgs) {
  return validateHospital(args).all;
}
