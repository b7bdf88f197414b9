import { numberAbove, pathAlerts, type TraceAlert, traceAlert } from '../azure/alerts';
import type { ApplicationInsights } from '../azure/applicationInsights';
import type { HotPathSite } from './site';

/** Age of the newest sample when its window stands in the repository, at the 95th percentile of ten minutes. */
function latencyAlert(kind: 'warning' | 'breach', minutes: number): TraceAlert {
  const isBreach = kind === 'breach';
  return {
    child: `latency-${kind}`,
    displayName: isBreach ? 'Vital signs reach the dashboard too late' : 'Vital signs reach the dashboard late',
    description: `At the 95th percentile the newest sample of a window was more than ${minutes} minutes old when it stood in the repository. The workbook says which part of the way took it: transport, window, processing.`,
    messagePrefix: 'iomt.latency ',
    condition: numberAbove('sampleAgeP95Seconds', minutes * 60),
    severity: isBreach ? 1 : 2,
    every: 'PT5M',
  };
}

const ownAlerts: readonly TraceAlert[] = [
  {
    child: 'patients-without-team',
    displayName: 'Patients without a care team',
    description:
      'FHIR names neither a care team nor a ward with a team for them: their flags go to the default queue. The trace says how many.',
    messagePrefix: 'iomt.unrouted ',
    severity: 2,
    every: 'PT15M',
  },
  {
    child: 'default-queue-unread',
    displayName: 'Nobody reads the default queue',
    description:
      'Patients without a care team go to a queue whose CareTeam has no member with an object id: on the dashboard nobody sees them.',
    messagePrefix: 'iomt.routing.unread ',
    severity: 2,
    every: 'PT15M',
  },
  {
    child: 'routing-stale',
    displayName: 'Care teams are not renewed',
    description:
      'Which care team has which patient could not be read from FHIR, or written, for longer than it may be believed. What was known before stands.',
    messagePrefix: 'iomt.routing.stale ',
    severity: 2,
    every: 'PT15M',
  },
  {
    child: 'migration-failed',
    displayName: 'The schema of the repository is not made',
    description:
      'A migration failed, or the database is newer than the package that was deployed. Results wait in the event hub meanwhile.',
    messagePrefix: 'iomt.migration.',
    severity: 1,
    every: 'PT15M',
  },
];

/**
 * What only the hot path can say. That messages were given up and partitions are held is told by the connector's alerts, which
 * look at the same Application Insights component; the hot path has them where the component is its own.
 */
export function buildAlerts(
  { children, names, surroundings, settings }: HotPathSite,
  { id }: ApplicationInsights,
): void {
  if (!settings.alerts) return;
  const { existingApplicationInsightsId, alertActionGroupIds, latencyWarningMinutes, latencyBreachMinutes } = settings;
  const ofPath = existingApplicationInsightsId === undefined ? pathAlerts.map(ofHotPath) : [];
  const latency = [latencyAlert('warning', latencyWarningMinutes), latencyAlert('breach', latencyBreachMinutes)];
  for (const alert of [...ofPath, ...latency, ...ownAlerts])
    traceAlert(children, names, surroundings, id, alertActionGroupIds, alert);
}

/** Names of rules are unique in a resource group, which those of other components lie in, too. */
const ofHotPath = (alert: TraceAlert): TraceAlert => ({ ...alert, child: `hot-${alert.child}` });
