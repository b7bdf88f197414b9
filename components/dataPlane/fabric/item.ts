import type { DiffResult } from '@pulumi/pulumi/dynamic';
import { changed } from '../inputs';
import { labelled, unlabelled } from '../labelledText';
import { bodyOf, callFabric, type FabricAccess, listAll, operate } from './api';
import { keepsWhatIsDeclared } from './drift';

/** A semantic model or a report of Microsoft Fabric, made of the files of its source form. */
export interface FabricItemProps extends FabricAccess {
  readonly workspaceId: string;
  /** `semanticModels` or `reports`. */
  readonly collection: string;
  readonly displayName: string;
  readonly description: string;
  /** In which Fabric tells a definition: `TMSL` for a semantic model, empty for a report. */
  readonly format: string;
  /** By path, as labelled text, so that a preview shows which lines change. */
  readonly parts: Readonly<Record<string, string>>;
}

interface Item {
  readonly id: string;
  readonly displayName: string;
  readonly description?: string;
}

interface Definition {
  readonly definition?: { readonly parts?: readonly { readonly path: string; readonly payload: string }[] };
}

export async function create(props: FabricItemProps) {
  const { displayName, description } = props;
  const what = whatOf(props);
  const there = await unfinished(props);
  if (there) {
    await updateDefinition(there.id, props);
    return { id: there.id, outs: props };
  }
  const body = { displayName, description, definition: definitionOf(props) };
  const made = await operate({ method: 'POST', path: pathOf(props), what, body, timeoutSeconds: 120 }, props);
  const { id } = bodyOf<Partial<Item>>(made, what);
  if (id === undefined) throw new Error(`Fabric tells no id of ${what}.`);
  return { id, outs: props };
}

/** One that an earlier run made before it broke off: names are their items' own in a workspace. */
async function unfinished(props: FabricItemProps): Promise<Item | undefined> {
  const all = await listAll<Item>(pathOf(props), whatOf(props), props);
  return all.find(({ displayName }) => displayName === props.displayName);
}

export async function read(id: string, props: FabricItemProps) {
  const what = whatOf(props);
  const answer = await callFabric({ method: 'GET', path: `${pathOf(props)}/${id}`, what }, props);
  if (answer.status === 404) return {};
  const { displayName, description = '' } = answer.body as Item;
  const query = props.format === '' ? '' : `?format=${props.format}`;
  const path = `${pathOf(props)}/${id}/getDefinition${query}`;
  const told = bodyOf<Definition>(await operate({ method: 'POST', path, what }, props), what);
  const kept = { ...props, displayName, description, parts: keptParts(props.parts, told) };
  return { id, props: kept, inputs: kept };
}

/** What Fabric writes anew in its own way and order is no difference; what it adds is none, unless it is a thing of its own. */
function keptParts(declared: FabricItemProps['parts'], { definition }: Definition): Record<string, string> {
  const found = new Map(
    (definition?.parts ?? []).map(({ path, payload }) => [path, Buffer.from(payload, 'base64').toString('utf8')]),
  );
  const parts = Object.entries(declared).map(([path, text]) => {
    const actual = found.get(path);
    if (actual === undefined) return [path, labelled(path, '')] as const;
    return [path, keepsWhatIsDeclared(unlabelled(text), actual) ? text : labelled(path, actual)] as const;
  });
  return Object.fromEntries(parts);
}

export async function update(id: string, olds: FabricItemProps, news: FabricItemProps) {
  const { displayName, description } = news;
  if (changed(olds, news, ['displayName', 'description']).length > 0) {
    const what = whatOf(news);
    const path = `${pathOf(news)}/${id}`;
    bodyOf(await callFabric({ method: 'PATCH', path, what, body: { displayName, description } }, news), what);
  }
  if (JSON.stringify(olds.parts) !== JSON.stringify(news.parts)) await updateDefinition(id, news);
  return { outs: news };
}

async function remove(id: string, props: FabricItemProps): Promise<void> {
  await callFabric({ method: 'DELETE', path: `${pathOf(props)}/${id}`, what: whatOf(props) }, props);
}

export { remove as delete };

export async function diff(_id: string, olds: FabricItemProps, news: FabricItemProps): Promise<DiffResult> {
  return { replaces: changed(olds, news, ['workspaceId', 'collection']) };
}

async function updateDefinition(id: string, props: FabricItemProps): Promise<void> {
  const what = whatOf(props);
  const path = `${pathOf(props)}/${id}/updateDefinition`;
  const body = { definition: definitionOf(props) };
  bodyOf(await operate({ method: 'POST', path, what, body, timeoutSeconds: 120 }, props), what);
}

function definitionOf({ parts, format }: FabricItemProps): object {
  return {
    ...(format === '' ? {} : { format }),
    parts: Object.entries(parts).map(([path, text]) => ({
      path,
      payload: Buffer.from(unlabelled(text), 'utf8').toString('base64'),
      payloadType: 'InlineBase64',
    })),
  };
}

function pathOf({ workspaceId, collection }: FabricItemProps): string {
  return `/workspaces/${workspaceId}/${collection}`;
}

function whatOf({ collection, displayName }: FabricItemProps): string {
  return `the ${collection === 'reports' ? 'report' : 'semantic model'} "${displayName}"`;
}
