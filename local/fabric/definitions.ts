import { readModel, type SemanticModel } from '../../runtime/powerbi/model';
import { dashboardQueries } from '../../runtime/powerbi/queries';
import { AzureError } from '../contracts';
import type { ItemType } from './entities';
import { modelProblems, queryProblems } from './lint';

export type Parts = Readonly<Record<string, string>>;

const schemas = 'https://developer.microsoft.com/json-schemas/fabric/';
const required: Readonly<Record<ItemType, readonly string[]>> = {
  SemanticModel: ['definition.pbism', 'model.bim'],
  Report: ['definition.pbir', 'definition/version.json', 'definition/report.json', 'definition/pages/pages.json'],
};

/** The parts of a definition as a request brings them. @throws AzureError 400 with all that is wrong */
export function partsOf(definition: unknown): Parts {
  const { parts } = (definition ?? {}) as { parts?: readonly Record<string, unknown>[] };
  if (!Array.isArray(parts) || parts.length === 0) throw corrupted(['The definition has no parts.']);
  const problems = parts.flatMap(({ path, payload, payloadType }) => {
    if (typeof path !== 'string' || path === '') return ['A part has no path.'];
    if (payloadType !== 'InlineBase64')
      return [`The payloadType of ${path} is '${String(payloadType)}'; allowed is InlineBase64.`];
    if (typeof payload !== 'string' || !/^[A-Za-z0-9+/]*={0,2}$/.test(payload))
      return [`The payload of ${path} is no base64.`];
    return [];
  });
  if (problems.length > 0) throw corrupted(problems);
  return Object.fromEntries(
    parts.map(({ path, payload }) => [String(path), Buffer.from(String(payload), 'base64').toString('utf8')]),
  );
}

/**
 * Checks a definition: the parts that it needs, that each is JSON that names its schema, and what it says.
 * @param modelOf the semantic model that a report names, where there is one
 * @throws AzureError 400 with all that is wrong
 */
export function checkDefinition(
  type: ItemType,
  parts: Parts,
  modelOf: (id: string) => SemanticModel | undefined,
): void {
  const tmdl = type === 'SemanticModel' && Object.keys(parts).some((path) => path.endsWith('.tmdl'));
  if (tmdl) throw corrupted(['The local cloud takes semantic models as TMSL (model.bim) only.']);
  const missing = required[type]
    .filter((path) => parts[path] === undefined)
    .map((path) => `The part ${path} is missing.`);
  const malformed = Object.entries(parts).flatMap(([path, text]) => jsonProblems(path, text));
  if (missing.length + malformed.length > 0) throw corrupted([...missing, ...malformed]);
  const problems = [...platformProblems(type, parts), ...saidProblems(type, parts, modelOf)];
  if (problems.length > 0) throw corrupted(problems);
}

function saidProblems(type: ItemType, parts: Parts, modelOf: (id: string) => SemanticModel | undefined): string[] {
  try {
    return type === 'SemanticModel' ? modelProblems(readModel(parts)) : reportProblems(parts, modelOf);
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}

function jsonProblems(path: string, text: string): string[] {
  let file: unknown;
  try {
    file = JSON.parse(text);
  } catch {
    return [`The part ${path} is no JSON.`];
  }
  // TMSL has no schema of its own.
  if (path === 'model.bim') return [];
  const { $schema } = file as { $schema?: unknown };
  if (typeof $schema === 'string' && $schema.startsWith(schemas)) return [];
  return [`The part ${path} names the schema '${String($schema)}'; allowed are those below ${schemas}.`];
}

function platformProblems(type: ItemType, parts: Parts): string[] {
  const text = parts['.platform'];
  if (text === undefined) return [];
  const { metadata } = JSON.parse(text) as { metadata?: { type?: string; displayName?: string } };
  if (metadata?.type !== type) return [`.platform is of the type '${metadata?.type}', and the item is a ${type}.`];
  return metadata.displayName ? [] : ['.platform has no displayName.'];
}

/** Learn: "Report definition": the API takes a reference to a semantic model by connection, and none by path. */
function reportProblems(parts: Parts, modelOf: (id: string) => SemanticModel | undefined): string[] {
  const id = modelIdOf(parts);
  if (id === undefined) {
    return [
      'definition.pbir must name its semantic model byConnection with semanticmodelid=<id>; byPath is not taken.',
    ];
  }
  const model = modelOf(id);
  return model ? queryProblems(model, dashboardQueries(parts)) : [`There is no semantic model '${id}'.`];
}

/** Id of the semantic model that a report reads. */
export function modelIdOf(parts: Parts): string | undefined {
  const { datasetReference } = JSON.parse(parts['definition.pbir'] ?? '{}') as {
    datasetReference?: { byConnection?: { connectionString?: string } };
  };
  return /(?:^|;)\s*semanticmodelid=([0-9a-f-]{36})\s*(?:;|$)/i.exec(
    datasetReference?.byConnection?.connectionString ?? '',
  )?.[1];
}

/** A definition as Fabric tells it: a semantic model comes in words of the service, with ids that it adds. */
export function toldParts(type: ItemType, parts: Parts): { path: string; payload: string; payloadType: string }[] {
  return Object.entries(parts).map(([path, text]) => ({
    path,
    payload: Buffer.from(type === 'SemanticModel' && path === 'model.bim' ? retold(text) : text).toString('base64'),
    payloadType: 'InlineBase64',
  }));
}

function retold(text: string): string {
  const { model, ...database } = JSON.parse(text) as { model: { tables: { name: string }[] } };
  const tables = model.tables.map((table) => ({ ...table, lineageTag: `lineage of ${table.name}` }));
  return JSON.stringify({ ...database, model: { ...model, tables } });
}

function corrupted(problems: readonly string[]): AzureError {
  return new AzureError(400, 'CorruptedPayload', problems.join(' '));
}
