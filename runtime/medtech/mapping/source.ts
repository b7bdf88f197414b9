import { getNodeValue, type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser';

/** A place in a mapping file. */
export interface Place {
  /** Such as `$.template[0].template.typeName`. */
  readonly path: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
}

/** One thing that is wrong with a mapping file, and where. */
export interface MappingProblem extends Place {
  /**
   * `error`: the mapping cannot be used. `warning` (only with compatibility `medtech`): the original loads such a
   * mapping, and each event or group that it meets fails.
   */
  readonly level: 'error' | 'warning';
  readonly message: string;
}

/** `line 3, column 7 ($.template[0]): ...` */
export function problemText(problem: MappingProblem): string {
  return `line ${problem.line}, column ${problem.column} (${problem.path}): ${problem.message}`;
}

/** The text of a mapping file and the problems found in it so far. */
export class MappingSource {
  private readonly found: MappingProblem[] = [];

  constructor(readonly text: string) {}

  /** In the order of the file. */
  get problems(): readonly MappingProblem[] {
    return this.found.toSorted((a, b) => a.line - b.line || a.column - b.column);
  }

  get valid(): boolean {
    return this.found.every((problem) => problem.level !== 'error');
  }

  /** The file's root value; undefined, with problems, when the text is not JSON. Comments are allowed. */
  root(): MappingNode | undefined {
    const errors: ParseError[] = [];
    const tree = this.parse(errors);
    for (const { error, offset } of errors) {
      this.report('error', `The mapping is not valid JSON: ${printParseErrorCode(error)}.`, '$', offset);
    }
    if (errors.length > 0) return undefined;
    if (tree !== undefined) return new MappingNode(this, tree, '$');
    this.report('error', 'The mapping is empty or nested without end.', '$', 0);
    return undefined;
  }

  private parse(errors: ParseError[]): Node | undefined {
    try {
      return parseTree(this.text, errors, { allowTrailingComma: true });
    } catch (error) {
      if (error instanceof RangeError) return undefined;
      throw error;
    }
  }

  report(level: MappingProblem['level'], message: string, path: string, offset: number): void {
    this.found.push({ level, message, ...this.place(path, offset) });
  }

  place(path: string, offset: number): Place {
    const before = this.text.slice(0, offset).split('\n');
    return { path, line: before.length, column: (before.at(-1) ?? '').length + 1 };
  }
}

/** A value in a mapping file that knows its place. Names of members are compared without regard to case. */
export class MappingNode {
  constructor(
    private readonly source: MappingSource,
    private readonly node: Node,
    readonly path: string,
  ) {}

  get kind(): Node['type'] {
    return this.node.type;
  }

  /** The value as plain JSON. */
  get value(): unknown {
    return getNodeValue(this.node);
  }

  get place(): Place {
    return this.source.place(this.path, this.node.offset);
  }

  problem(message: string, level: MappingProblem['level'] = 'error'): void {
    this.source.report(level, message, this.path, this.node.offset);
  }

  /** A member that is present and not null; the last one when it is given twice. */
  member(name: string): MappingNode | undefined {
    const wanted = name.toLowerCase();
    const found = this.members().findLast(([given]) => given.toLowerCase() === wanted)?.[1];
    return found === undefined || found.kind === 'null' ? undefined : found;
  }

  members(): readonly (readonly [string, MappingNode])[] {
    if (this.node.type !== 'object') return [];
    return (this.node.children ?? []).flatMap((property) => {
      const [key, value] = property.children ?? [];
      if (key === undefined || value === undefined) return [];
      const name = String(key.value);
      return [[name, new MappingNode(this.source, value, `${this.path}.${name}`)] as const];
    });
  }

  items(): readonly MappingNode[] {
    if (this.node.type !== 'array') return [];
    return (this.node.children ?? []).map((item, i) => new MappingNode(this.source, item, `${this.path}[${i}]`));
  }

  /** Reports every member that is not one of the names. */
  onlyMembers(names: readonly string[]): void {
    const known = new Set(names.map((name) => name.toLowerCase()));
    for (const [name, member] of this.members()) {
      if (!known.has(name.toLowerCase())) {
        member.problem(`Could not find member '${name}'; allowed are ${names.join(', ')}.`);
      }
    }
  }

  /** A member that must be there, or a problem in the words of the original. */
  required(name: string): MappingNode | undefined {
    const member = this.member(name);
    if (member !== undefined) return member;
    const isNull = this.members().some(([given]) => given.toLowerCase() === name.toLowerCase());
    const what = isNull ? 'expects a value but got null' : 'not found in JSON';
    this.problem(`Required property '${pascalCase(name)}' ${what}.`);
    return undefined;
  }

  /** The text of a member, or undefined when it is absent; another kind of value is a problem. */
  optionalText(name: string): string | undefined {
    return this.member(name)?.asText();
  }

  asText(): string | undefined {
    if (this.node.type === 'string') return this.node.value as string;
    this.problem(`A text is needed here, given is ${article(this.node.type)}.`);
    return undefined;
  }

  asArray(): readonly MappingNode[] {
    if (this.node.type === 'array') return this.items();
    this.problem(`An array is needed here, given is ${article(this.node.type)}.`);
    return [];
  }

  asObject(): MappingNode | undefined {
    if (this.node.type === 'object') return this;
    this.problem(`An object is needed here, given is ${article(this.node.type)}.`);
    return undefined;
  }

  /** A number, also one written as text. */
  asNumber(): number | undefined {
    const { value } = this;
    const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
    if (typeof number === 'number' && Number.isFinite(number)) return number;
    this.problem(`A number is needed here, given is ${article(this.node.type)}.`);
    return undefined;
  }

  /** true or false, also written as text in any case. */
  asBoolean(): boolean | undefined {
    const text = String(this.value).trim().toLowerCase();
    if ((this.node.type === 'boolean' || this.node.type === 'string') && /^(?:true|false)$/.test(text)) {
      return text === 'true';
    }
    this.problem(`true or false is needed here, given is ${article(this.node.type)}.`);
    return undefined;
  }
}

function article(kind: string): string {
  return kind === 'null' ? 'null' : `${/^[aeiou]/.test(kind) ? 'an' : 'a'} ${kind}`;
}

function pascalCase(name: string): string {
  return name.slice(0, 1).toUpperCase() + name.slice(1);
}
