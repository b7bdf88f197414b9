import * as pulumi from '@pulumi/pulumi';
import type { EndpointAuth } from '../../../runtime/model/modelSettings';
import type { AppIdentity } from '../../azure/identity';
import type { ScoringSite } from '../site';
import { endpointModel, secretRole, secretSetting } from './model';
import type { PartnerEndpointSettings } from './settings';

/** A partner's endpoint as the app `score` asks it. Nothing is made but the role on the secret that opens it. */
export function partnerEndpoint(site: ScoringSite, partner: PartnerEndpointSettings, identity: AppIdentity) {
  const { url, apiKey, certificate } = partner;
  const authentication = partner.authentication ?? 'entra';
  const secret = { entra: undefined, apiKey, mutualTls: certificate }[authentication];
  const roles = secretRole(site, identity, secret);
  const auth = authOf(partner, authentication, identity);
  return { model: endpointModel(partner, { url, auth, format: 'features', secret }), url: pulumi.output(url), roles };
}

function authOf(
  { audience = '', apiKeyHeader = 'Authorization' }: PartnerEndpointSettings,
  authentication: NonNullable<PartnerEndpointSettings['authentication']>,
  { clientId }: AppIdentity,
): pulumi.Input<EndpointAuth> {
  if (authentication === 'apiKey') return { kind: 'apiKey', setting: secretSetting, header: apiKeyHeader };
  if (authentication === 'mutualTls') return { kind: 'mtls', certificateSetting: secretSetting };
  return clientId.apply((id): EndpointAuth => ({ kind: 'entra', audience, clientId: id }));
}
