import { AzureError } from '../contracts';

/** What an operation does to the blob that it names, as far as retention is concerned. */
export type BlobEffect = 'none' | 'create' | 'modify' | 'delete';

/** One of Blob Storage's operations, with what it takes to be allowed. */
interface Operation {
  /** In the words of Azure's REST reference, as `Put Blob`. */
  readonly name: string;
  readonly method: string;
  readonly on: 'service' | 'container' | 'blob';
  readonly comp?: string;
  /** Below `Microsoft.Storage/storageAccounts/blobServices/`. */
  readonly action: string;
  readonly effect?: BlobEffect;
  readonly deletesContainer?: boolean;
}

/** A request, taken apart. */
export interface BlobRequest {
  readonly operation: Operation;
  /** In Azure's own spelling, as `Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read`. */
  readonly action: string;
  readonly account: string;
  /** Empty for operations on the service. */
  readonly container: string;
  /** Decoded; empty for operations on the service or a container. */
  readonly blob: string;
}

const read = 'containers/blobs/read';
const write = 'containers/blobs/write';

/**
 * What is offered, each with the action that Azure asks for ("Permissions for calling data operations",
 * Blob Storage REST reference, Authorize with Microsoft Entra ID). What is not in the table is refused.
 */
const operations: readonly Operation[] = [
  {
    name: 'Get User Delegation Key',
    method: 'POST',
    on: 'service',
    comp: 'userdelegationkey',
    action: 'generateUserDelegationKey/action',
  },
  { name: 'List Containers', method: 'GET', on: 'service', comp: 'list', action: 'containers/read' },
  { name: 'Create Container', method: 'PUT', on: 'container', action: 'containers/write' },
  { name: 'Get Container Properties', method: 'GET', on: 'container', action: 'containers/read' },
  { name: 'Get Container Properties', method: 'HEAD', on: 'container', action: 'containers/read' },
  { name: 'Get Container Metadata', method: 'GET', on: 'container', comp: 'metadata', action: 'containers/read' },
  { name: 'Set Container Metadata', method: 'PUT', on: 'container', comp: 'metadata', action: 'containers/write' },
  { name: 'Lease Container', method: 'PUT', on: 'container', comp: 'lease', action: 'containers/write' },
  { name: 'Delete Container', method: 'DELETE', on: 'container', action: 'containers/delete', deletesContainer: true },
  { name: 'List Blobs', method: 'GET', on: 'container', comp: 'list', action: read },
  { name: 'Get Blob', method: 'GET', on: 'blob', action: read },
  { name: 'Get Blob Properties', method: 'HEAD', on: 'blob', action: read },
  { name: 'Get Blob Metadata', method: 'GET', on: 'blob', comp: 'metadata', action: read },
  { name: 'Get Block List', method: 'GET', on: 'blob', comp: 'blocklist', action: read },
  { name: 'Get Blob Tags', method: 'GET', on: 'blob', comp: 'tags', action: 'containers/blobs/tags/read' },
  { name: 'Set Blob Tags', method: 'PUT', on: 'blob', comp: 'tags', action: 'containers/blobs/tags/write' },
  { name: 'Put Blob', method: 'PUT', on: 'blob', action: write, effect: 'create' },
  { name: 'Put Block', method: 'PUT', on: 'blob', comp: 'block', action: write },
  { name: 'Put Block List', method: 'PUT', on: 'blob', comp: 'blocklist', action: write, effect: 'create' },
  { name: 'Append Block', method: 'PUT', on: 'blob', comp: 'appendblock', action: write, effect: 'modify' },
  { name: 'Set Blob Metadata', method: 'PUT', on: 'blob', comp: 'metadata', action: write, effect: 'modify' },
  { name: 'Set Blob Properties', method: 'PUT', on: 'blob', comp: 'properties', action: write, effect: 'modify' },
  { name: 'Set Blob Tier', method: 'PUT', on: 'blob', comp: 'tier', action: write },
  { name: 'Snapshot Blob', method: 'PUT', on: 'blob', comp: 'snapshot', action: write },
  { name: 'Lease Blob', method: 'PUT', on: 'blob', comp: 'lease', action: write },
  { name: 'Delete Blob', method: 'DELETE', on: 'blob', action: 'containers/blobs/delete', effect: 'delete' },
];

