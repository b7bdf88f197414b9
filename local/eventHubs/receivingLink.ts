import type { Sender } from 'rhea';
import type { Clock } from '../contracts';
import { deliveryOf, type LastEnqueued } from './delivery';
import type { Partition } from './partition';
import { sendBudget } from './wire';

/** What is read from the log at once: enough for a client's usual credit of 300, little enough to share the process. */
const readAtOnce = { events: 300, bytes: 512 * 1024 };

/** Sends the events of a partition on a client's link as fast as its credit allows, and at once when new ones come. */
export class ReceivingLink {
  #sent = 0;
  readonly #stopListening: () => void;

  constructor(
    private readonly link: Sender,
    private readonly partition: Partition,
    private next: number,
    private readonly tracksLastEnqueued: boolean,
    private readonly clock: Clock,
  ) {
    const pump = () => this.#pump();
    this.#stopListening = partition.onAppend(pump);
    link.on('sendable', pump);
    link.on('sender_draining', () => {
      this.#pump();
      link.set_drained(true);
    });
  }

  close(): void {
    this.#stopListening();
  }

  #pump(): void {
    for (;;) {
      const budget = Math.min(readAtOnce.events, sendBudget(this.link, this.#sent));
      if (budget <= 0 || this.next >= this.partition.nextSequence) return;
      const records = this.partition.read(this.next, budget, readAtOnce.bytes);
      const last = this.tracksLastEnqueued ? lastEnqueued(this.partition, this.clock) : undefined;
      for (const record of records) {
        this.link.send(deliveryOf(record, last), undefined, 0);
        this.next = record.sequence + 1;
        this.#sent += 1;
      }
      if (records.length === 0) return;
    }
  }
}

function lastEnqueued(partition: Partition, clock: Clock): LastEnqueued | undefined {
  const last = partition.last();
  return last && { ...last, offset: String(last.offset), retrievedAt: clock.now() };
}
