/** A measurement as it came. */
interface Arrived {
  /** When it was measured, and when `devicedata` took it: milliseconds since 1970. */
  readonly time: number;
  readonly arrival: number;
}

/**
 * How long measurements were under way from the device to the hub, by nearest rank: the part of a sample's age that the
 * transport makes. A device whose clock is ahead counts as 0. Undefined without any.
 */
export function transportDelay(arrived: readonly Arrived[]): string | undefined {
  if (arrived.length === 0) return undefined;
  const delays = Float64Array.from(arrived, ({ time, arrival }) => Math.max(0, arrival - time)).sort();
  const seconds = (share: number) => Math.round(delays[Math.ceil(delays.length * share) - 1] as number) / 1000;
  return `p50Seconds=${seconds(0.5)} p95Seconds=${seconds(0.95)}`;
}
