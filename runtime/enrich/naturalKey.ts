import { createHash } from 'node:crypto';

const changedDigits = 12;
const hashDigits = 16;

/**
 * The key of what goes to `enriched`: 12 hexadecimal digits of when the record last changed, so that of two versions the later
 * one is greater in ASCII order, and 16 of a hash of what tells it from every other one.
 *
 * @param changed milliseconds since 1970; 0 for what never changes
 */
export function keyOf(changed: number, naturalKey: readonly (string | null)[]): string {
  const hash = createHash('sha256').update(JSON.stringify(naturalKey)).digest('hex').slice(0, hashDigits);
  return `${Math.max(0, changed).toString(16).padStart(changedDigits, '0')}${hash}`;
}
