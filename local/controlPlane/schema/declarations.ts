import { readFileSync } from 'node:fs';
import ts from 'typescript';
import type { ObjectSpec, TypeSpec } from './schema';

/** Reads interfaces and enums out of the SDK's type declarations, by their syntax alone (no type checker: 8 MB of it). */
export class Declarations {
  private readonly interfaces = new Map<string, ts.InterfaceDeclaration>();
  private readonly enumModules = new Map<string, ReadonlyMap<string, readonly string[]>>();
  /** Names of the types and enums that were met, to be extracted as well. */
  readonly metTypes = new Set<string>();
  readonly metEnums = new Set<string>();

  constructor(private readonly sdkFolder: string) {
    for (const statement of parse(`${sdkFolder}/types/input.d.ts`).statements) {
      // Packages without modules have their types at the top.
      if (ts.isInterfaceDeclaration(statement)) this.interfaces.set(statement.name.text, statement);
      if (ts.isModuleDeclaration(statement) && statement.body && ts.isModuleBlock(statement.body)) {
        for (const inner of statement.body.statements) {
          if (ts.isInterfaceDeclaration(inner)) {
            this.interfaces.set(`${statement.name.text}.${inner.name.text}`, inner);
          }
        }
      }
    }
  }

  /** The nested input type `module.NameArgs`. */
  type(name: string): ObjectSpec {
    const found = this.interfaces.get(name);
    if (!found) throw new Error(`types/input.d.ts of the SDK has no ${name}.`);
    return this.object(found);
  }

  enum(name: string): readonly string[] {
    const [module = '', member = ''] = name.split('.');
    let all = this.enumModules.get(module);
    if (!all) {
      all = enumsOf(parse(`${this.sdkFolder}/types/enums/${module}/index.d.ts`));
      this.enumModules.set(module, all);
    }
    const values = all.get(member);
    if (!values) throw new Error(`types/enums/${module} of the SDK has no ${member}.`);
    return values;
  }

  object(declaration: ts.InterfaceDeclaration): ObjectSpec {
    const properties: Record<string, TypeSpec> = {};
    const required: string[] = [];
    for (const member of declaration.members) {
      if (!ts.isPropertySignature(member) || !member.type) continue;
      const name = member.name.getText().replaceAll(/['"]/g, '');
      properties[name] = this.typeSpec(member.type);
      if (!member.questionToken) required.push(name);
    }
    return required.length > 0 ? { required, properties } : { properties };
  }

  private typeSpec(node: ts.TypeNode): TypeSpec {
    if (ts.isUnionTypeNode(node)) return this.union(node);
    if (ts.isArrayTypeNode(node)) return { items: this.typeSpec(node.elementType) };
    if (ts.isParenthesizedTypeNode(node)) return this.typeSpec(node.type);
    if (ts.isTypeLiteralNode(node)) {
      const index = node.members.find(ts.isIndexSignatureDeclaration);
      return index ? { values: this.typeSpec(index.type) } : 'any';
    }
    if (ts.isTypeReferenceNode(node)) return this.reference(node);
    if (node.kind === ts.SyntaxKind.StringKeyword) return 'string';
    if (node.kind === ts.SyntaxKind.NumberKeyword) return 'number';
    if (node.kind === ts.SyntaxKind.BooleanKeyword) return 'boolean';
    return 'any';
  }

  private union(node: ts.UnionTypeNode): TypeSpec {
    const members = node.types.filter((t) => t.kind !== ts.SyntaxKind.UndefinedKeyword).map((t) => this.typeSpec(t));
    const closed = members.find((m) => typeof m === 'object' && 'enum' in m);
    if (closed) return closed;
    return members.length === 1 && members[0] ? members[0] : 'any';
  }

  private reference(node: ts.TypeReferenceNode): TypeSpec {
    const name = node.typeName.getText();
    if (name === 'pulumi.Input') return node.typeArguments?.[0] ? this.typeSpec(node.typeArguments[0]) : 'any';
    if (name.startsWith('inputs.')) {
      this.metTypes.add(name.slice(7));
      return { ref: name.slice(7) };
    }
    if (name.startsWith('enums.')) {
      this.metEnums.add(name.slice(6));
      return { enum: name.slice(6) };
    }
    return 'any';
  }
}

export function parse(file: string): ts.SourceFile {
  return ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.ES2022, true);
}

/** `declare const Name: { readonly A: "a" }` for each enum. */
function enumsOf(source: ts.SourceFile): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  for (const statement of source.statements) {
    if (!ts.isVariableStatement(statement)) continue;
    for (const declaration of statement.declarationList.declarations) {
      if (!declaration.type || !ts.isTypeLiteralNode(declaration.type)) continue;
      const values = declaration.type.members.flatMap((m) =>
        ts.isPropertySignature(m) && m.type && ts.isLiteralTypeNode(m.type) && ts.isStringLiteral(m.type.literal)
          ? [m.type.literal.text]
          : [],
      );
      found.set(declaration.name.getText(), values);
    }
  }
  return found;
}
