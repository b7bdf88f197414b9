import type { DiffResult } from '@pulumi/pulumi/dynamic';
import { call, type DataPlaneAccess } from '../request';

/** A refresh of a semantic model on demand: whenever the trigger is another one. */
export interface FabricRefreshProps extends DataPlaneAccess {
  /** Of Power BI, without a slash at its end, as `https://api.powerbi.com/v1.0/myorg`: Fabric's own has no such call. */
  readonly powerBiApiUrl: string;
  readonly workspaceId: string;
  readonly semanticModelId: string;
  /** Any text; another one refreshes. */
  readonly trigger: string;
}

interface Refresh {
  readonly requestId?: string;
  readonly status?: string;
  readonly serviceExceptionJson?: string;
}

const what = 'the refresh of the semantic model';
const pollSeconds = 1;
const longestPollSeconds = 15;

export async function create(props: FabricRefreshProps) {
  await refresh(props);
  return { id: props.semanticModelId, outs: props };
}

export async function update(_id: string, olds: FabricRefreshProps, news: FabricRefreshProps) {
  if (olds.trigger !== news.trigger || olds.semanticModelId !== news.semanticModelId) await refresh(news);
  return { outs: news };
}

/** What has been refreshed stays so. */
async function remove(): Promise<void> {}

export { remove as delete };

export async function diff(): Promise<DiffResult> {
  return { replaces: [] };
}

/**
 * Refreshes and waits for the end. For a model that queries its source (DirectQuery) it brings tiles and metadata up to date and
 * shows that the source answers.
 * @throws Error in one sentence when it fails, is not over within the limit, or another one is under way for as long
 */
async function refresh(props: FabricRefreshProps): Promise<void> {
  const url = `${props.powerBiApiUrl}/groups/${props.workspaceId}/datasets/${props.semanticModelId}/refreshes`;
  // 400: another refresh of the model is under way.
  const begun = await call({ method: 'POST', url, what, body: { type: 'full' }, heals: [400] }, props);
  const id = begun.headers.get('requestid') ?? begun.headers.get('location')?.split('/').at(-1);
  if (begun.status === 404 || !id) throw new Error(`Power BI does not take ${what} ${props.semanticModelId}.`);
  const deadline = Date.now() + props.limitSeconds * 1000;
  for (let pause = pollSeconds; ; pause = Math.min(pause * 2, longestPollSeconds)) {
    const { status, serviceExceptionJson = '' } = (await call({ method: 'GET', url: `${url}/${id}`, what }, props))
      .body as Refresh;
    if (status === 'Completed') return;
    if (status === 'Failed' || status === 'Cancelled' || status === 'Disabled') {
      throw new Error(`Power BI ended ${what} as ${status}: ${serviceExceptionJson.slice(0, 300)}`);
    }
    if (Date.now() > deadline) throw new Error(`Power BI has not ended ${what} within ${props.limitSeconds} s.`);
    await new Promise((resolve) => setTimeout(resolve, pause * 1000));
  }
}
