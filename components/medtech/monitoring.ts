import { pathAlerts, traceAlert } from '../azure/alerts';
import type { ApplicationInsights } from '../azure/applicationInsights';
import type { ConnectorSite } from './site';

/** On the component that all steps of the path send to, those of other components of this library among them. */
export function buildAlerts(
  { children, names, surroundings, settings }: ConnectorSite,
  { id }: ApplicationInsights,
): void {
  if (!settings.alerts) return;
  for (const alert of pathAlerts) traceAlert(children, names, surroundings, id, settings.alertActionGroupIds, alert);
}
