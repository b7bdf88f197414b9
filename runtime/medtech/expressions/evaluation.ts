import type { Compatibility } from '../compatibility';
import { MedTechError } from '../errors';
import { isArray, isObject, type JsonObject, type Token } from '../tokens';

/**
 * How many values all expressions of a mapping together may look at for one message (well under a second of computing). A message
 * of 1 MB under tens of templates stays below; scans within scans over a hostile one do not.
 */
const maxSteps = 5_000_000;
/** Texts that are made cost a step for so many characters, which bounds memory too. */
const charactersPerStep = 8;

/** What the expressions evaluated for one message share: a budget of steps, and one walk through the message. */
export class Evaluation {
  /** Whether the JMESPath evaluated last ended in a projection: then each element of its result is a match. */
  projection = false;
  private left = maxSteps;

  /**
   * @param root the message; expressions may be evaluated on other documents too.
   * @param compatibility in `medtech`, functions have the original's ways with texts that look like numbers or dates.
   * @param objects what objectsIn gives for it, where that is known without a walk.
   */
  constructor(
    private readonly root: Token,
    readonly compatibility: Compatibility,
    private objects?: readonly JsonObject[],
  ) {}

  /** @throws MedTechError TemplateExpressionException when the budget is used up. */
  spend(steps: number): void {
    this.left -= steps;
    if (this.left < 0) {
      throw new MedTechError('TemplateExpressionException', `The expressions visited more than ${maxSteps} values.`);
    }
  }

  spendText(length: number): void {
    this.spend(1 + length / charactersPerStep);
  }

  /** The objects in a document, itself first and each before what it holds. */
  objectsIn(document: Token): readonly JsonObject[] {
    if (document !== this.root) return this.collect(document, []);
    this.objects ??= this.collect(document, []);
    this.spend(this.objects.length);
    return this.objects;
  }

  private collect(token: Token, found: JsonObject[]): JsonObject[] {
    if (isArray(token)) {
      this.spend(1 + token.length);
      for (const item of token) if (typeof item === 'object' && item !== null) this.collect(item, found);
    } else if (isObject(token)) {
      found.push(token);
      const members = Object.values(token);
      this.spend(1 + members.length);
      for (const value of members) if (typeof value === 'object' && value !== null) this.collect(value, found);
    }
    return found;
  }
}
