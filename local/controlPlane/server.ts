import {
  type handleUnaryCall,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { PluginInfo } from '@pulumi/pulumi/proto/plugin_pb';
import { ResourceProviderService } from '@pulumi/pulumi/proto/provider_grpc_pb';
import * as rpc from '@pulumi/pulumi/proto/provider_pb';
import { Empty } from 'google-protobuf/google/protobuf/empty_pb';
import { AzureError } from '../contracts';
import type { Change } from './diff';
import type { Failure } from './kinds/kind';
import type { Asked, ResourceProvider } from './resourceProvider';
import { decode, encode } from './wire';

/** Listens on 127.0.0.1 for engines that attach. @param port 0: any free one */
export async function serveProvider<Session>(
  provider: ResourceProvider<Session>,
  port: number,
): Promise<{ port: number; close(): void }> {
  const server = new Server({ 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1 });
  server.addService(ResourceProviderService, new ProviderServer(provider).implementation());
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error, taken) => {
      if (error) reject(error);
      else resolve(taken);
    });
  });
  return { port: bound, close: () => server.forceShutdown() };
}

/** The gRPC face of a provider: requests off the wire, answers onto it, one session per connection of the engine. */
class ProviderServer<Session> {
  private readonly sessions = new Map<string, Session>();

  constructor(private readonly provider: ResourceProvider<Session>) {}

  implementation(): UntypedServiceImplementation {
    return {
      handshake: unary(() =>
        new rpc.ProviderHandshakeResponse().setAcceptSecrets(true).setAcceptResources(true).setAcceptOutputs(true),
      ),
      attach: unary(() => new Empty()),
      cancel: unary(() => new Empty()),
      getPluginInfo: unary(() => new PluginInfo().setVersion(this.provider.version)),
      getSchema: unary(() => new rpc.GetSchemaResponse().setSchema(this.provider.schema())),
      checkConfig: unary<rpc.CheckRequest>(({ request }) => new rpc.CheckResponse().setInputs(request.getNews())),
      diffConfig: unary(() => new rpc.DiffResponse()),
      configure: unary<rpc.ConfigureRequest>((call) => this.configure(call)),
      invoke: unary<rpc.InvokeRequest>((call) => {
        const args = decode(call.request.getArgs()).values;
        const answer = this.provider.invoke(call.request.getTok(), args, this.session(call));
        return new rpc.InvokeResponse().setReturn(encode(answer));
      }),
      check: unary<rpc.CheckRequest>((call) => this.check(call)),
      diff: unary<rpc.DiffRequest>((call) => this.diff(call)),
      create: unary<rpc.CreateRequest>((call) => this.create(call)),
      read: unary<rpc.ReadRequest>((call) => this.read(call)),
      update: unary<rpc.UpdateRequest>((call) => this.update(call)),
      delete: unary<rpc.DeleteRequest>(async (call) => {
        await this.provider.delete(this.asked(call), call.request.getId());
        return new Empty();
      }),
    };
  }

  private configure(call: ServerUnaryCall<rpc.ConfigureRequest, unknown>): rpc.ConfigureResponse {
    const variables = call.request.getVariablesMap();
    const given = (name: string) => variables.get(`${this.provider.packageName}:config:${name}`) || undefined;
    this.sessions.set(call.getPeer(), this.provider.session(given));
    return new rpc.ConfigureResponse()
      .setSupportspreview(true)
      .setAcceptsecrets(true)
      .setAcceptresources(true)
      .setAcceptoutputs(true);
  }

  private session(call: { getPeer(): string }): Session {
    const session = this.sessions.get(call.getPeer());
    if (!session)
      throw new AzureError(401, 'NotConfigured', 'The engine has not configured the provider on this connection.');
    return session;
  }

  private asked(call: ServerUnaryCall<{ getUrn(): string }, unknown>): Asked<Session> {
    const [, , types = '', name = ''] = call.request.getUrn().split('::');
    const token = (types.split('$').at(-1) ?? '').slice(this.provider.packageName.length + 1);
    return { token, logicalName: name, session: this.session(call) };
  }

