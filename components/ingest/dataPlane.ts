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

/** Makes the enrolment groups and the automatic deployment on the data planes, with the deployer's own token. */
export function applyDataPlane(
  children: Children,
  plans: {
    readonly hub: IotHubResource;
    readonly provisioning?: ProvisioningService;
    readonly groups: readonly EnrollmentGroupPlan[];
    readonly deployment?: EdgeDeploymentPlan;
  },
  {
    tokenScopes,
    authorityHost,
    tenantId,
  }: Pick<CloudFacts, 'tokenScopes' | 'authorityHost'> & { tenantId: pulumi.Output<string> },
  opts: pulumi.CustomResourceOptions & { dependsOn: pulumi.Resource[] },
): void {
  const { hub, provisioning, groups, deployment } = plans;
  const access = { tenantId, authorityHost, limitSeconds };
  for (const { enrollmentGroupId, group } of provisioning ? groups : []) {
    new EnrollmentGroup(
      ...children.of(
        `enrollment-${enrollmentGroupId}`,
        {
          ...access,
          tokenScope: tokenScopes.provisioning,
          serviceHost: provisioning?.serviceHost ?? '',
          enrollmentGroupId,
          group,
        },
        // Groups go with the service: nothing is called on a service that is itself being deleted.
        {
          ...opts,
          dependsOn: [...opts.dependsOn, ...(provisioning?.certificates ?? [])],
          deletedWith: provisioning?.resource,
        },
      ),
    );
  }
  if (!deployment) return;
  const { deploymentId } = deployment;
  new EdgeDeployment(
    ...children.of(
      'edge-deployment',
      {
        ...access,
        tokenScope: tokenScopes.iotHub,
        hubHost: hubHostName(hub),
        deploymentId,
        deployment: deployment.deployment,
      },
      { ...opts, deletedWith: hub },
    ),
  );
}
