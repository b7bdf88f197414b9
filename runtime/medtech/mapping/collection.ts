import type { MappingNode, MappingProblem } from './source';

/** A mapping that was loaded, or why it was not: with an error in it, nothing of the file is used. */
export interface LoadedMapping<M> {
  readonly mapping: M | undefined;
  /** All problems of the file at once, in its order. */
  readonly problems: readonly MappingProblem[];
}

/** One `{ templateType, template }` of a collection. */
export interface TemplateEntry {
  readonly kind: string;
  readonly entry: MappingNode;
  readonly template: MappingNode;
}

/**
 * The entries of a mapping file's collection. Template types are compared without regard to case; `CollectionContent`
 * may also be written `CollectionContentTemplate`.
 */
export function readCollection(root: MappingNode, collectionType: string): readonly TemplateEntry[] {
  if (root.asObject() === undefined) return [];
  const type = root.member('templateType');
  const given = type?.kind === 'string' ? String(type.value) : undefined;
  if (given === undefined || !isTemplateType(given, collectionType)) {
    (type ?? root).problem(`Expected TemplateType value ${collectionType}Template, actual ${given ?? 'Not Found'}.`);
    return [];
  }
  const template = root.member('template');
  if (template?.kind === 'array') return template.items().flatMap(readEntry);
  (template ?? root).problem(
    `Expected an array for the template property value for template type ${collectionType}Template.`,
  );
  return [];
}

function readEntry(entry: MappingNode): TemplateEntry[] {
  if (entry.asObject() === undefined) return [];
  const kind = entry.required('templateType')?.asText();
  const template = entry.required('template')?.asObject();
  return kind === undefined || template === undefined ? [] : [{ kind, entry, template }];
}

export function isTemplateType(given: string, type: string): boolean {
  const text = given.trim().toLowerCase();
  return text === type.toLowerCase() || text === `${type}Template`.toLowerCase();
}
