import { call, type DataPlaneAccess, type DataPlaneAnswer, withoutSignatures } from './request';

const apiVersion = '2024-11-01';
const longestPauseSeconds = 15;
/** The platform fetches the package and may answer only when it has it. */
const putTimeoutSeconds = 230;

/** Whether a deployment has ended. */
type State = 'running' | 'succeeded' | 'failed';

/**
 * Has the platform fetch a package and run it: the app restarts with it. Goes through Azure Resource Manager and not
 * through the app's deployment site, which may be private. Another deployment of the app that is under way (409) and an app
 * that ARM does not find yet (404) are waited for.
 *
 * @param resourceManager URL of Azure Resource Manager without a slash at its end
 * @param packageUri address from which the platform can read the package
 */
export async function oneDeploy(
  resourceManager: string,
  siteId: string,
  packageUri: string,
  access: DataPlaneAccess,
): Promise<void> {
  const url = `${resourceManager}${siteId}/extensions/onedeploy?api-version=${apiVersion}`;
  const what = `the package of the function app ${siteId.slice(siteId.lastIndexOf('/') + 1)}`;
  const deadline = Date.now() + access.limitSeconds * 1000;
  const last = () => call({ method: 'GET', url, what }, access);
  const before = idOf(await last());
  const put = { method: 'PUT' as const, url, what, timeoutSeconds: putTimeoutSeconds, heals: [404, 409] };
  let answer = await call({ ...put, body: { properties: { packageUri, remoteBuild: false } } }, access);
  for (let pause = 0; stateOf(answer) === 'running'; pause = Math.min(pause * 2 || 1, longestPauseSeconds)) {
    if (Date.now() > deadline) throw new Error(`Azure has not deployed ${what} within ${access.limitSeconds} s.`);
    await new Promise((resolve) => setTimeout(resolve, pause * 1000));
    const told = await last();
    // Of the deployment before this one nothing follows.
    if (idOf(told) === undefined || idOf(told) !== before) answer = told;
  }
  if (stateOf(answer) === 'failed') throw new Error(`Azure has not deployed ${what}: ${messageOf(answer)}`);
}

interface Deployment {
  readonly id?: string;
  readonly status?: number | string;
  readonly provisioningState?: string;
  readonly message?: string;
  readonly status_text?: string;
  readonly properties?: Deployment;
}

function deploymentOf({ body }: DataPlaneAnswer): Deployment {
  const { properties, ...top } = (typeof body === 'object' && body !== null ? body : {}) as Deployment;
  return properties ?? top;
}

/** Tells one deployment from another; the one before may still be told of for a while. */
function idOf(answer: DataPlaneAnswer): string | undefined {
  return deploymentOf(answer).id;
}

/**
 * Kudu's numbers (0 pending, 1 building, 2 deploying, 3 failed, 4 success, 5 conflict, 6 partial success) or ARM's words, at
 * the top of the answer or among its properties. Where nothing is told, the status of the answer says it: 202 goes on.
 */
function stateOf(answer: DataPlaneAnswer): State {
  const { status, provisioningState } = deploymentOf(answer);
  const said = String(status ?? provisioningState ?? (answer.status === 202 ? 'accepted' : 'succeeded'));
  if (/^(4|6|Success|Succeeded)$/i.test(said)) return 'succeeded';
  return /^(3|5|Failed|Canceled)$/i.test(said) ? 'failed' : 'running';
}

function messageOf(answer: DataPlaneAnswer): string {
  const { message, status_text } = deploymentOf(answer);
  return withoutSignatures(message || status_text || 'it gave no reason').slice(0, 300);
}
