import type { ContainerClient } from '@azure/storage-blob';
import { type Copy, telemetrySource } from './copies';

/** One line of a blob that IoT Hub routing wrote with encoding JSON. */
interface RawRecord {
  readonly EnqueuedTimeUtc?: string;
  readonly SystemProperties?: {
    readonly messageId?: string;
    readonly connectionDeviceId?: string;
    readonly 'iothub-message-source'?: string;
  };
  readonly Body?: unknown;
}

/**
 * Reads the telemetry that IoT Hub copied to the raw container, blob by blob. Blobs of a route are never rewritten, so
 * that each is read once, however often `read` is called. A line that is not JSON is told to `warn` and not counted: its
 * message is then missing.
 */
export class RawCopies {
  private readonly perBlob = new Map<string, { readonly etag: string | undefined; readonly copies: readonly Copy[] }>();

  constructor(
    private readonly container: ContainerClient,
    private readonly warn: (message: string) => void,
  ) {}

  /** All copies that lie in the container now. */
  async read(): Promise<Copy[]> {
    for await (const blob of this.container.listBlobsFlat()) {
      if (this.perBlob.get(blob.name)?.etag === blob.properties.etag) continue;
      // With its length known from the list, a blob is one request instead of two.
      const content = await this.container.getBlobClient(blob.name).downloadToBuffer(0, blob.properties.contentLength);
      this.perBlob.set(blob.name, {
        etag: blob.properties.etag,
        copies: this.copiesIn(blob.name, content.toString('utf8')),
      });
    }
    return [...this.perBlob.values()].flatMap((blob) => blob.copies);
  }

  private copiesIn(blobName: string, text: string): Copy[] {
    return text.split('\n').flatMap((line, index) => {
      if (line.trim() === '') return [];
      try {
        return rawCopy(JSON.parse(line) as RawRecord) ?? [];
      } catch {
        this.warn(`Line ${index + 1} of the raw blob ${blobName} is not JSON.`);
        return [];
      }
    });
  }
}

/** Undefined for what is not telemetry with a message id. A body that is not readable JSON stays what it is: text. */
function rawCopy(record: RawRecord): Copy | undefined {
  const system = record.SystemProperties ?? {};
  const isTelemetry = (system['iothub-message-source'] ?? telemetrySource) === telemetrySource;
  if (!isTelemetry || system.messageId === undefined) return undefined;
  return {
    key: system.messageId,
    deviceId: String(system.connectionDeviceId),
    enqueuedAt: Date.parse(String(record.EnqueuedTimeUtc)),
    body: record.Body,
  };
}
