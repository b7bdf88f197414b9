import type { TediousDataType } from 'kysely';
import { Request, TYPES } from 'tedious';

type DataType = typeof TYPES.Int;

/** Lengths that texts are declared with: few, so that a statement keeps its plan whatever is written with it. */
const lengths = [64, 400, 4000];

/**
 * A request whose parameters have the types of our columns. Kysely gives a time as `datetime`, whose steps are 3.3 ms, and every
 * text as `nvarchar` of its own length, with which an index of a `varchar` column is not searched.
 */
export class TypedRequest extends Request {
  override addParameter(name: string, type: TediousDataType, value?: unknown): void {
    if (value instanceof Date) super.addParameter(name, TYPES.DateTime2, value, { scale: 3 });
    else if (typeof value === 'string') this.addText(name, value);
    else super.addParameter(name, type as DataType, value);
  }

  private addText(name: string, value: string): void {
    const length = lengths.find((one) => value.length <= one);
    const type = ascii.test(value) ? TYPES.VarChar : TYPES.NVarChar;
    super.addParameter(name, type, value, length === undefined ? undefined : { length });
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what ASCII is.
const ascii = /^[\x00-\x7f]*$/;
