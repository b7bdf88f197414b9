import { timingSafeEqual } from 'node:crypto';
import { type Authority, AzureError } from '../contracts';
import { EndpointError } from './scoringAnswer';

const audience = 'https://ml.azure.com';
const scoreAction = 'Microsoft.MachineLearningServices/workspaces/onlineEndpoints/score/action';

/**
 * Who may ask one endpoint (Learn: "Authenticate clients for online endpoints"): with a token of Entra for
 * `https://ml.azure.com` and a role that may score, or with the endpoint's key. Azure's third way, tokens that the workspace
 * issues, is not here.
 */
export class EndpointAccess {
  /** @param key what Azure makes with the endpoint; it is in no output, its owner reads it and keeps it in a vault */
  constructor(
    private readonly authority: Authority,
    private readonly endpointId: string,
    readonly key: string,
  ) {}

  /** @throws EndpointError 401, also for a caller without the role: Learn: "HTTP status codes" of online endpoints */
  async require(mode: string | undefined, authorization: string | undefined): Promise<void> {
    const token = /^Bearer (.+)$/i.exec(authorization ?? '')?.[1];
    if (token === undefined) throw new EndpointError(401, 'The request has no bearer token.');
    if (mode === 'Key') this.requireKey(token);
    else if (mode === 'AMLToken') throw new EndpointError(401, 'The local cloud issues no tokens of workspaces.');
    else await this.requireRole(token);
  }

  private requireKey(given: string): void {
    const [a, b] = [Buffer.from(given), Buffer.from(this.key)];
    if (a.length !== b.length || !timingSafeEqual(a, b))
      throw new EndpointError(401, 'The key is not the one of the endpoint.');
  }

  private async requireRole(token: string): Promise<void> {
    try {
      this.authority.require(await this.authority.authenticate(token, audience), scoreAction, this.endpointId);
    } catch (error) {
      if (error instanceof AzureError) throw new EndpointError(401, error.message);
      throw error;
    }
  }
}
