import type * as pulumi from '@pulumi/pulumi';
import type { Problems } from './validation';

/** What a component of the path may be told of parts that other components made. */
export interface ExistingParts {
  readonly existingFhirServiceId: pulumi.Input<string>;
  readonly fhirUrl?: pulumi.Input<string>;
  readonly existingDeadLetterContainerId?: pulumi.Input<string>;
  readonly deadLetterContainerUrl?: pulumi.Input<string>;
  readonly existingApplicationInsightsId?: pulumi.Input<string>;
  readonly applicationInsightsConnectionString?: pulumi.Input<string>;
}

const fhirServiceId =
  /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/Microsoft\.HealthcareApis\/workspaces\/[^/]+\/fhirservices\/[^/]+$/i;
const containerId =
  /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/Microsoft\.Storage\/storageAccounts\/[^/]+\/blobServices\/default\/containers\/[^/]+$/i;
const componentId =
  /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/Microsoft\.Insights\/components\/[^/]+$/i;

/** Programs without types may leave out what must be given. */
export function existingPartsProblems(problems: Problems, args: ExistingParts): void {
  const fhir = 'must be the ARM id of a FHIR service of Azure Health Data Services';
  problems.text('existingFhirServiceId', args.existingFhirServiceId ?? '', fhirServiceId, fhir);
  const url = 'must be a base URL without a slash at its end';
  problems.text('fhirUrl', args.fhirUrl, /^https:\/\/[^\s?#]*[^\s?#/]$/, url);
  const container = 'must be the ARM id of a blob container';
  problems.text('existingDeadLetterContainerId', args.existingDeadLetterContainerId, containerId, container);
  const component = 'must be the ARM id of an Application Insights component';
  problems.text('existingApplicationInsightsId', args.existingApplicationInsightsId, componentId, component);
  const needed = {
    deadLetterContainerUrl: 'existingDeadLetterContainerId',
    applicationInsightsConnectionString: 'existingApplicationInsightsId',
  } as const;
  for (const [key, id] of Object.entries(needed) as [keyof typeof needed, keyof ExistingParts][]) {
    if (args[key] !== undefined && args[id] === undefined) problems.add(key, `is for what exists; give ${id} with it.`);
  }
}
