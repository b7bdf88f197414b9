import { commonProblems, hospitalIdProblems } from '../azure/commonProblems';
import { logFloor } from '../azure/logWorkspace';
import type { SecurityFloor } from '../azure/merge';
import { nameRules } from '../azure/naming';
import { Problems } from '../azure/validation';
import type { HospitalEnvironmentArgs } from '../hospitalEnvironment';
import * as hotPathChildren from '../hot/children';
import { hotPathProblems, keyProblems } from '../hot/validate';
import * as ingestChildren from '../ingest/children';
import { ingestProblems } from '../ingest/validate';
import * as connectorChildren from '../medtech/children';
import type { CompleteConnector } from '../medtech/defaults';
import { connectorProblems, sharedProblems } from '../medtech/validate';
import * as scoringChildren from '../scoring/children';
import { scoringProblems } from '../scoring/validate';
import {
  connectorSettingsOf,
  hasHotPath,
  hasScoring,
  hotPathSettingsOf,
  ingestSettingsOf,
  type Part,
  prefixes,
  scoringSettingsOf,
} from './parts';

/** Everything that is wrong with the arguments of a hospital, those of its components included. */
export function validateHospital(args: HospitalEnvironmentArgs): Problems {
  const problems = new Problems();
  const ingest = ingestSettingsOf(args);
  hospitalIdProblems(problems, args.hospitalId);
  problems.text('location', args.location, /^[A-Za-z0-9 ]+$/, 'location must be an Azure region, as in westeurope');
  // "Data retention in Log Analytics": 30 to 730 days on PerGB2018.
  problems.wholeNumber('logRetentionDays', args.logRetentionDays, 30, 730, 'the retention of logs in days');
  for (const kind of ['resourceGroup', 'logWorkspace'] as const) {
    problems.text(`names.${kind}`, args.names?.[kind], nameRules[kind].pattern, nameRules[kind].rule);
  }
  commonProblems(problems, args, {
    overridable: [
      'resource-group',
      'log-workspace',
      ...prefixed('ingest', ingestChildren.overridable),
      ...prefixed('connector', connectorChildren.overridable),
      ...prefixed('scoring', scoringChildren.overridable),
      ...prefixed('hotPath', hotPathChildren.overridable),
    ],
    floors: [
      logFloor,
      ...floorsBelow('ingest', ingestChildren.securityFloors(ingest)),
      ...floorsBelow('connector', connectorChildren.securityFloors),
      ...floorsBelow('scoring', scoringChildren.securityFloors),
      ...floorsBelow('hotPath', hotPathChildren.securityFloors),
    ],
  });
  ingestProblems(problems.below('ingest'), ingest, new Date());
  if (args.connectorEnabled === false) {
    withoutSource(problems, args, 'scoring', 'scoring reads what the connector sends', 'connectorEnabled');
    withoutSource(problems, args, 'hotPath', 'the hot path writes what scoring sends', 'connectorEnabled');
    return problems;
  }
  const connector = connectorSettingsOf(args);
  sharedProblems(problems, connector);
  connectorProblems(problems.below('connector'), connector, ingest.eventHubs.sku);
  consumerGroupProblems(problems, ingest.consumerGroups, connector);
  if (!hasScoring(args)) {
    withoutSource(problems, args, 'hotPath', 'the hot path writes what scoring sends', 'scoringEnabled');
    return problems;
  }
  scoringProblems(problems.below('scoring'), scoringSettingsOf(args), ingest.eventHubs.sku);
  if (!hasHotPath(args)) return problems;
  const hotPath = hotPathSettingsOf(args);
  keyProblems(problems, hotPath);
  hotPathProblems(problems.below('hotPath'), hotPath);
  return problems;
}

/** A part that is asked for where nothing comes that it reads. */
function withoutSource(
  problems: Problems,
  args: HospitalEnvironmentArgs,
  part: 'scoring' | 'hotPath',
  why: string,
  source: string,
): void {
  const isEnabled = args[`${part}Enabled`] === true;
  if (args[`${part}Enabled`] === false || (!isEnabled && args[part] === undefined)) return;
  problems.add(isEnabled ? `${part}Enabled` : part, `${why}; leave it out, or leave ${source} at true.`);
}

const prefixed = (part: Part, children: readonly string[]) => children.map((child) => `${prefixes[part]}${child}`);

function floorsBelow(part: Part, floors: readonly SecurityFloor[]): SecurityFloor[] {
  return floors.map((floor) => ({ ...floor, child: `${prefixes[part]}${floor.child}` }));
}

/** Both make consumer groups of `devicedata`. */
function consumerGroupProblems(
  problems: Problems,
  consumerGroups: readonly string[],
  { deviceDataConsumerGroup }: CompleteConnector,
): void {
  if (!consumerGroups.includes(deviceDataConsumerGroup)) return;
  problems.add(
    'ingest.consumerGroups',
    `${deviceDataConsumerGroup} is made for the connector already; leave it out, or set connector.deviceDataConsumerGroup.`,
  );
}
