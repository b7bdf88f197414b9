import { createHash } from 'node:crypto';
import type { TelemetryMessage } from './message';

/** How a network may disturb what devices send; the same each time, so that a replay can be repeated. */
export interface Disorder {
  /** Every message is sent up to so many seconds after its reading, each by another delay: so the order changes. */
  readonly shuffleSeconds: number;
  /** So many messages of a hundred are sent a second time, later. */
  readonly duplicatePercent: number;
}

export const inOrder: Disorder = { shuffleSeconds: 0, duplicatePercent: 0 };

/** One sending of a message. */
export interface Sending {
  readonly message: TelemetryMessage;
  /** Virtual time, milliseconds since 1970. */
  readonly at: number;
}

/** When each message is sent, by time. What is late or doubled follows from the message's key alone. */
export function sendings(
  messages: readonly TelemetryMessage[],
  { shuffleSeconds, duplicatePercent }: Disorder,
): Sending[] {
  const all = messages.flatMap((message) => {
    const [first, second, share] = fractionsOf(message.messageId);
    const sendAfter = (fraction: number) => ({
      message,
      at: message.creationTime + Math.floor(fraction * shuffleSeconds) * 1000,
    });
    const once = sendAfter(first);
    return 100 * share < duplicatePercent ? [once, sendAfter(Math.max(first, second))] : [once];
  });
  return all.sort((a, b) => a.at - b.at);
}

/** Three numbers from 0 to 1, 1 excluded. */
function fractionsOf(key: string): [number, number, number] {
  const hash = createHash('sha256').update(key).digest();
  const fraction = (index: number) => hash.readUInt32BE(4 * index) / 2 ** 32;
  return [fraction(0), fraction(1), fraction(2)];
}
