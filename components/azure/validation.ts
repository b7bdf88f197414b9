import * as pulumi from '@pulumi/pulumi';

/**
 * Gathers everything that is wrong with a component's arguments, so that a user mends them in one go.
 *
 * Values that are not known yet (outputs of other resources) are left to Azure.
 */
export class Problems {
  constructor(
    private readonly prefix = '',
    private readonly found: pulumi.InputPropertyErrorDetails[] = [],
  ) {}

  /** The same gathering, for settings that stand below `path`. */
  below(path: string): Problems {
    return new Problems(`${this.prefix}${path}.`, this.found);
  }

  /** Notes that what stands at `path` is wrong; `reason` says what is given and what is allowed. */
  add(path: string, reason: string): void {
    this.found.push({ propertyPath: `${this.prefix}${path}`, reason });
  }

  /** A whole number from `least` to `most`. `what` names it to people, as in `partitions of an event hub on Standard`. */
  wholeNumber(path: string, value: pulumi.Input<number> | undefined, least: number, most: number, what: string): void {
    const given = known(value);
    if (given === undefined) return;
    if (typeof given === 'number' && Number.isInteger(given) && given >= least && given <= most) return;
    this.add(path, `${what} must be a whole number from ${least} to ${most}; given is ${show(given)}.`);
  }

  /** One of a closed list of words. Callers outside TypeScript can give any. */
  oneOf(path: string, value: pulumi.Input<string> | undefined, allowed: readonly string[], what: string): void {
    const given = known(value);
    if (given === undefined || allowed.includes(given)) return;
    this.add(path, `${what} must be one of ${allowed.join(', ')}; given is ${show(given)}.`);
  }

  /** A text that matches `pattern`; `rule` says in words what the pattern allows. */
  text(path: string, value: pulumi.Input<string> | undefined, pattern: RegExp, rule: string): void {
    const given = known(value);
    if (given === undefined || (typeof given === 'string' && pattern.test(given))) return;
    this.add(path, `${rule}; given is ${show(given)}.`);
  }

  /** All that was found. */
  get all(): readonly pulumi.InputPropertyErrorDetails[] {
    return this.found;
  }

  /**
   * @throws InputPropertiesError with all that was found, when there is anything.
   * @param where names the component to people, as in `IoMTIngest "ingest"`.
   */
  throwIfAny(where: string): void {
    if (this.found.length === 0) return;
    const lines = this.found.map(({ propertyPath, reason }) => `  ${propertyPath}: ${reason}`);
    const message = `${where} cannot be deployed with these arguments:\n${lines.join('\n')}`;
    const error = new pulumi.InputPropertiesError({ message, errors: this.found });
    // The sentences say where to look; a stack of this library's own calls would bury them.
    error.stack = undefined;
    throw error;
  }
}

/** The value of an input where it is plain, undefined where it is missing or comes later. */
export function known<T>(value: pulumi.Input<T> | undefined): T | undefined {
  if (value === undefined || value === null) return undefined;
  if (pulumi.Output.isInstance(value) || value instanceof Promise) return undefined;
  return value as T;
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
