import { numberAbove, pathAlerts, type TraceAlert, traceAlert } from '../azure/alerts';
import type { ApplicationInsights } from '../azure/applicationInsights';
import type { ScoringSite } from './site';

const repairsWaiting: TraceAlert = {
  child: 'repairs-waiting',
  displayName: 'Late data waits for its repair',
  description:
    'Windows that late data belongs to have waited for an hour to be scored again; the trace says how many wait. What was scored before stands meanwhile.',
  messagePrefix: 'iomt.repairs ',
  condition: numberAbove('oldestSeconds', 3600),
  severity: 3,
  every: 'PT15M',
};

const repairsImpossible: TraceAlert = {
  child: 'repairs-missing-rows',
  displayName: 'Late data cannot be repaired',
  description:
    'A row that is to be scored again is not in the lake, though what was captured reaches beyond it; windows of its partition are not repaired.',
  messagePrefix: 'iomt.repairs.missing ',
  severity: 2,
  every: 'PT15M',
};

const chartedUnusable: TraceAlert = {
  child: 'charted-unusable',
  displayName: 'Charted values cannot be used',
  description:
    'Resources that polling found in FHIR are of no known patient, have no time of day, or a unit that their vital sign is not measured in; they are not scored. The trace says how many and why. Corrected in the health record, they come by themselves.',
  messagePrefix: 'iomt.unusable ',
  severity: 3,
  every: 'PT15M',
};

const predictionsPending: TraceAlert = {
  child: 'predictions-pending',
  displayName: 'Windows wait for the model',
  description:
    'The endpoint has not answered for ten minutes. Windows are scored without it and wait for its prediction, none is lost; the trace says how many.',
  messagePrefix: 'iomt.pending ',
  condition: numberAbove('oldestSeconds', 600),
  severity: 2,
  every: 'PT5M',
};

const baselinesFailing: TraceAlert = {
  child: 'baselines-failing',
  displayName: 'Baselines are not made',
  description:
    'The job of the night failed again and again. If it is not mended before 06:00 UTC, windows say for a day that they were compared with nothing.',
  messagePrefix: 'iomt.held step=baselines ',
  threshold: 2,
  severity: 2,
  every: 'PT1H',
  over: 'PT6H',
};

/**
 * What only scoring can say. That messages were given up and partitions are held is told by the connector's alerts, which look
 * at the same Application Insights component; scoring has them where the component is its own.
 */
export function buildAlerts(
  { children, names, surroundings, settings }: ScoringSite,
  { id }: ApplicationInsights,
): void {
  if (!settings.alerts) return;
  const { compute, chartedValues, existingApplicationInsightsId, alertActionGroupIds } = settings;
  const ofPath = existingApplicationInsightsId === undefined ? pathAlerts.map(ofScoring) : [];
  const withEndpoint = compute !== 'functions' && compute !== 'databricks';
  // Databricks repairs in the job itself.
  const ofScore = compute === 'databricks' ? [] : [repairsWaiting, repairsImpossible];
  // What comes by events becomes a dead letter.
  const ofCharted = chartedValues === 'polling' ? [chartedUnusable] : [];
  const ofEndpoint = withEndpoint ? [predictionsPending] : [];
  const alerts = [...ofPath, ...ofScore, ...ofCharted, baselinesFailing, ...ofEndpoint];
  for (const alert of alerts) traceAlert(children, names, surroundings, id, alertActionGroupIds, alert);
}

/** Names of rules are unique in a resource group, which the connector's lie in, too. */
const ofScoring = (alert: TraceAlert): TraceAlert => ({ ...alert, child: `scoring-${alert.child}` });
