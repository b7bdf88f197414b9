/**
 * Anything that JSON can hold. Azure's own argument shapes are too many to repeat here, and a schema for other
 * languages knows no `unknown`; this is how "any" arrives in it.
 */
export type JsonValue = ReturnType<typeof JSON.parse>;

/** Arguments of one Azure resource, in azure-native's spelling. */
export type ResourceProperties = Record<string, JsonValue>;

/** Arguments to replace or add, by child resource: `{ 'iot-hub': { properties: { comments: 'ward 7' } } }`. */
export type Overrides = Record<string, ResourceProperties>;

/**
 * The one merge rule of the library: default < args < overrides. Objects are merged property by property; everything
 * else (lists too) is replaced. `undefined` leaves the value that is there; nothing is changed in place.
 */
export function merge<T>(base: T, ...layers: readonly (object | undefined)[]): T {
  return layers.reduce<unknown>((result, layer) => mergeTwo(result, layer), base) as T;
}

function mergeTwo(base: unknown, layer: unknown): unknown {
  if (layer === undefined) return base;
  if (!isPlainObject(base) || !isPlainObject(layer)) return layer;
  const result: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(layer)) result[key] = mergeTwo(result[key], value);
  return result;
}

/** Outputs, promises and class instances are values of their own, not objects to look into. */
function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** A property that must keep its value unless a risk is accepted by name. */
export interface SecurityFloor {
  /** The child resource, as in `raw-storage`. */
  readonly child: string;
  /** Path of the property below the child's arguments. */
  readonly path: readonly string[];
  /** What it may be. */
  readonly allowed: readonly (string | boolean)[];
  /** The argument that lifts the floor; its name says the risk. */
  readonly risk: string;
}

/** Which floors the overrides would break, without those whose risk is accepted. */
export function brokenFloors(
  floors: readonly SecurityFloor[],
  overrides: Overrides | undefined,
  accepted: (risk: string) => boolean,
): { floor: SecurityFloor; given: unknown }[] {
  return floors.flatMap((floor) => {
    const given = valueAt(overrides?.[floor.child], floor.path);
    const holds = given === undefined || floor.allowed.some((value) => value === given);
    return holds || accepted(floor.risk) ? [] : [{ floor, given }];
  });
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  let current = value;
  for (const key of path) {
    if (!isPlainObject(current)) return current === undefined ? undefined : current;
    current = current[key];
  }
  return current;
}
