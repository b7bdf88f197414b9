import type { IotHubResource } from '@pulumi/azure-native/iothub/iotHubResource';
import type * as pulumi from '@pulumi/pulumi';
import type { CloudFacts } from '../azure/clouds';
import type { Children } from '../azure/component';
import { EdgeDeployment, EnrollmentGroup } from '../dataPlane/resources';
import type { EdgeDeploymentPlan } from './edge';
import { hubHostName } from './iotHub';
import type { EnrollmentGroupPlan, ProvisioningService } from './provisioning';

/** Azure says that a role assignment may take up to 10 minutes to work; data-plane calls go on for that long. */
const limitSeconds = 600;

/** How the data planes are reached, and options of what lies there. */
export interface DataPlane {
  readonly cloud: CloudFacts;
  readonly tenantId: pulumi.Output<string>;
  /** The dynamic provider, where the stack has no default one. */
  readonly provider: pulumi.CustomResourceOptions;
  /** What the deployer's token needs before it works. */
  readonly deployerRoles: readonly pulumi.Resource[];
}

/** Makes the enrolment groups with the deployer's own token. */
export function applyEnrollmentGroups(
  children: Children,
  { cloud, tenantId, provider, deployerRoles }: DataPlane,
  { resource, serviceHost, certificates }: ProvisioningService,
  groups: readonly EnrollmentGroupPlan[],
): void {
  const access = {
    tenantId,
    authorityHost: cloud.authorityHost,
    tokenScope: cloud.tokenScopes.provisioning,
    limitSeconds,
  };
  const dependsOn = [...deployerRoles, ...certificates];
  for (const { enrollmentGroupId, group } of groups) {
    new EnrollmentGroup(
      ...children.of(
        `enrollment-${enrollmentGroupId}`,
        { ...access, serviceHost, enrollmentGroupId, group },
        { ...provider, ...livesIn(resource), dependsOn },
      ),
    );
  }
}

/** Applies the automatic deployment with the deployer's own token. */
export function applyEdgeDeployment(
  children: Children,
  { cloud, tenantId, provider, deployerRoles }: DataPlane,
  hub: IotHubResource,
  { deploymentId, deployment }: EdgeDeploymentPlan,
): void {
  const access = { tenantId, authorityHost: cloud.authorityHost, tokenScope: cloud.tokenScopes.iotHub, limitSeconds };
  new EdgeDeployment(
    ...children.of(
      'edge-deployment',
      { ...access, hubHost: hubHostName(hub), deploymentId, deployment },
      { ...provider, ...livesIn(hub), dependsOn: [...deployerRoles] },
    ),
  );
}

/** A new service is empty, though its host be the old one's; and a deletion need not call a service that goes, too. */
function livesIn(service: pulumi.Resource): pulumi.CustomResourceOptions {
  return { replaceWith: [service], deletedWith: service };
}
