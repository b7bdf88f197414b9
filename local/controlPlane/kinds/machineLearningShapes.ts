import { checkSchema } from '../check/schemaCheck';
import { azureNative } from '../schema/azureNative';
import { isObject, memberPath, textAt, Unknown, valueAt } from '../values';
import type { Rule } from './kind';

/**
 * Judges the object at `path` by the type that its member `discriminator` names. The SDK types such an object as one of
 * several, of which the schema says nothing; a value of the discriminator that is not in `types` is left to other rules.
 */
export function shapedBy(path: string, discriminator: string, types: Readonly<Record<string, string>>): Rule {
  return (inputs) => {
    const value = valueAt(inputs, path);
    if (value === undefined || value instanceof Unknown || !isObject(value)) return [];
    const given = textAt(value, discriminator);
    if (given === undefined) {
      if (value[discriminator] instanceof Unknown) return [];
      const allowed = Object.keys(types).join(', ');
      return [
        { property: memberPath(path, discriminator), reason: `${discriminator} is missing; allowed are ${allowed}.` },
      ];
    }
    const spec = azureNative.types[types[given] ?? ''];
    if (!spec) return [];
    return checkSchema(azureNative, spec, value).map(({ property, reason }) => ({
      property: `${path}.${property}`,
      reason,
    }));
  };
}
