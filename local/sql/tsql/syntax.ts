import type { SqlType } from '../sqlType';

/** Parts of a name, as `[care, patient]`. */
export type Name = readonly string[];

export type Comparison = '=' | '<>' | '<' | '>' | '<=' | '>=';
export type Arithmetic = '+' | '-' | '*' | '/' | '%' | '&' | '|' | '^';

/** Values and conditions: which of them is allowed where is for the translator to say. */
export type Expression =
  | { readonly kind: 'null' }
  | { readonly kind: 'number'; readonly text: string }
  | { readonly kind: 'text'; readonly text: string; readonly isWide: boolean }
  | { readonly kind: 'binary'; readonly hex: string }
  | { readonly kind: 'variable'; readonly name: string }
  | { readonly kind: 'column'; readonly name: Name }
  | { readonly kind: 'negate'; readonly operand: Expression }
  | Operation
  | Call
  | Case
  | Cast
  | { readonly kind: 'collate'; readonly operand: Expression; readonly collation: string }
  | { readonly kind: 'subquery'; readonly query: Query }
  | { readonly kind: 'compare'; readonly operator: Comparison; readonly left: Expression; readonly right: Expression }
  | { readonly kind: 'logic'; readonly operator: 'and' | 'or'; readonly left: Expression; readonly right: Expression }
  | { readonly kind: 'not'; readonly operand: Expression }
  | { readonly kind: 'isNull'; readonly operand: Expression; readonly isNegated: boolean }
  | Membership
  | {
      readonly kind: 'between';
      readonly operand: Expression;
      readonly low: Expression;
      readonly high: Expression;
      readonly isNegated: boolean;
    }
  | {
      readonly kind: 'like';
      readonly operand: Expression;
      readonly pattern: Expression;
      readonly escape?: Expression;
      readonly isNegated: boolean;
    }
  | { readonly kind: 'exists'; readonly query: Query };

export interface Operation {
  readonly kind: 'operation';
  readonly operator: Arithmetic;
  readonly left: Expression;
  readonly right: Expression;
}

export interface Call {
  readonly kind: 'call';
  /** Upper case. */
  readonly name: string;
  readonly args: readonly Expression[];
  /** `count(*)`. */
  readonly isOfAll?: boolean;
  readonly isDistinct?: boolean;
  readonly over?: Over;
  /** `within group (order by ...)`. */
  readonly within?: readonly Order[];
}

export interface Over {
  readonly partitionBy: readonly Expression[];
  readonly orderBy: readonly Order[];
  /** As it stands: `rows between unbounded preceding and current row`. */
  readonly frame?: string;
}

export interface Case {
  readonly kind: 'case';
  readonly operand?: Expression;
  readonly branches: readonly { readonly when: Expression; readonly result: Expression }[];
  readonly otherwise?: Expression;
}

export interface Cast {
  readonly kind: 'cast';
  readonly operand: Expression;
  readonly type: SqlType;
  readonly style?: Expression;
  /** Gives null instead of an error. */
  readonly tries: boolean;
}

export interface Membership {
  readonly kind: 'in';
  readonly operand: Expression;
  readonly among: readonly Expression[] | Query;
  readonly isNegated: boolean;
}

export interface Order {
  readonly by: Expression;
  readonly isDescending: boolean;
}

export interface Query {
  readonly with: readonly CommonTable[];
  readonly body: QueryBody;
  readonly orderBy: readonly Order[];
  readonly offset?: Expression;
  readonly fetch?: Expression;
}

export interface CommonTable {
  readonly name: string;
  readonly columns: readonly string[];
  readonly query: Query;
}

export type QueryBody = Select | Combination;

export interface Combination {
  readonly kind: 'combination';
  readonly operator: 'union' | 'union all' | 'except' | 'intersect';
  readonly left: QueryBody;
  readonly right: QueryBody;
}

export interface Select {
  readonly kind: 'select';
  readonly isDistinct: boolean;
  readonly top?: Expression;
  readonly items: readonly Item[];
  readonly from: readonly Source[];
  readonly where?: Expression;
  readonly groupBy: readonly Expression[];
  readonly having?: Expression;
}

export type Item =
  | { readonly kind: 'all'; readonly of: Name }
  | { readonly kind: 'value'; readonly value: Expression; readonly alias?: string }
  | { readonly kind: 'assignment'; readonly variable: string; readonly value: Expression };

export type Source =
  | { readonly kind: 'table'; readonly name: Name; readonly alias?: string; readonly hints: readonly string[] }
  | { readonly kind: 'derived'; readonly query: Query; readonly alias: string; readonly columns: readonly string[] }
  | {
      readonly kind: 'values';
      readonly rows: readonly (readonly Expression[])[];
      readonly alias: string;
      readonly columns: readonly string[];
    }
  | {
      readonly kind: 'json';
      readonly of: Expression;
      readonly path?: Expression;
      readonly columns: readonly JsonColumn[];
      readonly alias?: string;
    }
  | Join;

export interface Join {
  readonly kind: 'join';
  readonly how: 'inner' | 'left' | 'right' | 'full' | 'cross';
  readonly left: Source;
  readonly right: Source;
  readonly on?: Expression;
}

export interface JsonColumn {
  readonly name: string;
  readonly type: SqlType;
  readonly path?: string;
}

