import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as pulumi from '@pulumi/pulumi';
import type { CompleteSettings } from './defaults';
import type { EdgeDeploymentPlan } from './edge';
import type { EnrollmentGroupPlan } from './provisioning';

/** What is left to people: rights that another team gives, and data-plane steps that the deployer cannot reach. */
export interface HandOver {
  readonly settings: CompleteSettings;
  /** Roles that another team assigns, as sentences. */
  readonly roleSteps: readonly pulumi.Output<string>[];
  readonly groups: readonly EnrollmentGroupPlan[];
  readonly deployment?: EdgeDeploymentPlan;
  readonly provisioningHost?: pulumi.Input<string>;
  readonly hubHost: pulumi.Input<string>;
}

const groupsFile = 'enrollment-groups.json';
const deploymentFile = 'deployment.json';

/** The steps in their order, as sentences; empty when the deployment does everything itself. */
export function manualSteps({ settings, roleSteps, groups, deployment, ...hosts }: HandOver): pulumi.Output<string[]> {
  const steps: pulumi.Input<string>[] = [...roleSteps];
  if (settings.deployerReach === 'none') {
    const folder = settings.artefactsFolder;
    for (const { enrollmentGroupId } of hosts.provisioningHost === undefined ? [] : groups) {
      steps.push(
        pulumi.interpolate`PUT the group "${enrollmentGroupId}" of ${folder}/${groupsFile} to https://${hosts.provisioningHost}/enrollmentGroups/${enrollmentGroupId}?api-version=2021-10-01, with the role Device Provisioning Service Data Contributor.`,
      );
    }
    if (deployment) {
      const { deploymentId } = deployment;
      steps.push(
        pulumi.interpolate`PUT ${folder}/${deploymentFile} to https://${hosts.hubHost}/configurations/${deploymentId}?api-version=2021-04-12, with the role IoT Hub Data Contributor.`,
      );
    }
  }
  return pulumi.all(steps);
}

/** Writes the documents that the steps name. Only a deployment does so: a preview leaves no trace. */
export function writeArtefacts({ settings, groups, deployment }: HandOver): void {
  if (settings.deployerReach !== 'none' || pulumi.runtime.isDryRun()) return;
  mkdirSync(settings.artefactsFolder, { recursive: true });
  const write = (file: string, content: unknown) =>
    writeFileSync(join(settings.artefactsFolder, file), `${JSON.stringify(content, undefined, 2)}\n`);
  write(
    groupsFile,
    groups.map(({ enrollmentGroupId, group }) => ({ enrollmentGroupId, ...group })),
  );
  if (deployment)
    write(deploymentFile, { id: deployment.deploymentId, schemaVersion: '1.0', ...deployment.deployment });
}
