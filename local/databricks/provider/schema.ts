import type { ObjectSpec } from '../../controlPlane/schema/schema';
import extracted from './databricks.json';

export interface DatabricksType extends ObjectSpec {
  readonly outputs: readonly string[];
}

/** What @pulumi/databricks says about the types that the local cloud knows. Extracted by `extract.ts`. */
export interface DatabricksSchema {
  readonly sdk: string;
  readonly kinds: Readonly<Record<string, DatabricksType>>;
  readonly types: Readonly<Record<string, ObjectSpec>>;
}

export const databricks = extracted as unknown as DatabricksSchema;
