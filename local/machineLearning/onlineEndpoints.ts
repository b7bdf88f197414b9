import { createHmac, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ArmResource, AzureError, type Properties, type Service, type ServiceContext } from '../contracts';
import { idKey } from '../controlPlane/armIds';
import { type EndpointFaults, type ModelHandler, RunningEndpoint } from './runningEndpoint';

/**
 * Stand-in for the online endpoints of Azure Machine Learning: each an HTTPS endpoint that checks callers as Azure does, routes
 * by deployment and traffic, keeps to the deployment's time-out, and lets a handler stand for the model. Without one it
 * answers 503: the local cloud has nothing that runs containers, and makes up no predictions.
 *
 * What differs from Azure: no containers, no instances, no scaling, no shares (the deployment with the greatest share gets all
 * traffic), no mirroring, no swagger; a Kubernetes endpoint answers over the same TLS.
 */
export class OnlineEndpoints implements Service {
  readonly kinds = ['machinelearningservices:OnlineEndpoint'] as const;
  private readonly running = new Map<string, RunningEndpoint>();
  /** Registered before their endpoint is there, or kept over its replacement. */
  private readonly models = new Map<string, ModelHandler>();

  constructor(private readonly context: ServiceContext) {}

  async provision(resource: ArmResource): Promise<Properties> {
    const endpoint = this.running.get(idKey(resource.id)) ?? (await this.start(resource));
    endpoint.update(resource);
    const { scoringUri } = endpoint;
    return { properties: { scoringUri, swaggerUri: scoringUri.replace(/\/score$/, '/swagger.json') } };
  }

  async deprovision({ id }: ArmResource): Promise<void> {
    const endpoint = this.running.get(idKey(id));
    this.running.delete(idKey(id));
    await endpoint?.close();
  }

  async close(): Promise<void> {
    for (const endpoint of this.running.values()) await endpoint.close();
    this.running.clear();
  }

  /** ARM ids of the endpoints that run, lower case. */
  ids(): string[] {
    return [...this.running.keys()];
  }

  /**
   * Lets a handler stand for the model of an endpoint, which may be there already or not. Undefined takes it back.
   * @param endpointId ARM id
   */
  setModel(endpointId: string, model: ModelHandler | undefined): void {
    if (model) this.models.set(idKey(endpointId), model);
    else this.models.delete(idKey(endpointId));
    const running = this.running.get(idKey(endpointId));
    if (running) running.model = model;
  }

  /** Takes the place of all faults before; `{}` takes them back. @throws AzureError 404 */
  setFaults(endpointId: string, faults: EndpointFaults): void {
    this.find(endpointId).faults = faults;
  }

  /** The endpoint's key, as who owns the workspace reads it in the studio. @throws AzureError 404 */
  key(endpointId: string): string {
    return this.find(endpointId).access.key;
  }

  /** Where callers and tokens of an endpoint are judged. @throws AzureError 404 */
  find(endpointId: string): RunningEndpoint {
    const running = this.running.get(idKey(endpointId));
    if (!running) throw new AzureError(404, 'ResourceNotFound', `There is no online endpoint '${endpointId}'.`);
    return running;
  }

  private async start(resource: ArmResource): Promise<RunningEndpoint> {
    const [, workspace, name] = /\/workspaces\/([^/]+)\/onlineEndpoints\/([^/]+)$/i.exec(resource.id) ?? [];
    const port = await this.context.ports.get(`online-endpoint-${workspace}-${name}`.toLowerCase());
    const endpoint = new RunningEndpoint(this.context, resource, port, this.keyOf(resource.id));
    endpoint.model = this.models.get(idKey(resource.id));
    await endpoint.listen();
    this.running.set(idKey(resource.id), endpoint);
    return endpoint;
  }

  /** The same after a restart: whoever has it in a vault goes on. */
  private keyOf(id: string): string {
    const file = join(this.context.stateFolder('machine-learning'), 'keys');
    if (!existsSync(file)) writeFileSync(file, randomBytes(32), { mode: 0o600 });
    return createHmac('sha256', readFileSync(file)).update(idKey(id)).digest('base64url');
  }
}
