import type { Compatibility } from '../compatibility';
import { isTemplateType, type LoadedMapping, readCollection } from './collection';
import { type FhirTemplate, readFhirTemplate } from './fhirTemplate';
import { MappingSource } from './source';

/** A FHIR mapping that is ready for use: the templates by lower-case type name. */
export interface FhirMapping {
  readonly templates: ReadonlyMap<string, FhirTemplate>;
  readonly compatibility: Compatibility;
}

/**
 * Loads a FHIR mapping (`CollectionFhir` with `CodeValueFhir` templates; MS Learn, "Configure FHIR destination
 * mapping").
 *
 * @param text the file; comments are allowed.
 */
export function loadFhirMapping(text: string, compatibility: Compatibility): LoadedMapping<FhirMapping> {
  const source = new MappingSource(text);
  const root = source.root();
  const templates = new Map<string, FhirTemplate>();
  for (const { kind, entry, template } of root === undefined ? [] : readCollection(root, 'CollectionFhir')) {
    if (!isTemplateType(kind, 'CodeValueFhir')) {
      entry.member('templateType')?.problem(`No match found for template type ${kind}. Allowed is CodeValueFhir.`);
      continue;
    }
    const read = readFhirTemplate(template, compatibility);
    if (read === undefined) continue;
    const name = read.typeName.toLowerCase();
    if (templates.has(name)) {
      template.member('typeName')?.problem(`Duplicate template defined for type name: '${read.typeName}'.`);
    }
    templates.set(name, read);
  }
  const mapping = source.valid ? { templates, compatibility } : undefined;
  return { mapping, problems: source.problems };
}
