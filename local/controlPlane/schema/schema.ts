/** What azure-native's SDK says about the inputs and outputs of a kind. Extracted by `extract.ts`. */

export type TypeSpec =
  | 'string'
  | 'number'
  | 'boolean'
  | 'any'
  /** An object type, by its name in `types`. */
  | { readonly ref: string }
  /** A list. */
  | { readonly items: TypeSpec }
  /** A map with free keys. */
  | { readonly values: TypeSpec }
  /** One of the values in `enums`. Azure's extensible enums are in here too: the SDK accepts any string for them. */
  | { readonly enum: string };

export interface ObjectSpec {
  readonly required?: readonly string[];
  readonly properties: Readonly<Record<string, TypeSpec>>;
}

export interface KindSpec extends ObjectSpec {
  /** Version of the Azure REST API that the SDK uses for this kind. */
  readonly apiVersion: string;
  /** All output properties: those that Azure answers. */
  readonly outputs: readonly string[];
}

export interface Schema {
  /** Version of @pulumi/azure-native from which it was extracted. */
  readonly sdk: string;
  readonly kinds: Readonly<Record<string, KindSpec>>;
  readonly types: Readonly<Record<string, ObjectSpec>>;
  readonly enums: Readonly<Record<string, readonly string[]>>;
}
