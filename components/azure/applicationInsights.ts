import { Component } from '@pulumi/azure-native/applicationinsights/component';
import * as pulumi from '@pulumi/pulumi';
import type { Children, Names, Surroundings } from './component';
import { logWorkspace } from './logWorkspace';
import type { Site } from './site';

/** Where function apps send their telemetry. */
export interface ApplicationInsights {
  /** ARM id of the component. */
  readonly id: pulumi.Output<string>;
  /** Where to send to. No secret: without an identity that has the role, nothing is taken. */
  readonly connectionString: pulumi.Output<string>;
}

/** An Application Insights component that keeps its data in a Log Analytics workspace and takes it from identities only. */
export function applicationInsights(
  children: Children,
  names: Names,
  { resourceGroupName, location, tags }: Surroundings,
  workspaceResourceId: pulumi.Input<string>,
  purpose = '',
): ApplicationInsights {
  return new Component(
    ...children.of('application-insights', {
      resourceGroupName,
      resourceName: names.of('applicationInsights', undefined, purpose),
      location,
      tags,
      kind: 'web',
      applicationType: 'web',
      ingestionMode: 'LogAnalytics',
      workspaceResourceId,
      disableLocalAuth: true,
      disableIpMasking: false,
    }),
  );
}

/** Default of Azure for Application Insights; the hospital's own workspace keeps what must be kept for longer. */
const logRetentionDays = 90;

/** What may be known of the component that function apps send to. */
export interface ApplicationInsightsSource {
  /** ARM id of one that exists. */
  readonly existingId?: pulumi.Input<string>;
  /** Its connection string; read from it by default. */
  readonly connectionString?: pulumi.Input<string>;
  /** Tell the names of a new one, and of a log workspace for it, from those of other components. */
  readonly purpose: string;
  readonly workspacePurpose: string;
}

/** Where function apps send their telemetry: what exists, else a component on the workspace of all other logs. */
export function applicationInsightsOf(
  { children, names, surroundings, settings: { diagnosticSettings } }: Site,
  { existingId, connectionString, purpose, workspacePurpose }: ApplicationInsightsSource,
): ApplicationInsights {
  if (existingId !== undefined && connectionString !== undefined) {
    return { id: pulumi.output(existingId), connectionString: pulumi.output(connectionString) };
  }
  if (existingId !== undefined) {
    const [name, , opts] = children.of('application-insights', {});
    const found = Component.get(name, existingId, opts);
    return { id: pulumi.output(existingId), connectionString: found.connectionString };
  }
  const workspaceId =
    diagnosticSettings?.workspaceId ??
    logWorkspace(children, surroundings, names.of('logWorkspace', undefined, workspacePurpose), logRetentionDays).id;
  return applicationInsights(children, names, surroundings, workspaceId, purpose);
}
