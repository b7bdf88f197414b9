import { Component } from '@pulumi/azure-native/applicationinsights/component';
import * as pulumi from '@pulumi/pulumi';
import { traceAlert } from '../azure/alerts';
import { type ApplicationInsights, applicationInsights } from '../azure/applicationInsights';
import { logWorkspace } from '../azure/logWorkspace';
import type { ConnectorSite } from './site';

/** Default of Azure for Application Insights; the hospital's own workspace keeps what must be kept for longer. */
const logRetentionDays = 90;

/** Where the function apps send their telemetry: what exists, else a component on the workspace of all other logs. */
export function buildApplicationInsights({
  children,
  names,
  surroundings,
  settings,
}: ConnectorSite): ApplicationInsights {
  const { existingApplicationInsightsId, diagnosticSettings } = settings;
  if (existingApplicationInsightsId !== undefined) {
    const [name, , opts] = children.of('application-insights', {});
    const { connectionString } = Component.get(name, existingApplicationInsightsId, opts);
    return { id: pulumi.output(existingApplicationInsightsId), connectionString };
  }
  const workspaceId =
    diagnosticSettings?.workspaceId ??
    logWorkspace(children, surroundings, names.of('logWorkspace', undefined, 'medtech'), logRetentionDays).id;
  return applicationInsights(children, names, surroundings, workspaceId);
}

/** Somebody has to look: messages were given up, or a partition waits for what it needs. */
export function buildAlerts(
  { children, names, surroundings, settings }: ConnectorSite,
  { id }: ApplicationInsights,
): void {
  if (!settings.alerts) return;
  const groups = settings.alertActionGroupIds;
  traceAlert(children, names, surroundings, id, groups, {
    child: 'dead-letters',
    displayName: 'Messages of devices were given up',
    description:
      'A step could not use a message and put it into the dead-letter container; the trace names step and reason. Remove the cause, then replay.',
    messagePrefix: 'iomt.deadLetters ',
    severity: 2,
    every: 'PT5M',
  });
  traceAlert(children, names, surroundings, id, groups, {
    child: 'held-partitions',
    displayName: 'The path of vital signs is held',
    description:
      'A step cannot reach what it needs (FHIR service, event hub, storage) and waits; nothing is lost, and nothing arrives. The trace names step and cause.',
    messagePrefix: 'iomt.held ',
    severity: 1,
    every: 'PT5M',
  });
}
