import type * as pulumi from '@pulumi/pulumi';
import type { FunctionApp } from '../azure/functionApp';
import { type AppParts, buildScore, scoreIdentity } from './apps';
import type { ScoringSite } from './site';

/** What scores, and what is said of it outside. */
export interface Compute {
  /** With every compute but Databricks. */
  readonly score?: FunctionApp;
  readonly databricksWorkspaceUrl?: pulumi.Output<string>;
  readonly endpointUrl?: pulumi.Output<string>;
  readonly manualSteps: readonly pulumi.Output<string>[];
}

/** Step 10, by the one argument that chooses it. */
export function buildCompute(site: ScoringSite, parts: AppParts): Compute {
  const score = buildScore(site, parts, scoreIdentity(site), { setting: '', appSettings: {} });
  return { score, manualSteps: score.manualSteps };
}
