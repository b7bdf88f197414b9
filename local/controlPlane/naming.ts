import { createHash } from 'node:crypto';
import type { Kind } from './kinds/kind';

/** The physical name of a resource for which the program gives none, as azure-native makes it. `seed` is the engine's. */
export function autoName(kind: Kind, logicalName: string, seed: Uint8Array): string {
  const random = createHash('sha256').update(seed).update(logicalName).update(kind.kind).digest('hex');
  if (typeof kind.autoName === 'object') return kind.autoName.fixed;
  if (kind.autoName === 'guid') {
    const parts = [random.slice(0, 8), random.slice(8, 12), `4${random.slice(13, 16)}`, `8${random.slice(17, 20)}`];
    return [...parts, random.slice(20, 32)].join('-');
  }
  return `${logicalName}${random.slice(0, 8)}`;
}
