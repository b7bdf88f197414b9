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
  /** 0 (critical) to 4 (verbose). */
  readonly severity: number;
  /** How often it looks, and how far back: ISO 8601, as in `PT5M`. */
  readonly every: string;
}

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
      windowSize: alert.every,
      autoMitigate: true,
      criteria: {
        allOf: [
          {
            query: `traces | where message startswith "${alert.messagePrefix}"`,
            timeAggregation: 'Count' as const,
            operator: 'GreaterThan' as const,
            threshold: 0,
            failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 },
          },
        ],
      },
      ...(actionGroups.length > 0 && { actions: { actionGroups: [...actionGroups] } }),
    }),
  );
}
