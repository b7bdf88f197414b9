import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Authority, AzureError, type Principal } from '../contracts';
import { isObject } from './device';
import { quoted, readRegistration, toDeviceDocument, toTwinDocument } from './deviceDocument';
import type { IotHub } from './hub';

/** Audience of the tokens that IoT Hub takes. */
export const iotHubAudience = 'https://iothubs.azure.net';

/** Data actions of IoT Hub (Azure resource provider operations, Microsoft.Devices). */
export const iotHubActions = {
  readDevices: 'Microsoft.Devices/IotHubs/devices/read',
  writeDevices: 'Microsoft.Devices/IotHubs/devices/write',
  deleteDevices: 'Microsoft.Devices/IotHubs/devices/delete',
  readTwins: 'Microsoft.Devices/IotHubs/twins/read',
  writeTwins: 'Microsoft.Devices/IotHubs/twins/write',
  invokeMethods: 'Microsoft.Devices/IotHubs/directMethods/invoke/action',
  readConfigurations: 'Microsoft.Devices/IotHubs/configurations/read',
  writeConfigurations: 'Microsoft.Devices/IotHubs/configurations/write',
  deleteConfigurations: 'Microsoft.Devices/IotHubs/configurations/delete',
} as const;

interface Call {
  readonly method: string;
  /** Decoded segments of the path. */
  readonly path: readonly string[];
  readonly query: URLSearchParams;
  readonly ifMatch: string | undefined;
  readonly body: Record<string, unknown>;
  /** @throws AzureError 403 */
  readonly require: (action: string) => void;
}

interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly etag?: string;
}

/** IoT Hub quotas: bodies of the service API are small; a twin has at most 72 KB. */
const mostBodyBytes = 1024 * 1024;

/**
 * The services' side of a hub: the REST API (2021-04-12) for devices, twins, direct methods and configurations, with
 * Microsoft Entra tokens. The rest of the API (jobs, queries, modules, cloud-to-device messages, file upload) answers 501.
 */
