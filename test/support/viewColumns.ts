import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

const file = join(__dirname, '..', '..', 'runtime', 'repository', 'schema.ts');

/** Columns of a view of the dashboard, as the repository's own types declare it: without `| null`. */
export function viewColumns(view: string): Readonly<Record<string, string>> {
  const tree = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
  const interfaces = new Map(tree.statements.filter(ts.isInterfaceDeclaration).map((one) => [one.name.text, one]));
  const of = (members: ts.NodeArray<ts.TypeElement>) =>
    members.filter(ts.isPropertySignature).map((one) => [nameOf(one), one.type] as const);
  const type = of(interfaces.get('DashboardViews')?.members ?? ts.factory.createNodeArray()).find(
    ([name]) => name === view,
  )?.[1];
  if (!type) throw new Error(`The repository has no view ${view}.`);
  const members = ts.isTypeLiteralNode(type) ? type.members : interfaces.get(type.getText())?.members;
  return Object.fromEntries(
    of(members ?? ts.factory.createNodeArray()).map(([name, of]) => [
      name,
      String(of?.getText()).replace(' | null', ''),
    ]),
  );
}

function nameOf({ name }: ts.PropertySignature): string {
  return ts.isStringLiteral(name) ? name.text : name.getText();
}