export interface Insert {
  readonly kind: 'insert';
  readonly table: Name;
  readonly columns: readonly string[];
  readonly output: readonly Item[];
  /** Left out: default values. */
  readonly from?: Query | readonly (readonly (Expression | 'default')[])[];
}

export interface Update {
  readonly kind: 'update';
  readonly target: Name;
  readonly hints: readonly string[];
  readonly assignments: readonly { readonly column: string; readonly value: Expression | 'default' }[];
  readonly output: readonly Item[];
  readonly from: readonly Source[];
  readonly where?: Expression;
  readonly top?: Expression;
  readonly with: readonly CommonTable[];
}

export interface Delete {
  readonly kind: 'delete';
  readonly target: Name;
  readonly output: readonly Item[];
  readonly from: readonly Source[];
  readonly where?: Expression;
  readonly top?: Expression;
  readonly with: readonly CommonTable[];
}

export type DataStatement = { readonly kind: 'query'; readonly query: Query } | Insert | Update | Delete;

export interface ColumnDefinition {
  readonly name: string;
  readonly type: SqlType;
  readonly isNullable?: boolean;
  readonly isIdentity: boolean;
  /** T-SQL of its value where none is given. */
  readonly defaultSql?: string;
  readonly defaultName?: string;
}

export type TableConstraint =
  | { readonly kind: 'key'; readonly name?: string; readonly isPrimary: boolean; readonly columns: readonly string[] }
  | { readonly kind: 'check'; readonly name?: string; readonly sql: string }
  | {
      readonly kind: 'reference';
      readonly name?: string;
      readonly columns: readonly string[];
      readonly table: Name;
      readonly foreignColumns: readonly string[];
      readonly onDelete: 'no action' | 'cascade' | 'set null';
    };

export interface TableDefinition {
  readonly columns: readonly ColumnDefinition[];
  readonly constraints: readonly TableConstraint[];
}

export interface CreateIndex {
  readonly kind: 'createIndex';
  readonly name: string;
  readonly table: Name;
  readonly isUnique: boolean;
  readonly columns: readonly { readonly name: string; readonly isDescending: boolean }[];
  readonly included: readonly string[];
  readonly whereSql?: string;
}

export type AlterTable = { readonly kind: 'alterTable'; readonly table: Name } & (
  | ({ readonly action: 'add' } & TableDefinition)
  | { readonly action: 'alterColumn'; readonly column: string; readonly type: SqlType; readonly isNullable: boolean }
  | { readonly action: 'dropColumn'; readonly columns: readonly string[]; readonly ifExists: boolean }
  | { readonly action: 'dropConstraint'; readonly name: string; readonly ifExists: boolean }
);

export interface Securable {
  readonly kind: 'database' | 'schema' | 'object';
  readonly name: Name;
}

export type DefinitionStatement =
  | { readonly kind: 'createSchema'; readonly name: string }
  | ({ readonly kind: 'createTable'; readonly table: Name; readonly isAppendOnly: boolean } & TableDefinition)
  | CreateIndex
  | AlterTable
  | {
      readonly kind: 'createView';
      readonly view: Name;
      readonly columns: readonly string[];
      readonly query: Query;
      readonly sql: string;
      readonly orAlter: boolean;
    }
  | {
      readonly kind: 'drop';
      readonly what: 'table' | 'view' | 'index' | 'schema' | 'role' | 'user';
      readonly names: readonly Name[];
      readonly ifExists: boolean;
      readonly onTable?: Name;
    }
  | { readonly kind: 'createRole'; readonly name: string }
  | { readonly kind: 'createUser'; readonly name: string; readonly sid: string; readonly type: 'E' | 'X' }
  | { readonly kind: 'alterRole'; readonly role: string; readonly adds: boolean; readonly member: string }
  | {
      readonly kind: 'permission';
      readonly how: 'grant' | 'deny' | 'revoke';
      readonly permissions: readonly string[];
      readonly on: Securable;
      readonly principals: readonly string[];
    };

export interface Execute {
  readonly kind: 'execute';
  readonly procedure: Name;
  readonly into?: string;
  readonly args: readonly {
    readonly name?: string;
    readonly value: Expression | 'default';
    readonly isOutput: boolean;
  }[];
}

export type Statement =
  | DataStatement
  | DefinitionStatement
  | Execute
  | { readonly kind: 'executeText'; readonly sql: Expression }
  | {
      readonly kind: 'declare';
      readonly variables: readonly { readonly name: string; readonly type: SqlType; readonly value?: Expression }[];
    }
  | { readonly kind: 'set'; readonly variable: string; readonly value: Expression }
  | { readonly kind: 'option'; readonly name: string; readonly value: string }
  | { readonly kind: 'if'; readonly condition: Expression; readonly body: Statement; readonly otherwise?: Statement }
  | { readonly kind: 'while'; readonly condition: Expression; readonly body: Statement }
  | { readonly kind: 'block'; readonly statements: readonly Statement[] }
  | { readonly kind: 'try'; readonly body: readonly Statement[]; readonly handler: readonly Statement[] }
  | { readonly kind: 'print'; readonly value: Expression }
  | { readonly kind: 'throw'; readonly args: readonly Expression[] }
  | { readonly kind: 'raise'; readonly args: readonly Expression[] }
  | { readonly kind: 'return' }
  | { readonly kind: 'transaction'; readonly action: 'begin' | 'commit' | 'rollback' | 'save'; readonly name?: string };
