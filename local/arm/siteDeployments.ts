import { randomUUID } from 'node:crypto';
import { get } from 'node:https';
import { buffer } from 'node:stream/consumers';
import { AzureError, type Log, type Resources } from '../contracts';
import { idKey, nameOf } from '../controlPlane/armIds';

/** As Kudu counts: 0 pending, 3 failed, 4 succeeded. */
const statuses = { pending: 0, failed: 3, success: 4 } as const;

interface Deployment {
  readonly id: string;
  readonly siteId: string;
  readonly startedAt: string;
  state: keyof typeof statuses;
  message: string;
  endedAt?: string;
}

export interface SiteDeploymentsNeeds {
  readonly resources: Resources;
  readonly log: Log;
  /** PEM of the authority that signs the local cloud's certificates. */
  readonly authority: string;
  /** Puts a package in force. Throws AzureError for what is none. */
  readonly deploy: (siteId: string, content: Buffer) => Promise<void>;
}

/** One deploy of packages to function apps, with their status (`Microsoft.Web/sites/extensions/onedeploy`). */
export class SiteDeployments {
  private readonly deployments: Deployment[] = [];

  constructor(private readonly needs: SiteDeploymentsNeeds) {}

  /** @throws AzureError 404 without the site, 400 for a URI that is none */
  begin(siteId: string, packageUri: string): { id: string; body: object } {
    if (this.needs.resources.get(siteId)?.kind !== 'web:WebApp') {
      throw new AzureError(404, 'ResourceNotFound', `The site '${siteId}' does not exist.`);
    }
    if (!URL.canParse(packageUri) || new URL(packageUri).protocol !== 'https:') {
      throw new AzureError(400, 'BadRequest', 'packageUri is not an https URI.');
    }
    const id = randomUUID();
    const deployment: Deployment = { id, siteId, startedAt: new Date().toISOString(), state: 'pending', message: '' };
    this.deployments.push(deployment);
    void this.carryOut(deployment, packageUri);
    return { id, body: bodyOf(deployment) };
  }

  /** @param id of a deployment, or `latest` */
  status(siteId: string, id: string): object {
    const found = this.deployments.findLast(
      (one) => idKey(one.siteId) === idKey(siteId) && (id === 'latest' || one.id === id),
    );
    if (found === undefined) throw new AzureError(404, 'ResourceNotFound', `'${siteId}' has no deployment '${id}'.`);
    return bodyOf(found);
  }

  private async carryOut(deployment: Deployment, packageUri: string): Promise<void> {
    try {
      await this.needs.deploy(deployment.siteId, await this.download(packageUri));
      deployment.state = 'success';
    } catch (error) {
      deployment.state = 'failed';
      deployment.message = error instanceof Error ? error.message : String(error);
      this.needs.log.warn(`The package of ${nameOf(deployment.siteId)} is not deployed: ${deployment.message}`);
    }
    deployment.endedAt = new Date().toISOString();
  }

  private download(uri: string): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const request = get(uri, { ca: this.needs.authority, agent: false }, (response) => {
        buffer(response).then((content) => {
          if (response.statusCode === 200) return resolve(content);
          const code = String(response.headers['x-ms-error-code'] ?? '');
          reject(new AzureError(400, 'BadRequest', `packageUri answers ${response.statusCode} ${code}: ${content}`));
        }, reject);
      });
      request.on('error', reject);
    });
  }
}

function bodyOf({ id, siteId, state, message, startedAt, endedAt }: Deployment): object {
  return {
    id: `${siteId}/deployments/${id}`,
    name: id,
    type: 'Microsoft.Web/sites/deployments',
    properties: {
      ...{ id, status: statuses[state], status_text: message, message, deployer: 'OneDeploy' },
      ...{ complete: state !== 'pending', active: state === 'success', start_time: startedAt, end_time: endedAt },
      provisioningState: { pending: 'InProgress', failed: 'Failed', success: 'Succeeded' }[state],
    },
  };
}
