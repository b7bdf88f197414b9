/** The part of JSON Schema that hospital.schema.json is written in. */
export interface Shape {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly items?: Shape;
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly additionalProperties?: Shape | boolean;
  readonly required?: readonly string[];
  readonly $ref?: string;
}

/** What is wrong with the configuration, where. */
export interface Problem {
  /** As in `ingest.eventHubs.deviceDataPartitions`. */
  readonly path: string;
  readonly reason: string;
}

/**
 * Where `value` has not the shape: unknown and missing settings, wrong types, words outside a closed list. A validator of all
 * of JSON Schema takes longer to compile the schema than the program to load; this runs in every preview.
 */
export function shapeProblems(
  shape: Shape,
  value: unknown,
  defs: Readonly<Record<string, Shape>>,
  path = '',
): Problem[] {
  const { type, enum: words, items, properties, additionalProperties, required = [] } = resolved(shape, defs);
  const wrong = (reason: string): Problem[] => [{ path, reason: `${reason}; given is ${JSON.stringify(value)}.` }];
  if (words)
    return typeof value === 'string' && words.includes(value) ? [] : wrong(`must be one of ${words.join(', ')}`);
  if (type && typeName(value) !== type) return wrong(`must be of type ${type}`);
  if (Array.isArray(value)) {
    return items ? value.flatMap((item, i) => shapeProblems(items, item, defs, `${path}[${i}]`)) : [];
  }
  if (typeName(value) !== 'object') return [];
  const below = (key: string) => (path ? `${path}.${key}` : key);
  const given = value as Record<string, unknown>;
  const missing = required.filter((key) => given[key] === undefined);
  return [
    ...missing.map((key) => ({ path: below(key), reason: 'must be given.' })),
    ...Object.entries(given).flatMap(([key, inner]) => {
      const next = properties?.[key] ?? additionalProperties;
      if (typeof next === 'object') return shapeProblems(next, inner, defs, below(key));
      if (next !== false) return [];
      const known = Object.keys(properties ?? {}).join(', ');
      return [{ path: below(key), reason: `is not a setting; there are ${known}.` }];
    }),
  ];
}

function resolved(shape: Shape, defs: Readonly<Record<string, Shape>>): Shape {
  const name = shape.$ref?.split('/').at(-1);
  return name === undefined ? shape : (defs[name] ?? shape);
}

function typeName(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return value === null ? 'null' : typeof value;
}
