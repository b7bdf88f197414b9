import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** The files of an item of Power BI, by path from its folder. */
export type ItemParts = Readonly<Record<string, string>>;

/** The dashboard of step 15 in source form: what Power BI Desktop opens and Fabric's Git integration takes. */
export interface DashboardSource {
  readonly model: ItemParts;
  readonly report: ItemParts;
}

/** Folders of both items; their display names are the parts before the last period. */
export const modelFolder = 'CareRisk.SemanticModel';
export const reportFolder = 'CareRisk.Report';

/** Reads the source that lies beside this module. */
export function readDashboardSource(): DashboardSource {
  return { model: partsIn(join(__dirname, modelFolder)), report: partsIn(join(__dirname, reportFolder)) };
}

function partsIn(folder: string): ItemParts {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
  const files = names.filter((name) => statSync(join(folder, name)).isFile());
  return Object.fromEntries(
    files.map((name) => [name.replaceAll('\\', '/'), readFileSync(join(folder, name), 'utf8')]),
  );
}

/** What a semantic model reads. */
export interface ModelSource {
  /** Host of the SQL server; another port than 1433 follows after a comma, as in SQL Server's own tools. */
  readonly serverName: string;
  readonly databaseName: string;
  /** Rows of other hospitals stay out of the model. */
  readonly hospitalId: string;
}

/** The model as it is deployed: named, and with its parameters set. */
export function deployedModel(parts: ItemParts, displayName: string, source: ModelSource): ItemParts {
  const values = { ServerName: source.serverName, DatabaseName: source.databaseName, HospitalId: source.hospitalId };
  return { ...parts, '.platform': platform(parts, displayName), 'model.bim': withParameters(parts, values) };
}

interface ModelFile {
  readonly model: { readonly expressions: readonly { readonly name: string; expression: string }[] };
}

/** Sets the text between the first quotation marks of each parameter's M expression. */
function withParameters(parts: ItemParts, values: Readonly<Record<string, string>>): string {
  const file = JSON.parse(partOf(parts, 'model.bim')) as ModelFile;
  for (const [name, value] of Object.entries(values)) {
    const parameter = file.model.expressions.find((one) => one.name === name);
    if (!parameter) throw new Error(`model.bim has no parameter ${name}.`);
    parameter.expression = parameter.expression.replace(/^"(?:[^"]|"")*"/, () => `"${value.replaceAll('"', '""')}"`);
  }
  return written(file);
}

/** What a report is deployed with. */
export interface ReportTarget {
  /** Id of the semantic model in Fabric. */
  readonly semanticModelId: string;
  /** How often pages that are open ask for new data, in seconds. */
  readonly pageRefreshSeconds: number;
}

/** The report as it is deployed: named, bound to a model by its id (Fabric's API takes no path), and with its refresh. */
export function deployedReport(parts: ItemParts, displayName: string, target: ReportTarget): ItemParts {
  const { datasetReference: _, ...definition } = JSON.parse(partOf(parts, 'definition.pbir')) as Record<
    string,
    unknown
  >;
  const connectionString = `semanticmodelid=${target.semanticModelId}`;
  const bound = { ...definition, datasetReference: { byConnection: { connectionString } } };
  const pages = Object.entries(parts)
    .filter(([path]) => path.endsWith('/page.json'))
    .map(([path, text]) => [path, withRefresh(text, target.pageRefreshSeconds)]);
  return {
    ...parts,
    ...Object.fromEntries(pages),
    '.platform': platform(parts, displayName),
    'definition.pbir': written(bound),
  };
}

interface PageFile {
  readonly objects: { readonly pageRefresh: readonly { readonly properties: Record<string, unknown> }[] };
}

/** The interval is a literal of an ISO 8601 duration. */
function withRefresh(text: string, seconds: number): string {
  const page = JSON.parse(text) as PageFile;
  const [refresh] = page.objects.pageRefresh;
  if (refresh) refresh.properties.duration = { expr: { Literal: { Value: `'PT${seconds}S'` } } };
  return written(page);
}

interface PlatformFile {
  readonly metadata: { displayName: string };
}

function platform(parts: ItemParts, displayName: string): string {
  const file = JSON.parse(partOf(parts, '.platform')) as PlatformFile;
  file.metadata.displayName = displayName;
  return written(file);
}

function partOf(parts: ItemParts, path: string): string {
  const text = parts[path];
  if (text === undefined) throw new Error(`The source of the dashboard has no ${path}.`);
  return text;
}

function written(file: unknown): string {
  return `${JSON.stringify(file, undefined, 2)}\n`;
}
