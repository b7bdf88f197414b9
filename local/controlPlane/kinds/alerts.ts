import type { Properties } from '../../contracts';
import { isUnknownAt, textAt, valuesAt } from '../values';
import { type Failure, inGroup, type Kind } from './kind';
import { atLeastOne, atMost, needs, oneOf, range, refersTo } from './rules';

const source = 'Learn: log search alert rules';
const day = 24 * 60;
/** Minutes at which a rule may run and over which it may look. */
const frequencies = [1, 5, 10, 15, 30, 45, 60, 2 * 60, 3 * 60, 4 * 60, 5 * 60, 6 * 60, day];
const windows = [...frequencies, 2 * day];

/** A rule that alarms on what a query of logs finds. Recorded and checked: the local cloud queries nothing. */
export const scheduledQueryRule: Kind = {
  kind: 'monitor:ScheduledQueryRule',
  armType: 'Microsoft.Insights/scheduledQueryRules',
  id: inGroup('Microsoft.Insights/scheduledQueryRules/{ruleName}'),
  name: {
    min: 1,
    max: 260,
    pattern: /^[^*<>%{}&:\\?/#|]*[^*<>%{}&:\\?/#| .]$/,
    allowed: 'anything but * < > % { } & : \\ ? / # |, not ending in space or period',
  },
  rules: [
    ...['scopes', 'criteria', 'evaluationFrequency', 'windowSize'].map((path) => needs(path, source)),
    atLeastOne('scopes', source),
    refersTo('scopes[]'),
    range('severity', 0, 4, source),
    atMost('actions.actionGroups', 5, source),
    needs('criteria.allOf', source),
    oneOf(
      'criteria.allOf[].operator',
      ['Equals', 'GreaterThan', 'GreaterThanOrEqual', 'LessThan', 'LessThanOrEqual'],
      source,
    ),
    oneOf('criteria.allOf[].timeAggregation', ['Average', 'Count', 'Maximum', 'Minimum', 'Total'], source),
    durations,
    aggregated,
    actionGroupIds,
  ],
  defaults: () => ({ enabled: true, autoMitigate: true, kind: 'LogAlert' }),
  computed: () => ({ createdWithApiVersion: '2025-01-01-preview', isLegacyLogAnalyticsRule: false }),
};

function durations(inputs: Properties): Failure[] {
  const wrong = (property: string, allowed: readonly number[]): Failure[] => {
    const text = textAt(inputs, property);
    if (text === undefined || allowed.includes(minutesOf(text) ?? -1)) return [];
    return [
      {
        property,
        reason: `${property} is '${text}'; allowed are ISO 8601 durations of ${allowed.join(', ')} minutes (${source}).`,
      },
    ];
  };
  return [...wrong('evaluationFrequency', frequencies), ...wrong('windowSize', windows)];
}

/** Minutes of an ISO 8601 duration of days, hours and minutes; undefined for others. */
function minutesOf(text: string): number | undefined {
  const parts = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?)?$/.exec(text);
  if (!parts) return undefined;
  const [days, hours, minutes] = parts.slice(1).map((part) => Number(part ?? 0));
  return (days ?? 0) * day + (hours ?? 0) * 60 + (minutes ?? 0);
}

/** Rows are counted; every other aggregation needs the column that it aggregates. */
function aggregated(inputs: Properties): Failure[] {
  return valuesAt(inputs, 'criteria.allOf[]').flatMap(({ path, value }) => {
    const by = textAt(value, 'timeAggregation');
    const hasColumn = textAt(value, 'metricMeasureColumn') !== undefined || isUnknownAt(value, 'metricMeasureColumn');
    if (by === undefined || by === 'Count' || hasColumn) return [];
    return [
      {
        property: `${path}.metricMeasureColumn`,
        reason: `metricMeasureColumn is missing; ${by} needs it (${source}).`,
      },
    ];
  });
}

/** Action groups belong to whoever answers alarms, and need not be in this cloud: only their ids are checked. */
function actionGroupIds(inputs: Properties): Failure[] {
  return valuesAt(inputs, 'actions.actionGroups[]')
    .filter(({ value }) => !/\/providers\/microsoft\.insights\/actiongroups\/[^/]+$/i.test(String(value)))
    .map(({ path, value }) => ({
      property: path,
      reason: `'${String(value)}' is not the id of an action group (${source}).`,
    }));
}
