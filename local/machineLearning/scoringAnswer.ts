import type { IncomingMessage } from 'node:http';

/** Learn: "Troubleshooting online endpoints: HTTP status codes": all that the stand-in answers. */
export type EndpointStatus = 200 | 401 | 404 | 405 | 408 | 413 | 424 | 503;

/** A refusal, as an endpoint words it. */
export class EndpointError extends Error {
  constructor(
    readonly status: EndpointStatus,
    message: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
    this.name = 'EndpointError';
  }
}

/** Learn: "Manage and increase quotas": a request to a managed online endpoint has at most 10 MB. */
const mostBytes = 10 * 1024 * 1024;

/** @throws EndpointError 413 for a longer body, 424 for one that is not JSON: that is up to the model, as in Azure */
export async function readJsonBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > mostBytes) throw new EndpointError(413, `The request has more than ${mostBytes} bytes.`);
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString()) as unknown;
  } catch (error) {
    throw modelError(400, (error as Error).message);
  }
}

/** Learn: "if your model container returns a non-200 response, Azure returns a 424". */
export function modelError(status: number, reason: string): EndpointError {
  const line = reason.replaceAll(/[^\x20-\x7e]/g, ' ').slice(0, 200);
  return new EndpointError(424, `The model answered ${status}: ${line}`, {
    'ms-azureml-model-error-statuscode': String(status),
    'ms-azureml-model-error-reason': line,
  });
}
