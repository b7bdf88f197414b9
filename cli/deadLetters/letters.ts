import { json } from 'node:stream/consumers';
import type { BlobItem, ContainerClient } from '@azure/storage-blob';
import { type DeadLetter, replayedMetadata } from '../../runtime/contracts/deadLetter';
import { deviceIdProperty } from '../../runtime/stream/marks';
import type { DeadLetterOptions } from './options';

/** A dead letter as a listing shows it. */
export interface ListedLetter {
  readonly name: string;
  readonly step: string;
  readonly reason: string;
  readonly enqueuedTime: string;
  readonly replayed: boolean;
}

/** The letters that the options' filters leave, in the order of their names: by step, day and hub. */
export async function* selectLetters(
  container: ContainerClient,
  options: DeadLetterOptions,
): AsyncGenerator<ListedLetter> {
  const prefix = options.step === undefined ? undefined : `${options.step}/`;
  let left = options.limit;
  for await (const blob of container.listBlobsFlat({ includeMetadata: true, prefix })) {
    if (left === 0) return;
    const letter = listed(blob);
    if (letter === undefined || !matches(letter, options)) continue;
    if (options.device !== undefined && !(await isOfDevice(container, letter.name, options.device))) continue;
    left -= 1;
    yield letter;
  }
}

function listed({ name, metadata }: BlobItem): ListedLetter | undefined {
  const { step, reason, enqueuedtime, [replayedMetadata]: replayed } = metadata ?? {};
  if (step === undefined || reason === undefined || enqueuedtime === undefined) return undefined;
  return { name, step, reason, enqueuedTime: enqueuedtime, replayed: replayed !== undefined };
}

function matches({ reason, enqueuedTime, replayed }: ListedLetter, options: DeadLetterOptions): boolean {
  const time = Date.parse(enqueuedTime);
  return (
    (options.reason === undefined || options.reason === reason) &&
    time >= options.from &&
    time < options.to &&
    (options.command === 'list' || options.again || !replayed)
  );
}

async function isOfDevice(container: ContainerClient, name: string, device: string): Promise<boolean> {
  const { letter } = await readLetter(container, name);
  return [letter.measurement?.deviceId, letter.systemProperties[deviceIdProperty]].includes(device);
}

/** A letter as it was read, with what is needed to mark exactly this version of it. */
export interface ReadLetter {
  readonly letter: DeadLetter;
  readonly etag: string;
  readonly metadata: Readonly<Record<string, string>>;
}

export async function readLetter(container: ContainerClient, name: string): Promise<ReadLetter> {
  const { etag = '', metadata = {}, readableStreamBody } = await container.getBlobClient(name).download();
  const letter = (await json(readableStreamBody as NodeJS.ReadableStream)) as DeadLetter;
  return { letter, etag, metadata };
}

/**
 * Notes in the letter's metadata that a hub has taken its message again. A letter that the step has written anew in the
 * meantime is left as it is: it has failed again, and is to be sent again.
 */
export async function markReplayed(container: ContainerClient, name: string, read: ReadLetter): Promise<void> {
  const metadata = { ...read.metadata, [replayedMetadata]: new Date().toISOString() };
  try {
    await container.getBlobClient(name).setMetadata(metadata, { conditions: { ifMatch: read.etag } });
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode !== 412) throw error;
  }
}