export class ServiceApi {
  constructor(
    private readonly hub: IotHub,
    private readonly authority: Authority,
  ) {}

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      send(response, await this.answer(await this.read(request)));
    } catch (error) {
      if (error instanceof AzureError) send(response, errorAnswer(error));
      else send(response, errorAnswer(new AzureError(500, 'ServerError', (error as Error).message)));
    }
  }

  private async read(request: IncomingMessage): Promise<Call> {
    const caller = await this.authenticate(request.headers.authorization);
    const url = new URL(request.url ?? '/', `https://${this.hub.hostName}`);
    return {
      method: request.method ?? 'GET',
      path: url.pathname.split('/').filter(Boolean).map(decodeURIComponent),
      query: url.searchParams,
      ifMatch: request.headers['if-match'],
      body: await readBody(request),
      require: (action) => this.authority.require(caller, action, this.hub.id),
    };
  }

  private authenticate(header: string | undefined): Promise<Principal> {
    const token = /^Bearer (.+)$/i.exec(header ?? '')?.[1];
    if (token !== undefined) return this.authority.authenticate(token, iotHubAudience);
    throw new AzureError(
      401,
      'IotHubUnauthorizedAccess',
      `The local cloud's IoT Hub takes Microsoft Entra tokens for ${iotHubAudience} only; shared access policies are not served.`,
    );
  }

  private answer(call: Call): Promise<Answer> | Answer {
    const [collection, id, part, ...rest] = call.path;
    if (rest.length === 0 && part === undefined) {
      if (collection === 'devices') return id === undefined ? this.listDevices(call) : this.device(call, id);
      if (collection === 'twins' && id !== undefined) return this.twin(call, id);
      if (collection === 'configurations') {
        return id === undefined ? this.listConfigurations(call) : this.configuration(call, id);
      }
    }
    if (collection === 'twins' && id !== undefined && part === 'methods' && call.method === 'POST') {
      return this.invoke(call, id);
    }
    throw notServed(call);
  }

  private listDevices(call: Call): Answer {
    if (call.method !== 'GET') throw notServed(call);
    call.require(iotHubActions.readDevices);
    const top = Number(call.query.get('top') ?? 1000);
    const { hub } = this;
    const devices = hub.registry.list().slice(0, top);
    return { status: 200, body: devices.map((device) => toDeviceDocument(device, hub.isConnected(device.deviceId))) };
  }

  private async device(call: Call, id: string): Promise<Answer> {
    const { registry } = this.hub;
    switch (call.method) {
      case 'GET':
        call.require(iotHubActions.readDevices);
        return this.deviceAnswer(id);
      case 'PUT': {
        call.require(iotHubActions.writeDevices);
        const registration = readRegistration(call.body);
        if (call.ifMatch === undefined) await registry.create(id, registration);
        else await registry.update(id, registration, call.ifMatch);
        return this.deviceAnswer(id);
      }
      case 'DELETE':
        call.require(iotHubActions.deleteDevices);
        await registry.delete(id, call.ifMatch ?? '*');
        return { status: 204 };
      default:
        throw notServed(call);
    }
  }

  private deviceAnswer(id: string): Answer {
    const device = this.hub.registry.get(id);
    return { status: 200, body: toDeviceDocument(device, this.hub.isConnected(id)), etag: device.etag };
  }

  private async twin(call: Call, id: string): Promise<Answer> {
    const { registry } = this.hub;
    if (call.method === 'PATCH' || call.method === 'PUT') {
      call.require(iotHubActions.writeTwins);
      const properties = isObject(call.body.properties) ? call.body.properties : {};
      const change = {
        ...(isObject(call.body.tags) ? { tags: call.body.tags } : {}),
        ...(isObject(properties.desired) ? { desired: withoutVersion(properties.desired) } : {}),
      };
      await registry.changeTwin(id, change, { replace: call.method === 'PUT', etag: call.ifMatch ?? '*' });
    } else if (call.method === 'GET') call.require(iotHubActions.readTwins);
    else throw notServed(call);
    const device = registry.get(id);
    return { status: 200, body: toTwinDocument(device, this.hub.isConnected(id)), etag: device.twin.etag };
  }

  private async invoke(call: Call, id: string): Promise<Answer> {
    call.require(iotHubActions.invokeMethods);
    const { methodName, payload, responseTimeoutInSeconds } = call.body;
    if (typeof methodName !== 'string' || methodName === '') {
      throw new AzureError(400, 'ArgumentNull', 'The body of a direct method call needs methodName.');
    }
    const timeout = typeof responseTimeoutInSeconds === 'number' ? responseTimeoutInSeconds : 30;
    if (timeout < 5 || timeout > 300) {
      throw new AzureError(400, 'ArgumentInvalid', `responseTimeoutInSeconds is ${timeout}; 5 to 300 are allowed.`);
    }
    return { status: 200, body: await this.hub.invokeMethod(id, methodName, payload, timeout) };
  }

  private listConfigurations(call: Call): Answer {
    if (call.method !== 'GET') throw notServed(call);
    call.require(iotHubActions.readConfigurations);
    const configurations = this.hub.configurations.list().slice(0, Number(call.query.get('top') ?? 100));
    return { status: 200, body: configurations.map((one) => ({ ...one, etag: quoted(one.etag) })) };
  }

  private async configuration(call: Call, id: string): Promise<Answer> {
    const { configurations } = this.hub;
    switch (call.method) {
      case 'GET':
        call.require(iotHubActions.readConfigurations);
        break;
      case 'PUT':
        call.require(iotHubActions.writeConfigurations);
        await configurations.put(id, call.body, call.ifMatch);
        break;
      case 'DELETE':
        call.require(iotHubActions.deleteConfigurations);
        await configurations.delete(id, call.ifMatch ?? '*');
        return { status: 204 };
      default:
        throw notServed(call);
    }
    const found = configurations.get(id);
    return { status: 200, body: { ...found, etag: quoted(found.etag) }, etag: found.etag };
  }
}

function withoutVersion({ $version, $metadata, ...values }: Record<string, unknown>): Record<string, unknown> {
  return values;
}

function notServed({ method, path }: Call): AzureError {
  const what = `${method} /${path.join('/')}`;
  return new AzureError(
    501,
    'NotImplemented',
    `The local cloud's IoT Hub does not serve ${what}: it has devices, twins, direct methods and configurations.`,
  );
}

async function readBody(request: IncomingMessage): Promise<Record<string, unknown>> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > mostBodyBytes) {
      throw new AzureError(413, 'RequestEntityTooLarge', `The body is longer than ${mostBodyBytes} bytes.`);
    }
    parts.push(part);
  }
  if (bytes === 0) return {};
  try {
    const value: unknown = JSON.parse(Buffer.concat(parts).toString('utf8'));
    if (isObject(value)) return value;
  } catch {
    // Said below, as for JSON that is no object.
  }
  throw new AzureError(400, 'InvalidBody', 'The body is no JSON object.');
}

/** IoT Hub words an error as `{"Message":"ErrorCode:...;..."}`. */
function errorAnswer({ status, code, message }: AzureError): Answer {
  return { status, body: { Message: `ErrorCode:${code};${message}`, ExceptionMessage: message } };
}

function send(response: ServerResponse, { status, body, etag }: Answer): void {
  const code = /^ErrorCode:(\w+)/.exec(String((body as { Message?: string } | undefined)?.Message ?? ''))?.[1];
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    ...(etag === undefined ? {} : { etag: quoted(etag) }),
    ...(code === undefined ? {} : { 'iothub-errorcode': code }),
  });
  response.end(body === undefined ? undefined : JSON.stringify(body));
}
