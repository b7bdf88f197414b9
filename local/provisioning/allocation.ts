import { createHash } from 'node:crypto';
import type { AllocationPolicy } from './enrollmentGroup';

/** A hub that the provisioning service may assign devices to. */
export interface LinkedHub {
  readonly hostName: string;
  /** Share among the hubs under `hashed`, 1 to 1000; 1 by default. */
  readonly allocationWeight: number;
  /** False keeps the hub out of `hashed` and `geoLatency`; then it is only reached by a group that names it. */
  readonly applyAllocationPolicy: boolean;
  /** User-assigned identity with which the service registers devices there. */
  readonly identityId: string;
}

/**
 * The hub for a device, by the policies of the Device Provisioning Service:
 * `hashed` spreads by weight and gives one registration id the same hub each time, also when other hubs are linked or
 * taken away; `geoLatency` takes the nearest hub, which on one machine is the first; `static` takes the first that the
 * group names.
 */
export function allocate(
  policy: AllocationPolicy,
  hubs: readonly LinkedHub[],
  registrationId: string,
): LinkedHub | undefined {
  if (policy !== 'hashed') return hubs[0];
  let best: LinkedHub | undefined;
  let bestScore = Number.POSITIVE_INFINITY;
  for (const hub of hubs) {
    // Weighted rendezvous hashing: each hub draws an exponential variate whose rate is its weight, the least one wins.
    const score = -Math.log(uniform(`${hub.hostName}\n${registrationId}`)) / hub.allocationWeight;
    if (score < bestScore) [best, bestScore] = [hub, score];
  }
  return best;
}

function uniform(text: string): number {
  const draw = createHash('sha256').update(text).digest().readUInt32BE(0);
  return (draw + 0.5) / 2 ** 32;
}
