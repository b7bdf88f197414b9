import type * as pulumi from '@pulumi/pulumi';
import type { FunctionApp } from '../azure/functionApp';
import { type AppParts, buildScore, scoreIdentity } from './apps';
import type { DatabricksNodes } from './databricks/build';
import type { MachineLearningNodes } from './endpoint/machineLearning';
import { onnxModel, type ScoreModel } from './onnx';
import type { ScoringSite } from './site';

/** What scores, and what is said of it outside. */
export interface Compute {
  /** With every compute but Databricks. */
  readonly score?: FunctionApp;
  readonly databricks?: DatabricksNodes;
  readonly machineLearning?: MachineLearningNodes;
  readonly databricksWorkspaceUrl?: pulumi.Output<string>;
  readonly endpointUrl?: pulumi.Output<string>;
  readonly manualSteps: readonly pulumi.Output<string>[];
}

/** Each compute is loaded when it is chosen: a program pays for none that it does not have. */
const load = {
  databricks: () => require('./databricks/build') as typeof import('./databricks/build'),
  machineLearning: () => require('./endpoint/machineLearning') as typeof import('./endpoint/machineLearning'),
  partner: () => require('./endpoint/partner') as typeof import('./endpoint/partner'),
};

/** Step 10, by the one argument that chooses it. */
export function buildCompute(site: ScoringSite, parts: AppParts): Compute {
  const { databricks } = site.settings;
  if (site.settings.compute === 'databricks' && databricks) {
    const { nodes, url, manualSteps } = load.databricks().buildDatabricks(site, parts, databricks);
    return { databricks: nodes, databricksWorkspaceUrl: url, manualSteps };
  }
  const identity = scoreIdentity(site);
  const { model, roles, url, manualSteps, nodes } = modelOf(site, parts, identity);
  const score = buildScore(site, parts, identity, model, roles);
  return {
    score,
    machineLearning: nodes,
    endpointUrl: url,
    manualSteps: [...manualSteps, ...score.manualSteps],
  };
}

/** The model beside NEWS2, and the roles with which the app asks it. */
interface AskedModel {
  readonly model: ScoreModel;
  readonly roles: readonly pulumi.Resource[];
  readonly url?: pulumi.Output<string>;
  readonly nodes?: MachineLearningNodes;
  readonly manualSteps: readonly pulumi.Output<string>[];
}

function modelOf(site: ScoringSite, parts: AppParts, identity: ReturnType<typeof scoreIdentity>): AskedModel {
  const { compute, machineLearning, partner } = site.settings;
  if (compute === 'partner' && partner)
    return { ...load.partner().partnerEndpoint(site, partner, identity), manualSteps: [] };
  if ((compute === 'azureml-managed' || compute === 'azureml-kubernetes') && machineLearning)
    return load.machineLearning().machineLearningEndpoint(site, parts, machineLearning, identity);
  return { model: onnxModel(site.settings), roles: [], manualSteps: [] };
}
