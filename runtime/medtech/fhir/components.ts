import type { Compatibility } from '../compatibility';
import type { FhirTemplate } from '../mapping/fhirTemplate';
import { codeOf, unknownReason } from './codes';
import type { ObservationGroup } from './observationGroup';
import { connectorSystem, type ObservationComponent } from './resources';
import { type Bounds, createValue, mergeValue } from './values';

/**
 * The components of a new Observation: those whose property is there. In `r4` the others of an instance are there too,
 * with the reason why they have no value, as the blood pressure profile asks for.
 */
export function newComponents(
  group: ObservationGroup,
  template: FhirTemplate,
  compatibility: Compatibility,
): readonly ObservationComponent[] {
  return template.components.flatMap(({ codes, value }) => {
    if (value === undefined) return [];
    const samples = group.samples.get(value.valueName);
    const code = codeOf(value.valueName, codes);
    if (samples !== undefined) return [{ code, ...createValue(value, samples, group, compatibility) }];
    const profiled = compatibility === 'r4' && group.interval === 'instance';
    return profiled ? [{ code, dataAbsentReason: unknownReason }] : [];
  });
}

export interface MergeContext {
  readonly stored: Bounds;
  /** The union of the stored period and the group's. */
  readonly bounds: Bounds;
  readonly compatibility: Compatibility;
}

/** The stored components with the group's values; those that are not stored yet follow. */
export function mergeComponents(
  stored: readonly ObservationComponent[],
  group: ObservationGroup,
  template: FhirTemplate,
  { stored: period, bounds, compatibility }: MergeContext,
): readonly ObservationComponent[] {
  const merged = [...stored];
  for (const { codes, value } of template.components) {
    const samples = value === undefined ? undefined : group.samples.get(value.valueName);
    if (value === undefined || samples === undefined) continue;
    const index = merged.findIndex((component) => isOwn(component, value.valueName));
    const existing = merged[index];
    const code = codeOf(value.valueName, codes);
    if (existing === undefined) {
      // The original gives a component that comes late the slots of the stored period.
      const slots = compatibility === 'medtech' ? period : bounds;
      merged.push({ code, ...createValue(value, samples, slots, compatibility) });
    } else {
      const context = { value: existing, start: period.start };
      merged[index] = { ...existing, ...mergeValue(value, samples, context, bounds, compatibility) };
    }
  }
  return compatibility === 'r4' ? inTemplateOrder(merged, template) : merged;
}

function isOwn(component: ObservationComponent, name: string): boolean {
  return component.code.coding?.some(({ system, code }) => system === connectorSystem && code === name) ?? false;
}

/** So that the order does not depend on which value came first. */
function inTemplateOrder(
  components: readonly ObservationComponent[],
  template: FhirTemplate,
): readonly ObservationComponent[] {
  const names = template.components.map(({ value }) => value?.valueName ?? '');
  const position = (component: ObservationComponent) => {
    const index = names.findIndex((name) => isOwn(component, name));
    return index < 0 ? names.length : index;
  };
  return components.toSorted((a, b) => position(a) - position(b));
}
