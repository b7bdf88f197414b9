import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { DiffResult } from '@pulumi/pulumi/dynamic';
import { blobServiceVersion, readableUrl, userDelegationKey } from './blobSignature';
import { changed } from './inputs';
import { unlabelled } from './labelledText';
import { oneDeploy } from './oneDeploy';
import { call, type DataPlaneAccess } from './request';
import { resourceManagerOf } from './resourceManager';
import { zipOf } from './zip';

/**
 * An archive of files as the engine hands it to a provider: by name in the archive, where each lies, seen from the program's
 * folder. The engine adds hashes of contents, by which it compares.
 */
export interface SerializedFiles {
  readonly assets: Readonly<Record<string, { readonly path: string; readonly hash: string }>>;
}

/** The code of a function app: what is in the package, and where it goes. */
export interface FunctionPackageProps {
  /** ARM id of the function app. */
  readonly siteId: string;
  /** Blob endpoint of the app's own storage account, as the account tells it, with a slash at its end. */
  readonly blobEndpoint: string;
  /** Container of the packages. */
  readonly container: string;
  /** The bundle, by its name in the package. Another one shows in a preview as this one member. */
  readonly program: SerializedFiles;
  /** What else is in the package, by path from its root: as labelled text, so that a preview shows which lines change. */
  readonly texts: Readonly<Record<string, string>>;
  readonly tenantId: string;
  /** Microsoft Entra's sign-in address in the cloud. */
  readonly authorityHost: string;
  /** Token scope of blob storage. */
  readonly storageScope: string;
  /** Azure Resource Manager of the cloud, where `ARM_METADATA_HOSTNAME` names no other. */
  readonly resourceManager: string;
  readonly resourceManagerScope: string;
  /** For how many seconds a refused or failing call is repeated: a new role takes minutes to work. */
  readonly limitSeconds: number;
}

/** What is kept of a deployment: the blob's name is the hash of the zip. Neither the signed address nor a key is. */
interface Deployed extends FunctionPackageProps {
  readonly packageBlob: string;
}

/** For how long the platform may read the package; it does so at once. */
const readableMilliseconds = 3_600_000;
/** Clocks of two machines differ. */
const clockSkewMilliseconds = 300_000;

export async function create(props: FunctionPackageProps) {
  return { id: `${props.siteId}/extensions/onedeploy`, outs: await deploy(props) };
}

/** Deploys only what is another package, or lies elsewhere: another time limit alone restarts no app. */
export async function update(_id: string, olds: Deployed, news: FunctionPackageProps) {
  return { outs: await deploy(news, olds) };
}

/** Gone when the package is: then the next deployment uploads and deploys it again. */
export async function read(id: string, props: Deployed) {
  const { status } = await call({ ...blobRequest(props, props.packageBlob), method: 'HEAD' }, storageAccess(props));
  return status === 404 ? {} : { id, props };
}

/** Nothing to undo: an app cannot be without code, and package and app go with the resources that hold them. */
async function remove(): Promise<void> {}

export { remove as delete };

export async function diff(_id: string, olds: Deployed, news: FunctionPackageProps): Promise<DiffResult> {
  return { replaces: changed<FunctionPackageProps>(olds, news, ['siteId']) };
}

async function deploy(props: FunctionPackageProps, olds?: Deployed): Promise<Deployed> {
  const zip = await zipOf(membersOf(props));
  const packageBlob = `packages/${createHash('sha256').update(zip).digest('hex')}.zip`;
  const deployed: Deployed = { ...props, packageBlob };
  if (olds && changed(olds, deployed, ['blobEndpoint', 'container', 'packageBlob']).length === 0) return deployed;
  await upload(props, packageBlob, zip);
  const { url, tokenScope } = await resourceManagerOf({
    url: props.resourceManager,
    tokenScope: props.resourceManagerScope,
  });
  await oneDeploy(url, props.siteId, await signedUrl(props, packageBlob), { ...props, tokenScope });
  return deployed;
}

function membersOf({ program, texts }: FunctionPackageProps): Record<string, Uint8Array | string> {
  const files = Object.entries(program.assets).map(([name, { path }]) => [name, readFileSync(path)] as const);
  const others = Object.entries(texts).map(([name, text]) => [name, unlabelled(text)] as const);
  return Object.fromEntries([...files, ...others]);
}

/** The name is the hash of the content, so a blob that is there already is this one. */
async function upload(props: FunctionPackageProps, blob: string, zip: Uint8Array): Promise<void> {
  const request = blobRequest(props, blob);
  const headers = {
    ...request.headers,
    'content-type': 'application/zip',
    'if-none-match': '*',
    'x-ms-blob-type': 'BlockBlob',
  };
  const answers = [409, 412];
  const put = { ...request, method: 'PUT' as const, headers, body: zip, answers, heals: [404] };
  const { status, body } = await call(put, storageAccess(props));
  if (status === 409 && !String(body).includes('BlobAlreadyExists')) {
    throw new Error(`PUT of ${request.what} failed with 409 ${String(body).slice(0, 300)}.`);
  }
}

async function signedUrl(props: FunctionPackageProps, blob: string): Promise<string> {
  const { blobEndpoint, container } = props;
  const now = Date.now();
  const [start, expiry] = [new Date(now - clockSkewMilliseconds), new Date(now + readableMilliseconds)];
  const key = await userDelegationKey(blobEndpoint, start, expiry, storageAccess(props));
  return readableUrl(blobEndpoint, container, blob, start, expiry, key);
}

function blobRequest({ blobEndpoint, container }: FunctionPackageProps, blob: string) {
  return {
    url: `${blobEndpoint}${container}/${blob}`,
    what: `the package ${blob}`,
    headers: { 'x-ms-version': blobServiceVersion },
  };
}

function storageAccess(props: FunctionPackageProps): DataPlaneAccess {
  return { ...props, tokenScope: props.storageScope };
}
