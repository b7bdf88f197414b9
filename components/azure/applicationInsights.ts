import { Component } from '@pulumi/azure-native/applicationinsights/component';
import type * as pulumi from '@pulumi/pulumi';
import type { Children, Names, Surroundings } from './component';

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
): ApplicationInsights {
  return new Component(
    ...children.of('application-insights', {
      resourceGroupName,
      resourceName: names.of('applicationInsights', undefined),
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