const knownParameters = new Set([
  ...['restype', 'comp', 'timeout', 'prefix', 'delimiter', 'marker', 'maxresults', 'include', 'snapshot'],
  ...['blockid', 'blocklisttype'],
]);

/**
 * Takes a request apart and finds its operation.
 * @param path as in the request line, undecoded, without query: `/<account>/<container>/<blob>`
 * @throws AzureError 400 for a path or query that could be read in two ways, 501 for what is not offered here
 */
export function readRequest(
  method: string,
  path: string,
  query: URLSearchParams,
  headers: NodeJS.Dict<string | string[]>,
): BlobRequest {
  const [account = '', container = '', ...blobSegments] = decodePath(path);
  // Blob Storage takes a backslash in a blob's name for a slash.
  const blob = blobSegments.join('/').replaceAll('\\', '/');
  const on = blob !== '' ? 'blob' : container !== '' ? 'container' : 'service';
  checkQuery(query, on);
  for (const [header, what] of [
    ['x-ms-copy-source', 'Copying from a URL'],
    ['x-ms-immutability-policy-until-date', 'A retention of a single blob'],
    ['x-ms-legal-hold', 'A legal hold'],
  ] as const) {
    if (headers[header] !== undefined) throw notOffered(`${what} (header ${header})`);
  }
  if (headers['x-ms-blob-public-access'] !== undefined) {
    throw new AzureError(409, 'PublicAccessNotPermitted', 'Public access is not permitted on this storage account.');
  }
  const comp = query.get('comp') ?? undefined;
  const operation = operations.find((one) => one.method === method && one.on === on && one.comp === comp);
  if (operation === undefined)
    throw notOffered(`${method} on a ${on}${comp === undefined ? '' : ` with comp=${comp}`}`);
  return {
    operation,
    action: `Microsoft.Storage/storageAccounts/blobServices/${operation.action}`,
    account,
    container,
    blob,
  };
}

function decodePath(path: string): string[] {
  let segments: string[];
  try {
    segments = path.slice(1).split('/').map(decodeURIComponent);
  } catch {
    throw new AzureError(400, 'InvalidUri', 'The path of the request is not valid percent encoding.');
  }
  // What stands behind would resolve such segments, and then act on another container than the one judged here.
  if (segments.some((segment) => segment.split('/').some((part) => part === '.' || part === '..'))) {
    throw new AzureError(400, 'InvalidUri', 'A path segment of one or two dots is not allowed.');
  }
  if (segments.slice(0, 2).some((segment) => segment.includes('/'))) {
    throw new AzureError(400, 'InvalidUri', 'The names of account and container must not hold a slash.');
  }
  return segments;
}

function checkQuery(query: URLSearchParams, on: Operation['on']): void {
  for (const name of new Set(query.keys())) {
    if (!knownParameters.has(name)) throw notOffered(`The query parameter "${name}"`);
    if (query.getAll(name).length > 1) {
      throw new AzureError(400, 'InvalidQueryParameterValue', `The query parameter "${name}" is given more than once.`);
    }
  }
  const restype = query.get('restype');
  const isServices = on === 'service' && (restype === null || restype === 'service');
  if (!isServices && (on === 'container') !== (restype === 'container')) {
    throw notOffered(`A request on a ${on} with restype=${restype}`);
  }
}

function notOffered(what: string): AzureError {
  return new AzureError(501, 'NotImplemented', `${what} is not part of the local cloud's Blob Storage.`);
}
