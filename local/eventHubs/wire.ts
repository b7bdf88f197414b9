import type { Socket } from 'node:net';
import type { Connection, Receiver, Sender, Session } from 'rhea';

/** Numbers of fields of the performatives (AMQP 1.0, part 2, 2.7). */
const fieldCounts: Readonly<Record<number, number>> = {
  16: 10,
  17: 8,
  18: 14,
  19: 11,
  20: 11,
  21: 6,
  22: 3,
  23: 1,
  24: 1,
};

const begin = 17;

/** Any message format that no client uses. */
const undecoded = 0x7fffffff;

interface Performative {
  value: unknown[];
  constructor: { descriptor?: { numeric: number } };
  message_format?: number;
  handle_max?: number;
}

/** The parts of rhea 3.0.5 that its types leave out. */
interface ConnectionInternals {
  socket: Socket;
  heartbeat_in?: NodeJS.Timeout;
  heartbeat_out?: NodeJS.Timeout;
  _write_frame(channel: number, performative?: Performative, payload?: Buffer): void;
}
interface SessionInternals {
  incoming: { on_transfer(frame: { performative: Performative }, receiver: Receiver): void };
  outgoing: { available(): number };
}
interface SenderInternals {
  credit: number;
  delivery_count: number;
}

/**
 * rhea leaves trailing fields and BEGIN's handle-max out, which AMQP allows; azure-eventhub for Python counts on them.
 * To be called before the connection's first frame is written.
 */
export function writeAllFields(connection: Connection): void {
  const internals = connection as unknown as ConnectionInternals;
  const write = internals._write_frame.bind(connection);
  internals._write_frame = (channel, performative, payload) => {
    const code = performative?.constructor.descriptor?.numeric ?? 0;
    if (performative && code === begin) performative.handle_max ??= 0xffffffff;
    if (performative) for (let at = 0; at < (fieldCounts[code] ?? 0); at++) performative.value[at] ??= null;
    write(channel, performative, payload);
  };
}

/**
 * rhea decodes messages of format 0 before it hands them over; what is stored must be the bytes. A format that it does
 * not know comes as it is, so transfers of format 0 are marked with one.
 */
export function takeUndecoded(session: Session): void {
  const { incoming } = session as unknown as SessionInternals;
  const take = incoming.on_transfer.bind(incoming);
  incoming.on_transfer = (frame, receiver) => {
    if (!frame.performative.message_format) frame.performative.message_format = undecoded;
    take(frame, receiver);
  };
}

/** How many more transfers of this link may be queued without holding up other links of its session. */
export function sendBudget(sender: Sender, sentSoFar: number): number {
  const link = sender as unknown as SenderInternals;
  const session = sender.session as unknown as SessionInternals;
  return Math.min(link.delivery_count + link.credit - sentSoFar, session.outgoing.available());
}

/** Calls back when the connection's socket is closed, however that came about, and ends rhea's timers for it. */
export function onSocketClosed(connection: Connection, closed: () => void): void {
  const internals = connection as unknown as ConnectionInternals;
  internals.socket.once('close', () => {
    clearTimeout(internals.heartbeat_in);
    clearTimeout(internals.heartbeat_out);
    closed();
  });
}
