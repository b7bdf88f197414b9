import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { AzureError } from '../contracts';

/** Answers as Blob Storage does, so that its SDKs raise a RestError with status and code. */
export function respondWithError(response: ServerResponse, error: unknown): void {
  const { status, code, message } =
    error instanceof AzureError
      ? error
      : { status: 500, code: 'InternalError', message: `The local Blob Storage failed: ${error}` };
  const body = `<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code><Message>${escapeXml(message)}</Message></Error>`;
  response.writeHead(status, {
    'content-type': 'application/xml',
    'content-length': Buffer.byteLength(body),
    'x-ms-error-code': code,
    'x-ms-request-id': randomUUID(),
  });
  // Read to its end, so that a client that is still sending gets to see the answer.
  response.req.resume();
  response.end(response.req.method === 'HEAD' ? undefined : body);
}

/** In Azure's words for a missing role, and what is missing, which Azure does not say. */
export function permissionMismatch(reason: string): AzureError {
  return new AzureError(
    403,
    'AuthorizationPermissionMismatch',
    `This request is not authorized to perform this operation using this permission. ${reason}`,
  );
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
