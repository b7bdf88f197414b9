/** Delays in milliseconds of the machine's clock; null where nothing was measured. */
export interface Delays {
  readonly p50: number | null;
  readonly p95: number | null;
}

/** From the first sending of a message to when the judge received it first, for the messages that have both times. */
export function delays(sent: ReadonlyMap<string, number>, received: ReadonlyMap<string, number>): Delays {
  const sorted = [...sent]
    .flatMap(([key, at]) => {
      const receivedAt = received.get(key);
      return receivedAt === undefined ? [] : [receivedAt - at];
    })
    .sort((a, b) => a - b);
  // Nearest rank: a delay that really occurred.
  const rank = (share: number) => sorted[Math.ceil(share * sorted.length) - 1] ?? null;
  return { p50: rank(0.5), p95: rank(0.95) };
}
