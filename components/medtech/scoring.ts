import type { ScoringSource } from '../../runtime/contracts/scoringSource';
import type { Problems } from '../azure/validation';
import { Vital } from './choices';
import type { LoadedMappings } from './mappings';
import type { ScoringSourceSettings } from './settings';

/** Sources by the measurement type that has them; of those of one vital, the earlier one has the lower priority number. */
export function scoringSourcesByType(sources: readonly ScoringSourceSettings[]): Record<string, ScoringSource[]> {
  const byType: Record<string, ScoringSource[]> = {};
  const ranks = new Map<string, number>();
  for (const { measurementType, vital, valueName, spot } of sources) {
    const priority = ranks.get(vital) ?? 0;
    ranks.set(vital, priority + 1);
    byType[measurementType] = [
      ...(byType[measurementType] ?? []),
      { vital, valueName, priority, ...(spot ? { spot } : {}) },
    ];
  }
  return byType;
}

/** A source that no measurement has would leave a slot empty without a word. */
export function scoringProblems(
  problems: Problems,
  sources: readonly ScoringSourceSettings[],
  { measurementTypes }: LoadedMappings,
): void {
  const seen = new Set<string>();
  sources.forEach(({ measurementType, vital, valueName }, i) => {
    const path = `scoringSources[${i}]`;
    problems.oneOf(`${path}.vital`, vital, Object.values(Vital), 'the vital');
    const key = JSON.stringify([measurementType, vital, valueName]);
    if (seen.has(key)) problems.add(path, `${valueName} of ${measurementType} stands for ${vital} already.`);
    seen.add(key);
    // A mapping that cannot be read has problems of its own.
    if (measurementTypes.size === 0) return;
    const values = measurementTypes.get(measurementType);
    if (!values) {
      const types = [...measurementTypes.keys()].join(', ');
      problems.add(`${path}.measurementType`, `the device mapping has no type "${measurementType}"; it has ${types}.`);
    } else if (!values.has(valueName)) {
      const names = [...values].join(', ');
      problems.add(
        `${path}.valueName`,
        `"${measurementType}" of the device mapping has no value "${valueName}"; it has ${names}.`,
      );
    }
  });
}
