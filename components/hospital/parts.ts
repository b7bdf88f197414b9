import type { CommonSettings } from '../azure/commonSettings';
import { merge } from '../azure/merge';
import type { HospitalEnvironmentArgs } from '../hospitalEnvironment';
import { type CompleteHotPath, completeHotPath } from '../hot/defaults';
import type { HotPathSettings } from '../hot/hotPathSettings';
import { type CompleteSettings, completeSettings } from '../ingest/defaults';
import type { ConnectorSettings } from '../medtech/connectorSettings';
import { type CompleteConnector, completeConnector } from '../medtech/defaults';
import { type CompleteScoring, completeScoring } from '../scoring/defaults';
import type { ScoringSettings } from '../scoring/scoringSettings';

/** The components of a hospital, by what stands before the names of their children. */
export const prefixes = { ingest: 'ingest-', connector: 'connector-', scoring: 'scoring-', hotPath: 'hot-' } as const;
export type Part = keyof typeof prefixes;

/** The settings that all components share; overrides are handed on to the component whose children they name. */
export function commonSettingsOf(part: Part, args: HospitalEnvironmentArgs): CommonSettings {
  const { hospitalId, location, existingResourceGroupName, existingLogWorkspaceId, logRetentionDays, ...rest } = args;
  const { names, ingest, connector, connectorEnabled, scoring, scoringEnabled, ...last } = rest;
  const { hotPath, hotPathEnabled, overrides = {}, ...common } = last;
  const prefix = prefixes[part];
  const own = Object.entries(overrides).filter(([child]) => child.startsWith(prefix));
  return { ...common, overrides: Object.fromEntries(own.map(([child, value]) => [child.slice(prefix.length), value])) };
}

export function ingestSettingsOf(args: HospitalEnvironmentArgs): CompleteSettings {
  return completeSettings({ ...commonSettingsOf('ingest', args), ...args.ingest });
}

export function connectorArgsOf(args: HospitalEnvironmentArgs): CommonSettings & ConnectorSettings {
  return { ...commonSettingsOf('connector', args), ...args.connector };
}

export function connectorSettingsOf(args: HospitalEnvironmentArgs): CompleteConnector {
  return completeConnector(connectorArgsOf(args));
}

/** Scoring reads what the connector sends: without one there is none. */
export function hasScoring({ connectorEnabled, scoringEnabled }: HospitalEnvironmentArgs): boolean {
  return connectorEnabled !== false && scoringEnabled !== false;
}

/** Scoring's own settings, over what it shares with the connector in one hospital. */
export function scoringArgsOf(args: HospitalEnvironmentArgs) {
  const connector = connectorSettingsOf(args);
  const shared: ScoringSettings = {
    functionSubnetId: connector.functionSubnetId,
    alertActionGroupIds: connector.alertActionGroupIds,
    artefactsFolder: connector.artefactsFolder,
    chartedValues: connector.fhirEvents ? 'events' : 'polling',
  };
  const { compatibility, resolutionType, deviceIdentifierSystem, identityCacheSeconds, clockMarkSeconds } = connector;
  const same = { compatibility, resolutionType, deviceIdentifierSystem, identityCacheSeconds, clockMarkSeconds };
  return { ...commonSettingsOf('scoring', args), ...same, ...merge(shared, args.scoring) };
}

/** As they are checked, before there is a hub of FHIR events whose id is known. */
export function scoringSettingsOf(args: HospitalEnvironmentArgs): CompleteScoring {
  const toCome = 'of the connector, which comes first';
  return completeScoring({
    ...scoringArgsOf(args),
    existingNormalizedDataHubId: toCome,
    existingFhirServiceId: toCome,
    existingFhirEventsHubId: toCome,
    existingApplicationInsightsId: toCome,
    existingDeadLetterContainerId: toCome,
  });
}

/** The hot path writes what scoring sends: without it there is none. */
export function hasHotPath(args: HospitalEnvironmentArgs): boolean {
  return hasScoring(args) && args.hotPathEnabled !== false;
}

/** The hot path's own settings, over what it shares with connector and scoring in one hospital. */
export function hotPathArgsOf(args: HospitalEnvironmentArgs) {
  const connector = connectorSettingsOf(args);
  const { windowMinutes, latenessMinutes, contextCodes } = scoringSettingsOf(args);
  const shared: HotPathSettings = {
    functionSubnetId: connector.functionSubnetId,
    alertActionGroupIds: connector.alertActionGroupIds,
    artefactsFolder: connector.artefactsFolder,
  };
  const same = { windowMinutes, latenessMinutes, contextCodes };
  return { ...commonSettingsOf('hotPath', args), ...same, ...merge(shared, args.hotPath) };
}

/** As they are checked, before there is a hub of scores whose id is known. */
export function hotPathSettingsOf(args: HospitalEnvironmentArgs): CompleteHotPath {
  const toCome = 'of scoring and of the connector, which come first';
  const diagnosticSettings = args.diagnosticSettings ?? { workspaceId: toCome };
  return completeHotPath({
    ...hotPathArgsOf(args),
    diagnosticSettings,
    existingScoredHubId: toCome,
    existingFhirServiceId: toCome,
    existingApplicationInsightsId: toCome,
    existingDeadLetterContainerId: toCome,
  });
}
