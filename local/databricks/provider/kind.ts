import type { Authority, Properties, Resources } from '../../contracts';
import type { Failure } from '../../controlPlane/kinds/kind';
import type { Asset } from './assets';
import type { TypeName } from './names';
import type { ProgramFolders } from './programFolders';

/** What rules may look at beyond the inputs themselves. */
export interface Surroundings {
  /** Something in the workspace, by its id there. */
  asset(type: TypeName, id: string): Asset | undefined;
  assets(type: TypeName): Asset[];
  /** True for what is in the workspace, and for what this preview is about to create. */
  exists(type: TypeName, id: string): boolean;
  /** Resources of Azure, and who may do what there. */
  readonly azure: Resources;
  readonly authority: Authority;
  /** Where the files are that inputs name. */
  readonly programs: ProgramFolders;
}

/** Judges the known part of inputs; whatever is unknown (a preview) it leaves alone. */
export type Rule = (inputs: Properties, around: Surroundings) => readonly Failure[];

/** One type of @pulumi/databricks: all that must be known beyond what the SDK's types say. */
export interface AssetKind {
  /** Its id in the workspace; undefined while a name in it is unknown, and where Databricks makes one at creation. */
  readonly id: (inputs: Properties) => string | undefined;
  /** Inputs that cannot change on an existing one ("Change forces creation of a new resource" in the SDK). */
  readonly immutable: readonly string[];
  readonly rules?: readonly Rule[];
  /** What Databricks looks at when it creates or updates: things outside of the workspace, which a preview may not have yet. */
  readonly validations?: readonly Rule[];
  /** What Databricks answers beyond the inputs. Called at creation. */
  readonly computed?: (inputs: Properties, id: string, around: Surroundings) => Properties;
  /** Why it cannot be deleted, as Databricks says it. */
  readonly heldBy?: (asset: Asset, around: Surroundings) => string | undefined;
}

/** Needs exactly one of the properties. */
export function exactlyOne(names: readonly string[], source: string): Rule {
  return (inputs) => {
    const given = names.filter((name) => inputs[name] !== undefined);
    if (given.length === 1) return [];
    const property = given[1] ?? names[0] ?? '';
    const what = given.length === 0 ? 'none is given' : `${given.join(' and ')} are given`;
    return [{ property, reason: `exactly one of ${names.join(', ')} is needed, and ${what} (${source}).` }];
  };
}
