import type { HttpAnswer, HttpCall } from '../messages';
import type { RpcHttpData, RpcTypedData } from './rpc';

/*
 * The shapes below are those that `ToRpcHttp` in `GrpcMessageConversionExtensions.cs` of the Functions host writes for a
 * worker that takes raw bodies as bytes, and values that may be missing, as the Node.js worker does
 * (RawHttpBodyBytes, RpcHttpBodyOnly, UseNullableValueDictionaryForHttp).
 */

export function httpInput({ method, url, headers, params, body }: HttpCall): RpcTypedData {
  const query = Object.fromEntries(new URL(url).searchParams);
  return {
    http: {
      ...{ method, url, nullableHeaders: nullable(headers), nullableParams: nullable(params) },
      nullableQuery: nullable(query),
      ...(body.length > 0 && { body: { bytes: body } }),
    },
  };
}

/** Empty values are `{}`, as protobuf writes a message whose only member is not set. */
function nullable(values: Readonly<Record<string, string>>): Record<string, { value?: string }> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value === '' ? {} : { value }]));
}

export function httpMetadata({ url, headers, params }: HttpCall): Record<string, RpcTypedData> {
  const json = (value: object) => ({ json: JSON.stringify(value) });
  return {
    Query: json(Object.fromEntries(new URL(url).searchParams)),
    Headers: json(headers),
    ...Object.fromEntries(Object.entries(params).map(([name, string]) => [name, { string }])),
  };
}

/** Headers that say how the message itself is sent, which the front end says anew. */
const ofMessage = /^(connection|content-length|keep-alive|trailer|transfer-encoding|upgrade)$/i;

/**
 * What the caller is answered: 204 for a handler that returns nothing (Learn: "Azure Functions HTTP trigger").
 * @throws Error for cookies, which are not offered here
 */
export function httpAnswer(returned: RpcTypedData | null | undefined): HttpAnswer {
  const http: RpcHttpData | undefined = returned?.http;
  if (http === undefined) return { status: 204, headers: [], body: new Uint8Array() };
  if ((http.cookies?.length ?? 0) > 0) throw new Error('The response has cookies, which are not offered here.');
  const headers = Object.entries(http.headers ?? {}).filter(([name]) => !ofMessage.test(name));
  return { status: Number(http.statusCode ?? 200), headers, body: http.body?.bytes ?? new Uint8Array() };
}