  private check(call: ServerUnaryCall<rpc.CheckRequest, unknown>): rpc.CheckResponse {
    const { request } = call;
    const news = decode(request.getNews());
    const olds = request.hasOlds() ? decode(request.getOlds()).values : undefined;
    const { inputs, failures } = this.provider.check(this.asked(call), news.values, olds, request.getRandomseed_asU8());
    const response = new rpc.CheckResponse().setInputs(encode(inputs, news.secrets));
    response.setFailuresList(failures.map(checkFailure));
    return response;
  }

  private diff(call: ServerUnaryCall<rpc.DiffRequest, unknown>): rpc.DiffResponse {
    const { request } = call;
    const before = decode(request.getOldInputs()).values;
    const answer = this.provider.diff(this.asked(call), request.getId(), before, decode(request.getNews()).values);
    const { DIFF_NONE, DIFF_SOME } = rpc.DiffResponse.DiffChanges;
    const response = new rpc.DiffResponse()
      .setChanges(answer.differences.length > 0 ? DIFF_SOME : DIFF_NONE)
      .setDeletebeforereplace(answer.deleteBeforeReplace)
      .setHasdetaileddiff(true);
    for (const { path, change, replace } of answer.differences) {
      response
        .getDetaileddiffMap()
        .set(path, new rpc.PropertyDiff().setKind(diffKind(change, replace)).setInputdiff(true));
    }
    const tops = answer.differences.map(({ path, replace }) => ({ name: path.split(/[.[]/)[0] ?? path, replace }));
    response.setDiffsList([...new Set(tops.map((t) => t.name))]);
    response.setReplacesList([...new Set(tops.filter((t) => t.replace).map((t) => t.name))]);
    return response;
  }

  private async create(call: ServerUnaryCall<rpc.CreateRequest, unknown>): Promise<rpc.CreateResponse> {
    const inputs = decode(call.request.getProperties());
    const made = await this.provider.create(this.asked(call), inputs.values, call.request.getPreview());
    return new rpc.CreateResponse().setId(made.id).setProperties(encode(made.outputs, inputs.secrets));
  }

  private async update(call: ServerUnaryCall<rpc.UpdateRequest, unknown>): Promise<rpc.UpdateResponse> {
    const { request } = call;
    const [news, olds] = [decode(request.getNews()), decode(request.getOlds())];
    const made = await this.provider.update(
      this.asked(call),
      request.getId(),
      news.values,
      olds.values,
      request.getPreview(),
    );
    return new rpc.UpdateResponse().setProperties(encode(made.outputs, new Set([...news.secrets, ...olds.secrets])));
  }

  private read(call: ServerUnaryCall<rpc.ReadRequest, unknown>): rpc.ReadResponse {
    const { request } = call;
    const found = this.provider.read(this.asked(call), request.getId());
    if (!found) return new rpc.ReadResponse();
    // What the engine holds as secret stays secret; on an import it holds nothing yet.
    return new rpc.ReadResponse()
      .setId(found.id)
      .setInputs(encode(found.inputs, decode(request.getInputs()).secrets))
      .setProperties(encode(found.outputs, decode(request.getProperties()).secrets));
  }
}

/** The engine shows the value of a top-level property beside it; of a path into one it would show none. */
function checkFailure({ property, reason }: Failure): rpc.CheckFailure {
  const nested = /[.[]/.test(property);
  return new rpc.CheckFailure()
    .setProperty(nested ? '' : property)
    .setReason(nested ? `${property}: ${reason}` : reason);
}

function diffKind(change: Change, replace: boolean): rpc.PropertyDiff.Kind {
  const kinds = rpc.PropertyDiff.Kind;
  if (change === 'add') return replace ? kinds.ADD_REPLACE : kinds.ADD;
  if (change === 'delete') return replace ? kinds.DELETE_REPLACE : kinds.DELETE;
  return replace ? kinds.UPDATE_REPLACE : kinds.UPDATE;
}

/** A handler that answers or throws, as gRPC wants it. Azure's refusals keep their code in the message. */
function unary<Q>(handle: (call: ServerUnaryCall<Q, unknown>) => unknown): handleUnaryCall<Q, unknown> {
  return (call, respond) => {
    Promise.resolve()
      .then(() => handle(call))
      .then((answer) => respond(null, answer))
      .catch((error: unknown) => {
        const message = error instanceof Error ? error.message : String(error);
        respond({
          code: status.UNKNOWN,
          details: error instanceof AzureError ? `${error.code} (${error.status}): ${message}` : message,
        });
      });
  };
}
