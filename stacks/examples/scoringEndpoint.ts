/**
 * Scoring with a model on somebody else's endpoint, which takes tokens of Microsoft Entra. Windows and NEWS2 are the library's
 * as ever; the model's predictions stand beside them, and wait where the endpoint is away.
 */
import * as pulumi from '@pulumi/pulumi';
import { MLScoringPath } from '../../components';

const platform = new pulumi.StackReference(new pulumi.Config().require('platformStack'));

export const { scoredHubId, endpointUrl } = new MLScoringPath('scoring', {
  hospitalId: 'stmary',
  resourceGroupName: platform.requireOutput('resourceGroupName'),
  existingNormalizedDataHubId: platform.requireOutput('normalizedDataHubId'),
  existingFhirEventsHubId: platform.requireOutput('fhirEventsHubId'),
  existingFhirServiceId: platform.requireOutput('fhirServiceId'),
  compute: 'partner',
  partner: {
    url: 'https://risk.partner.example/v2/predict',
    audience: 'api://risk.partner.example',
    modelName: 'sepsis',
    modelVersion: '2.3',
    answerSeconds: 2,
  },
});
