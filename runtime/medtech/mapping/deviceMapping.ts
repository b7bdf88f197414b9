import type { Compatibility } from '../compatibility';
import { type LoadedMapping, readCollection, type TemplateEntry } from './collection';
import { type DeviceTemplate, readDeviceTemplate } from './deviceTemplate';
import { MappingSource } from './source';

/** A device mapping that is ready for use. */
export interface DeviceMapping {
  readonly templates: readonly DeviceTemplate[];
  /** Whether an expression can tell 1 from 1.0, so that bodies must be read the slow way. */
  readonly numberKinds: boolean;
  readonly compatibility: Compatibility;
}

/**
 * Loads a device mapping (`CollectionContent` with `JsonPathContent`, `IotJsonPathContent`,
 * `IotCentralJsonPathContent` and `CalculatedContent` templates; MS Learn, "Configure device mapping").
 *
 * @param text the file; comments are allowed.
 */
export function loadDeviceMapping(text: string, compatibility: Compatibility): LoadedMapping<DeviceMapping> {
  const source = new MappingSource(text);
  const root = source.root();
  const entries: readonly TemplateEntry[] = root === undefined ? [] : readCollection(root, 'CollectionContent');
  const templates = entries.flatMap((entry) => readDeviceTemplate(entry, compatibility) ?? []);
  if (!source.valid) return { mapping: undefined, problems: source.problems };
  const numberKinds = templates.some((template) =>
    template.expressions.some((expression) => expression.expression?.numberKinds === true),
  );
  return { mapping: { templates, numberKinds, compatibility }, problems: source.problems };
}
