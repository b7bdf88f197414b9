import { AmqpRefusal } from './amqpRefusal';
import type { Partition } from './partition';

const form = /^\s*amqp\.annotation\.(x-opt-(?:offset|sequence-number|enqueued-time))\s*(>=|>)\s*'([^']*)'\s*$/;

/**
 * The sequence from which a receiver reads, out of its selector filter
 * (`amqp.annotation.x-opt-offset > '12'`); without a filter the oldest event, as Event Hubs does.
 */
export function startSequence(selector: string | undefined, partition: Partition): number {
  if (selector === undefined) return partition.firstSequence;
  const [, annotation, comparison, value = ''] = form.exec(selector) ?? [];
  const inclusive = comparison === '>=';
  if (annotation === 'x-opt-offset' && value === '@latest') return partition.nextSequence;
  const number = Number(value);
  if (annotation === undefined || value === '' || Number.isNaN(number)) {
    throw new AmqpRefusal(
      'amqp:invalid-field',
      `The filter "${selector}" is not understood; a receiver starts at an x-opt-offset, x-opt-sequence-number or x-opt-enqueued-time, compared by > or >=.`,
    );
  }
  const least = inclusive ? number : number + 1;
  if (annotation === 'x-opt-sequence-number') return Math.max(least, partition.firstSequence);
  return annotation === 'x-opt-offset' ? partition.afterOffset(least - 1) : partition.atTime(least);
}
