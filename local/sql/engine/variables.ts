import { errors } from '../sqlError';
import { describe, type TypedValue } from '../sqlType';

/** Variables and parameters of a batch, and what the session tells by names with `@@`. */
export class Variables {
  private readonly own = new Map<string, TypedValue>();
  private known: string | undefined;

  constructor(
    private readonly global: (name: string) => TypedValue | undefined,
    given: Iterable<readonly [string, TypedValue]> = [],
  ) {
    for (const [name, value] of given) this.own.set(name.toLowerCase(), value);
  }

  get(name: string): TypedValue | undefined {
    return name.startsWith('@@') ? this.global(name) : this.own.get(name);
  }

  need(name: string): TypedValue {
    const found = this.get(name);
    if (!found) throw errors.noVariable(name);
    return found;
  }

  set(name: string, value: TypedValue): void {
    if (this.own.get(name)?.type !== value.type) this.known = undefined;
    this.own.set(name, value);
  }

  /** The types, by which a translated statement may be used again. */
  signature(): string {
    this.known ??= [...this.own]
      .map(([name, { type }]) => `${name} ${describe(type)} ${type.isCaseSensitive === true}`)
      .join();
    return this.known;
  }
}
