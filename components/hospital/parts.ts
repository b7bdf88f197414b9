import type { CommonSettings } from '../azure/commonSettings';
import type { HospitalEnvironmentArgs } from '../hospitalEnvironment';
import { type CompleteSettings, completeSettings } from '../ingest/defaults';
import type { ConnectorSettings } from '../medtech/connectorSettings';
import { type CompleteConnector, completeConnector } from '../medtech/defaults';

/** The components of a hospital, by what stands before the names of their children. */
export const prefixes = { ingest: 'ingest-', connector: 'connector-' } as const;
export type Part = keyof typeof prefixes;

/** The settings that all components share; overrides are handed on to the component whose children they name. */
export function commonSettingsOf(part: Part, args: HospitalEnvironmentArgs): CommonSettings {
  const { hospitalId, location, existingResourceGroupName, existingLogWorkspaceId, logRetentionDays, ...rest } = args;
  const { names, ingest, connector, connectorEnabled, overrides = {}, ...common } = rest;
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
