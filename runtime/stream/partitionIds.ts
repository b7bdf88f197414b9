/** A client of a hub, as far as its partitions are concerned. */
export interface PartitionSource {
  getPartitionIds(): Promise<string[]>;
}

/** Partitions can be added to a hub of the Premium tier, not taken away. */
const believedMs = 300_000;

/** The ids of a hub's partitions, asked for when they are needed and again after five minutes. */
export class PartitionIds {
  private known: { readonly ids: readonly string[]; readonly since: number } | undefined;

  constructor(private readonly hub: PartitionSource) {}

  async ids(): Promise<readonly string[]> {
    const now = performance.now();
    if (this.known === undefined || now - this.known.since > believedMs) {
      this.known = { ids: await this.hub.getPartitionIds(), since: now };
    }
    return this.known.ids;
  }

  /** Asks again at the next need, as after a send that failed. */
  forget(): void {
    this.known = undefined;
  }
}
