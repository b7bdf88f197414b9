/** What was written into a container since the start. */
export interface ContainerStatistics {
  /** Blobs created or overwritten. */
  readonly blobs: number;
  readonly bytes: number;
}

/** Counts per container, by its ARM id. */
export class BlobStatistics {
  private readonly containers = new Map<string, { blobs: number; bytes: number }>();

  count(containerId: string, blobs: number, bytes: number): void {
    const container = this.containers.get(containerId) ?? { blobs: 0, bytes: 0 };
    container.blobs += blobs;
    container.bytes += bytes;
    this.containers.set(containerId, container);
  }

  all(): Record<string, ContainerStatistics> {
    return Object.fromEntries([...this.containers].map(([id, counted]) => [id, { ...counted }]));
  }
}
