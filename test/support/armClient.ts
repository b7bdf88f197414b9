import { credentials, type ServiceError } from '@grpc/grpc-js';
import { ResourceProviderClient } from '@pulumi/pulumi/proto/provider_grpc_pb';
import * as rpc from '@pulumi/pulumi/proto/provider_pb';
import type { Properties } from '../../local/contracts';
import { encode } from '../../local/controlPlane/wire';
import { localSubscriptionId } from '../../local/identity/principals';

/** Does to one resource what somebody does in the portal, past every program. */
export class ArmClient {
  private constructor(private readonly client: ResourceProviderClient) {}

  static async connect(port: number): Promise<ArmClient> {
    const client = new ResourceProviderClient(`127.0.0.1:${port}`, credentials.createInsecure());
    const request = new rpc.ConfigureRequest();
    request.getVariablesMap().set('azure-native:config:subscriptionId', localSubscriptionId);
    await answer((done) => client.configure(request, done));
    return new ArmClient(client);
  }

  /** @throws Error with Azure's code and sentence */
  async create(kind: string, inputs: Properties): Promise<string> {
    const request = new rpc.CreateRequest().setUrn(urnOf(kind)).setProperties(encode(inputs));
    return (await answer<rpc.CreateResponse>((done) => this.client.create(request, done))).getId();
  }

  async delete(kind: string, id: string): Promise<void> {
    const request = new rpc.DeleteRequest().setUrn(urnOf(kind)).setId(id);
    await answer((done) => this.client.delete(request, done));
  }

  close(): void {
    this.client.close();
  }
}

const urnOf = (kind: string) => `urn:pulumi:portal::portal::azure-native:${kind}::by-hand`;

function answer<T>(call: (done: (error: ServiceError | null, response: T) => void) => unknown): Promise<T> {
  return new Promise((resolve, reject) => {
    call((error, response) => (error ? reject(error) : resolve(response)));
  });
}
