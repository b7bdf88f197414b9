import { call, type DataPlaneAccess } from './request';

/** A JSON document that a data plane keeps under a URL, guarded by ETags. */
export interface Document {
  readonly url: string;
  /** In words, for error sentences, as in `enrolment group "devices"`. */
  readonly what: string;
  readonly content: JsonObject;
}

export type JsonObject = { readonly [key: string]: unknown };

/** Creates the document; one that is there already with the same content counts as created. */
export async function createDocument(document: Document, access: DataPlaneAccess): Promise<void> {
  const there = await readDocument(document, document.content, access);
  if (there) {
    if (sameJson(there, document.content)) return;
    throw new Error(`${document.what} exists already with other content; delete it, or give this one another id.`);
  }
  await put(document, access);
}

export async function updateDocument(document: Document, access: DataPlaneAccess): Promise<void> {
  await put(document, access, '*');
}

export async function deleteDocument({ url, what }: Document, access: DataPlaneAccess): Promise<void> {
  // 404 is an answer, too: what is gone is deleted.
  await call({ method: 'DELETE', url, what, headers: { 'if-match': '*' } }, access);
}

/**
 * What the service keeps of the properties that `shape` names, so that defaults and ETags which the service adds are no
 * difference; undefined when the document is gone.
 */
export async function readDocument(
  { url, what }: Document,
  shape: JsonObject,
  access: DataPlaneAccess,
): Promise<JsonObject | undefined> {
  const { status, body } = await call({ method: 'GET', url, what }, access);
  return status === 404 ? undefined : (project(body, shape) as JsonObject);
}

async function put({ url, what, content }: Document, access: DataPlaneAccess, etag?: string): Promise<void> {
  const headers: Record<string, string> = etag ? { 'if-match': etag } : {};
  const { status } = await call({ method: 'PUT', url, what, body: content, headers }, access);
  if (status === 404) throw new Error(`PUT of ${what} at ${new URL(url).host} was answered with 404.`);
}

/** The part of `value` that has the shape of `shape`. */
export function project(value: unknown, shape: unknown): unknown {
  if (!isObject(value) || !isObject(shape)) return value;
  const kept = Object.keys(shape).filter((key) => value[key] !== undefined && value[key] !== null);
  return Object.fromEntries(kept.map((key) => [key, project(value[key], shape[key])]));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function sameJson(a: unknown, b: unknown): boolean {
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sorted(value[key])]),
  );
}
