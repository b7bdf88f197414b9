import { AmqpRefusal } from './amqpRefusal';

/** Event Hubs quotas: receivers without owner level per consumer group and partition. */
const mostReceivers = 5;

/** A receiver of one consumer group and partition. */
export interface ActiveReceiver {
  /** Owner level (AMQP link property `com.microsoft:epoch`); without one the receiver shares the partition. */
  readonly epoch?: number;
  end(refusal: AmqpRefusal): void;
}

/** Who reads what, and who has to give way: the exclusive consumer with the higher or newer owner level wins. */
export class ActiveReceivers {
  readonly #byPartition = new Map<string, Set<ActiveReceiver>>();

  /**
   * Lets a receiver in and ends those that it displaces. Returns what takes it out again.
   * @throws AmqpRefusal `amqp:link:stolen` below another's owner level, `amqp:resource-limit-exceeded` above five.
   */
  admit(partition: string, receiver: ActiveReceiver): () => void {
    const active = this.#byPartition.get(partition) ?? new Set();
    this.#byPartition.set(partition, active);
    const owner = [...active].find(({ epoch }) => epoch !== undefined);
    if (owner?.epoch !== undefined && (receiver.epoch ?? -1) < owner.epoch) {
      throw stolen(
        `A receiver with owner level (epoch) ${owner.epoch} reads ${partition}; one with ${receiver.epoch ?? 'none'} is not let in.`,
      );
    }
    if (receiver.epoch === undefined && active.size >= mostReceivers) {
      throw new AmqpRefusal(
        'amqp:resource-limit-exceeded',
        `${active.size} receivers read ${partition}; at most ${mostReceivers} may, per partition in a consumer group.`,
      );
    }
    if (receiver.epoch !== undefined) {
      for (const displaced of [...active]) {
        active.delete(displaced);
        displaced.end(stolen(`A new receiver with owner level (epoch) ${receiver.epoch} reads ${partition}.`));
      }
    }
    active.add(receiver);
    return () => active.delete(receiver);
  }
}

function stolen(description: string): AmqpRefusal {
  return new AmqpRefusal('amqp:link:stolen', description);
}
