import { call, type DataPlaneAccess, type DataPlaneAnswer, type DataPlaneRequest } from '../request';

/** How Microsoft Fabric's API is reached. All of it lies in the state of a resource. */
export interface FabricAccess extends DataPlaneAccess {
  /** With the version and without a slash at its end, as `https://api.fabric.microsoft.com/v1`. */
  readonly fabricApiUrl: string;
}

type Call = Omit<DataPlaneRequest, 'url'> & {
  /** From the API's version on, with its slash. */
  readonly path: string;
};

const rightRemedy =
  'have the tenant settings let service principals use Fabric APIs, and make the deployer an administrator of the capacity and of the workspace';
const pollSeconds = 1;
const longestPollSeconds = 15;

/** One call, repeated as `call` does it. */
export function callFabric({ path, ...request }: Call, access: FabricAccess): Promise<DataPlaneAnswer> {
  return call({ rightRemedy, ...request, url: `${access.fabricApiUrl}${path}` }, access);
}

/**
 * One call and, where it is answered with 202, the operation behind it, up to its end (Learn: "Long running operations").
 * @returns what the operation gave, or the answer itself
 * @throws Error in one sentence, with Fabric's reason, when the operation failed or lasts longer than the limit
 */
export async function operate(request: Call, access: FabricAccess): Promise<DataPlaneAnswer> {
  const answer = await callFabric(request, access);
  const operation = answer.headers.get('x-ms-operation-id');
  if (answer.status !== 202 || operation === null) return answer;
  const what = `the operation that makes ${request.what}`;
  const deadline = Date.now() + access.limitSeconds * 1000;
  for (let pause = pollSeconds; ; pause = Math.min(pause * 2, longestPollSeconds)) {
    const told = await callFabric({ method: 'GET', path: `/operations/${operation}`, what }, access);
    const { status, error } = told.body as OperationState;
    if (status === 'Succeeded') break;
    if (status === 'Failed') throw new Error(`Fabric has not made ${request.what}: ${reasonOf(error)}`);
    if (Date.now() > deadline) throw new Error(`Fabric has not made ${request.what} within ${access.limitSeconds} s.`);
    const asked = Number(told.headers.get('retry-after') ?? Number.NaN);
    await new Promise((resolve) => setTimeout(resolve, (Number.isFinite(asked) ? asked : pause) * 1000));
  }
  // An operation without a result answers 400 (`OperationHasNoResult`).
  const answers = [400];
  return callFabric({ method: 'GET', path: `/operations/${operation}/result`, what, answers }, access);
}

interface OperationState {
  readonly status?: string;
  readonly error?: { readonly errorCode?: string; readonly message?: string };
}

function reasonOf(error: OperationState['error']): string {
  return `${error?.errorCode ?? 'it gave no reason'} ${error?.message ?? ''}`.trim().slice(0, 300);
}

/** All pages of a list. */
export async function listAll<T>(path: string, what: string, access: FabricAccess): Promise<readonly T[]> {
  const found: T[] = [];
  let next: string | undefined;
  do {
    const query =
      next === undefined ? '' : `${path.includes('?') ? '&' : '?'}continuationToken=${encodeURIComponent(next)}`;
    const { body, status } = await callFabric({ method: 'GET', path: `${path}${query}`, what }, access);
    if (status === 404) return [];
    const page = body as { readonly value?: readonly T[]; readonly continuationToken?: string | null };
    found.push(...(page.value ?? []));
    next = page.continuationToken ?? undefined;
  } while (next !== undefined);
  return found;
}

/** What an answer must hold. @throws Error when it is a 404 */
export function bodyOf<T>({ status, body }: DataPlaneAnswer, what: string): T {
  if (status === 404) throw new Error(`Fabric does not find ${what}, or what it lies in.`);
  return body as T;
}
