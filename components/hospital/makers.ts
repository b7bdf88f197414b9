import type * as pulumi from '@pulumi/pulumi';
import type { HospitalEnvironment, HospitalEnvironmentArgs } from '../hospitalEnvironment';
import { HotPath } from '../hotPath';
import { IoMTIngest } from '../iomtIngest';
import { MedTechConnector } from '../medTechConnector';
import { MLScoringPath } from '../mlScoringPath';
import {
  commonSettingsOf,
  connectorArgsOf,
  hasHotPath,
  hasScoring,
  hotPathArgsOf,
  ingestSettingsOf,
  scoringArgsOf,
} from './parts';
import type { Around } from './surroundings';

/** The components of a hospital. */
export interface HospitalParts {
  readonly ingest: IoMTIngest;
  readonly connector?: MedTechConnector;
  readonly scoring?: MLScoringPath;
  readonly hotPath?: HotPath;
}

/** Where a component is made. */
interface Place {
  readonly parent: HospitalEnvironment;
  readonly name: string;
  readonly args: HospitalEnvironmentArgs;
  readonly around: Around;
}

/** Each is given all that those before it know, so that nothing is read. */
export function makeParts(place: Place): HospitalParts {
  const { args } = place;
  const ingest = makeIngest(place);
  if (args.connectorEnabled === false) return { ingest };
  const connector = makeConnector(place, ingest);
  if (!hasScoring(args)) return { ingest, connector };
  const scoring = makeScoring(place, ingest, connector);
  if (!hasHotPath(args)) return { ingest, connector, scoring };
  return { ingest, connector, scoring, hotPath: makeHotPath(place, ingest, connector, scoring) };
}

/** What is left to do by hand, of each part in turn. */
export const stepsOf = ({ ingest, connector, scoring, hotPath }: HospitalParts): pulumi.Output<string[]>[] =>
  [ingest, connector, scoring, hotPath].flatMap((part) => (part ? [part.manualSteps] : []));

function makeIngest({ parent, name, args, around }: Place): IoMTIngest {
  const settings = { ...commonSettingsOf('ingest', args), ...args.ingest, ...placed(args, around) };
  return new IoMTIngest(`${name}-ingest`, settings, { parent });
}

function makeConnector(
  { parent, name, args, around }: Place,
  { deviceDataHubId, eventHubsNamespaceHost }: IoMTIngest,
): MedTechConnector {
  const connectorArgs = {
    ...connectorArgsOf(args),
    ...placed(args, around),
    existingDeviceDataHubId: deviceDataHubId,
    eventHubsNamespaceHost,
    deviceDataPartitions: ingestSettingsOf(args).eventHubs.deviceDataPartitions,
  };
  return new MedTechConnector(`${name}-connector`, connectorArgs, { parent });
}

function makeScoring(
  { parent, name, args, around }: Place,
  { eventHubsNamespaceHost, nodes: { captureIdentity } }: IoMTIngest,
  connector: MedTechConnector,
): MLScoringPath {
  const { managedIdentities, ...settings } = scoringArgsOf(args);
  const scoringArgs = {
    ...settings,
    ...placed(args, around),
    ...behind(connector),
    managedIdentities: { capture: captureIdentity, ...managedIdentities },
    existingNormalizedDataHubId: connector.normalizedDataHubId,
    existingFhirEventsHubId: connector.fhirEventsHubId,
    eventHubsNamespaceHost,
    normalizedDataPartitions: connector.nodes.normalizedDataPartitions,
  };
  return new MLScoringPath(`${name}-scoring`, scoringArgs, { parent });
}

function makeHotPath(
  { parent, name, args, around }: Place,
  { eventHubsNamespaceHost }: IoMTIngest,
  connector: MedTechConnector,
  scoring: MLScoringPath,
): HotPath {
  const hotPathArgs = {
    ...hotPathArgsOf(args),
    ...placed(args, around),
    ...behind(connector),
    existingScoredHubId: scoring.scoredHubId,
    eventHubsNamespaceHost,
    scoredPartitions: scoring.nodes.scoredPartitions,
  };
  return new HotPath(`${name}-hot`, hotPathArgs, { parent });
}

/** Where patients and dead letters are, and where apps send their telemetry: one place for the whole path. */
function behind(connector: MedTechConnector) {
  const { deadLetterContainer, applicationInsights } = connector.nodes;
  return {
    existingFhirServiceId: connector.fhirServiceId,
    fhirUrl: connector.fhirUrl,
    fhirAudience: connector.fhirAudience,
    existingDeadLetterContainerId: deadLetterContainer.id,
    deadLetterContainerUrl: connector.deadLetterContainerUrl,
    existingApplicationInsightsId: applicationInsights.id,
    applicationInsightsConnectionString: applicationInsights.connectionString,
  };
}

/** Which hospital, where, and to which workspace it logs. */
function placed(
  { hospitalId, location, diagnosticSettings }: HospitalEnvironmentArgs,
  { resourceGroupName, logWorkspaceId }: Around,
) {
  return {
    hospitalId,
    location,
    resourceGroupName,
    diagnosticSettings: diagnosticSettings ?? { workspaceId: logWorkspaceId },
  };
}
