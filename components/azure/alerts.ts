import { ScheduledQueryRule } from '@pulumi/azure-native/monitor/scheduledQueryRule';
import type * as pulumi from '@pulumi/pulumi';
import type { Children, Names, Surroundings } from './component';

/** An alert that fires while a query over traces finds anything. */
export interface TraceAlert {
  /** Names it within the component, as in `dead-letters`. */
  readonly child: string;
  readonly displayName: string;
  readonly description: string;
  /** What the message of a trace starts with. Only what the function apps themselves log is looked through. */
  readonly messagePrefix: string;
  /** Further condition in Kusto, as in `toint(extract("oldestSeconds=([0-9]+)", 1, message)) > 3600`. */
  readonly condition?: string;
  /** It fires with more traces than that; default 0. */
  readonly threshold?: number;
  /** 0 (critical) to 4 (verbose). */
  readonly severity: number;
  /** How often it looks: ISO 8601, as in `PT5M`. */
  readonly every: string;
  /** How far back it looks; default as often as it looks. */
  readonly over?: string;
}

/** Somebody has to look: messages were given up, or a partition waits for what it needs. For any step of the path. */
export const pathAlerts = [
  {
    child: 'dead-letters',
    displayName: 'Messages of devices were given up',
    description:
      'A step could not use a message and put it into the dead-letter container; the trace names step and reason. Remove the cause, then replay.',
    messagePrefix: 'iomt.deadLetters ',
    severity: 2,
    every: 'PT5M',
  },
  {
    child: 'held-partitions',
    displayName: 'The path of vital signs is held',
    description:
      'A step cannot reach what it needs (FHIR service, event hub, storage) and waits; nothing is lost, and nothing arrives. The trace names step and cause.',
    messagePrefix: 'iomt.held ',
    severity: 1,
    every: 'PT5M',
  },
] as const satisfies readonly TraceAlert[];

/** Scheduled query rules on an Application Insights component; without action groups they show in Azure Monitor alone. */
export function traceAlert(
  children: Children,
  names: Names,
  { resourceGroupName, location, tags }: Surroundings,
  applicationInsightsId: pulumi.Input<string>,
  actionGroups: readonly pulumi.Input<string>[],
  alert: TraceAlert,
): ScheduledQueryRule {
  return new ScheduledQueryRule(
    ...children.of(`${alert.child}-alert`, {
      resourceGroupName,
      ruleName: names.of('scheduledQueryRule', undefined, alert.child),
      location,
      tags,
      kind: 'LogAlert' as const,
      displayName: alert.displayName,
      description: alert.description,
      severity: alert.severity,
      enabled: true,
      scopes: [applicationInsightsId],
      evaluationFrequency: alert.every,
      windowSize: alert.over ?? alert.every,
      autoMitigate: true,
      criteria: {
        allOf: [
          {
            query: queryOf(alert),
            timeAggregation: 'Count' as const,
            operator: 'GreaterThan' as const,
            threshold: alert.threshold ?? 0,
            failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 },
          },
        ],
      },
      ...(actionGroups.length > 0 && { actions: { actionGroups: [...actionGroups] } }),
    }),
  );
}

function queryOf({ messagePrefix, condition }: TraceAlert): string {
  const found = `traces | where message startswith "${messagePrefix}"`;
  return condition === undefined ? found : `${found} | where ${condition}`;
}

/** The condition that a number of a trace, written as `name=123`, is above a limit. */
export function numberAbove(name: string, limit: number): string {
  return `toint(extract("${name}=([0-9]+)", 1, message)) > ${limit}`;
}
