import { createHash } from 'node:crypto';
import { type Authority, AzureError, type Properties, type Resources } from '../../contracts';
import { checkSchema } from '../../controlPlane/check/schemaCheck';
import { differencesOf } from '../../controlPlane/diff';
import type { Failure } from '../../controlPlane/kinds/kind';
import { merge, previewOutputs } from '../../controlPlane/outputs';
import type { Answer, Asked, DiffAnswer, ResourceProvider } from '../../controlPlane/resourceProvider';
import type { Asset, Assets } from './assets';
import type { AssetKind, Surroundings } from './kind';
import { type TypeName, tokenOf, typeNameOf, typeNames } from './names';
import type { ProgramFolders } from './programFolders';
import { databricks } from './schema';
import { DatabricksSession } from './session';
import { unityCatalog } from './unityCatalog';
import { fileMd5, newIds, workspaceAssets } from './workspaceAssets';

const kinds: Readonly<Record<TypeName, AssetKind>> = { ...unityCatalog, ...workspaceAssets };

/** What happens beside the records: files are written, jobs run. */
export interface Effects {
  /** Something was created or updated; `previous` is absent at creation. */
  changed(asset: Asset, previous: Asset | undefined): Promise<void>;
  removed(asset: Asset): Promise<void>;
}

/** Pulumi's databricks provider: what each of the engine's requests means. */
export class DatabricksProvider implements ResourceProvider<DatabricksSession> {
  readonly packageName = 'databricks';
  readonly version = databricks.sdk;

  constructor(
    private readonly assets: Assets,
    private readonly azure: Resources,
    private readonly authority: Authority,
    private readonly programs: ProgramFolders,
    private readonly effects: Effects,
  ) {}

  schema(): string {
    return JSON.stringify({ name: 'databricks', version: this.version, resources: {} });
  }

  session(config: (name: string) => string | undefined): DatabricksSession {
    const [resourceId, host] = [config('azureWorkspaceResourceId'), config('host')];
    return new DatabricksSession(this.azure, { resourceId, host });
  }

  invoke(token: string): Properties {
    throw new AzureError(501, 'UnknownFunction', `The local cloud does not know the function ${token}.`);
  }

  check(
    asked: Asked<DatabricksSession>,
    inputs: Properties,
    olds: Properties | undefined,
    seed: Uint8Array,
  ): { inputs: Properties; failures: readonly Failure[] } {
    const type = known(asked.token);
    const spec = databricks.kinds[type] ?? { outputs: [], properties: {} };
    const filled = { ...inputs };
    delete filled.__defaults;
    if ('name' in spec.properties) filled.name ??= olds?.name ?? autoName(asked.logicalName, seed);
    if (type === 'File' && filled.md5 === undefined) {
      const md5 = fileMd5(filled, this.programs);
      if (md5 !== undefined) filled.md5 = md5;
    }
    const shape = checkSchema({ types: databricks.types, enums: {} }, spec, filled);
    // Without a workspace (a preview before it is there) nothing can be looked up in it.
    const around = asked.session.findWorkspace() && this.around(asked.session);
    const rules = around ? (kinds[type].rules ?? []).flatMap((rule) => rule(filled, around)) : [];
    return { inputs: filled, failures: [...shape, ...rules] };
  }

  diff({ token, session }: Asked<DatabricksSession>, id: string, before: Properties, now: Properties): DiffAnswer {
    const type = known(token);
    const kind = kinds[type];
    const differences = differencesOf(before, now, kind.immutable);
    const replaces = differences.some(({ replace }) => replace);
    if (replaces) session.replace(type, id);
    return { differences, deleteBeforeReplace: replaces && kind.id(now) === id };
  }

  async create({ token, session }: Asked<DatabricksSession>, inputs: Properties, preview: boolean): Promise<Answer> {
    const type = known(token);
    const kind = kinds[type];
    const named = kind.id(inputs);
    if (preview) {
      if (named !== undefined) session.plan(type, named);
      return { id: '', outputs: previewOutputs(databricks.kinds[type]?.outputs ?? [], inputs) };
    }
    const workspace = session.workspace();
    const around = this.around(session);
    const id = named ?? newIds[type as keyof typeof newIds]?.();
    if (id === undefined) throw new AzureError(400, 'InvalidParameterValue', `A name of the ${type} is not known.`);
    if (this.assets.get(workspace.id, type, id) && !session.replaces(type, id)) {
      throw new AzureError(
        409,
        'AlreadyExists',
        `There is a ${type} '${id}' already; to manage it from here, import it.`,
      );
    }
    refuse(type, kind, inputs, around);
    const computed = { ...kind.computed?.(inputs, id, around), ...urlOf(type, id, workspace.outputs) };
    return this.put({ workspaceId: workspace.id, type, id, inputs, outputs: { ...inputs, ...computed } });
  }

