/** Checks one member of a message; says where it is wrong, by paths such as `.flag.level`. Values are never shown (PHI). */
export type Check = (value: unknown, path: string) => readonly string[];

type Members = Readonly<Record<string, unknown>>;

/** A value of which a question can be answered with yes. */
export function value(isRight: (value: unknown) => boolean): Check {
  return (given, path) => (isRight(given) ? [] : [path]);
}

/** An object with these members; it may have others. */
export function members(checks: Readonly<Record<string, Check>>): Check {
  return (given, path) =>
    isMembers(given)
      ? Object.entries(checks).flatMap(([name, check]) => check(given[name], `${path}.${name}`))
      : [path];
}

/** An object of which each member is checked alike; only these names, where names are given. */
export function recordOf(check: Check, names?: readonly string[]): Check {
  return (given, path) =>
    isMembers(given)
      ? Object.entries(given).flatMap(([name, one]) =>
          names !== undefined && !names.includes(name) ? [path] : check(one, names ? `${path}.${name}` : path),
        )
      : [path];
}

export function listOf(check: Check): Check {
  return (given, path) => (Array.isArray(given) ? given.flatMap((one) => check(one, path)) : [path]);
}

export function nullOr(check: Check): Check {
  return (given, path) => (given === null ? [] : check(given, path));
}

export function optional(check: Check): Check {
  return (given, path) => (given === undefined ? [] : check(given, path));
}

export function oneOf(names: readonly unknown[]): Check {
  return value((given) => names.includes(given));
}

export const bool = oneOf([true, false]);

export function text(longest: number, pattern = /^/): Check {
  return value((given) => typeof given === 'string' && given.length <= longest && pattern.test(given));
}

export function whole(least: number, most: number): Check {
  return value((given) => Number.isInteger(given) && (given as number) >= least && (given as number) <= most);
}

/** A number of which the amount stays below that. */
export function below(most: number): Check {
  return value((given) => typeof given === 'number' && Math.abs(given) < most);
}

function isMembers(given: unknown): given is Members {
  return typeof given === 'object' && given !== null && !Array.isArray(given);
}
