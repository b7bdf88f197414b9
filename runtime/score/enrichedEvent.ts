import type { EnrichedMessage } from '../contracts/enriched';

/** An event of one partition of `enriched`. */
export interface EnrichedEvent {
  readonly sequence: number;
  /** Null: nothing that this reader knows. */
  readonly message: EnrichedMessage | null;
}

const kinds: readonly string[] = ['measurement', 'presence', 'clockMark'] satisfies readonly EnrichedMessage['kind'][];

/** What is no message of the hub is counted by the caller and passed over: only ML Input writes there. */
export function readEnriched(body: Uint8Array | string): EnrichedMessage | null {
  try {
    const text = typeof body === 'string' ? body : Buffer.from(body).toString('utf8');
    const message = JSON.parse(text) as Partial<EnrichedMessage> | null;
    return kinds.includes(String(message?.kind)) ? (message as EnrichedMessage) : null;
  } catch {
    return null;
  }
}