  async update(
    { token, session }: Asked<DatabricksSession>,
    id: string,
    inputs: Properties,
    olds: Properties,
    preview: boolean,
  ): Promise<Answer> {
    const type = known(token);
    const names = databricks.kinds[type]?.outputs ?? [];
    if (preview) return { id, outputs: merge(olds, previewOutputs(names, inputs, olds)) };
    const workspace = session.workspace();
    const previous = this.assets.get(workspace.id, type, id);
    if (!previous) throw notThere(type, id, workspace.id);
    const kind = kinds[type];
    const around = this.around(session);
    refuse(type, kind, inputs, around);
    const answered = Object.entries(previous.outputs).filter(([name]) => previous.inputs[name] === undefined);
    const computed = type === 'File' ? kind.computed?.(inputs, id, around) : {};
    const outputs = { ...Object.fromEntries(answered), ...inputs, ...computed };
    return this.put({ workspaceId: workspace.id, type, id, inputs, outputs }, previous);
  }

  private async put(asset: Asset, previous?: Asset): Promise<Answer> {
    await this.effects.changed(asset, previous);
    this.assets.put(asset);
    return { id: asset.id, outputs: asset.outputs };
  }

  read(
    { token, session }: Asked<DatabricksSession>,
    id: string,
  ): { id: string; inputs: Properties; outputs: Properties } | undefined {
    const workspace = session.findWorkspace();
    const found = workspace && this.assets.get(workspace.id, known(token), id);
    return found && { id: found.id, inputs: found.inputs, outputs: found.outputs };
  }

  /** What is gone already, or went with its workspace, counts as deleted. */
  async delete({ token, session }: Asked<DatabricksSession>, id: string): Promise<void> {
    const type = known(token);
    const workspace = session.findWorkspace();
    const found = workspace && this.assets.get(workspace.id, type, id);
    if (!found) return;
    const held = kinds[type].heldBy?.(found, this.around(session));
    if (held) throw new AzureError(400, 'InvalidState', `The ${type} '${id}' cannot be deleted: ${held}`);
    await this.effects.removed(found);
    this.assets.remove(found);
  }

  private around(session: DatabricksSession): Surroundings {
    const workspaceId = session.workspace().id;
    return {
      asset: (type, id) => this.assets.get(workspaceId, type, id),
      assets: (type) => this.assets.list(type, workspaceId),
      exists: (type, id) => this.assets.get(workspaceId, type, id) !== undefined || session.plans(type, id),
      azure: this.azure,
      authority: this.authority,
      programs: this.programs,
    };
  }
}

/** @throws AzureError 501 for types that the local cloud does not know */
function known(token: string): TypeName {
  const type = typeNameOf(token);
  if (type) return type;
  throw new AzureError(
    501,
    'UnknownType',
    `The local cloud does not know databricks:${token}; it knows ${typeNames.map(tokenOf).join(', ')}.`,
  );
}

function refuse(type: TypeName, kind: AssetKind, inputs: Properties, around: Surroundings): void {
  const failures = [...(kind.rules ?? []), ...(kind.validations ?? [])].flatMap((rule) => rule(inputs, around));
  if (failures.length === 0) return;
  const all = failures.map(({ property, reason }) => `${property}: ${reason}`).join(' ');
  throw new AzureError(400, 'InvalidParameterValue', `databricks:${tokenOf(type)}: ${all}`);
}

function notThere(type: TypeName, id: string, workspaceId: string): AzureError {
  return new AzureError(404, 'NotFound', `There is no ${type} '${id}' in the workspace '${workspaceId}'.`);
}

/** As Pulumi names what a program names not: the logical name, a hyphen, seven hexadecimal digits of the engine's seed. */
function autoName(logicalName: string, seed: Uint8Array): string {
  return `${logicalName}-${createHash('sha256').update(seed).update(logicalName).digest('hex').slice(0, 7)}`;
}

function urlOf(type: TypeName, id: string, workspace: Properties): Properties {
  if (type !== 'Job') return {};
  return { url: `https://${String(workspace.workspaceUrl)}/#job/${id}` };
}
