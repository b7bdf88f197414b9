import { hold } from '../stream/hold';
import type { StepLog } from '../stream/stepLog';
import type { StepName } from '../stream/stepName';
import type { JsonBlobs } from './jsonBlobs';

/** The same blobs, of which each request waits out transient faults, and so holds the partition. */
export function heldBlobs(blobs: JsonBlobs, step: StepName, log: StepLog): JsonBlobs {
  const held = <T>(attempt: () => Promise<T>) => hold(step, log, attempt);
  return {
    read: (name) => held(() => blobs.read(name)),
    etagOf: (name) => held(() => blobs.etagOf(name)),
    create: (name, content) => held(() => blobs.create(name, content)),
    replace: (name, content, etag) => held(() => blobs.replace(name, content, etag)),
    write: (name, content) => held(() => blobs.write(name, content)),
    list: (prefix, limit) => held(() => blobs.list(prefix, limit)),
    remove: (name, etag) => held(() => blobs.remove(name, etag)),
  };
}
