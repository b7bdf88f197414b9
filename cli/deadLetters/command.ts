import type { TokenCredential } from '@azure/identity';
import { ContainerClient } from '@azure/storage-blob';
import { type ListedLetter, selectLetters } from './letters';
import { type DeadLetterOptions, OptionsError, parseOptions, usage } from './options';
import { Replay } from './replay';

export const exitCodes = { done: 0, failed: 1, wrongOptions: 2 } as const;

/** Where a command's lines go. */
export interface Output {
  say(line: string): void;
  complain(line: string): void;
}

/**
 * The command `azure-iomt-dead-letters`: counts dead letters, or sends their messages again. What it prints holds no PHI,
 * unless a device was asked for.
 *
 * @returns the exit code
 */
export async function deadLettersCommand(
  argv: readonly string[],
  credential: TokenCredential,
  output: Output,
): Promise<number> {
  if (argv.length === 0 || argv.includes('--help')) {
    output.say(usage);
    return argv.length === 0 ? exitCodes.wrongOptions : exitCodes.done;
  }
  try {
    const options = parseOptions(argv);
    const container = new ContainerClient(options.container, credential);
    await (options.command === 'list'
      ? list(container, options, output)
      : replay(container, options, credential, output));
    return exitCodes.done;
  } catch (error) {
    output.complain(sentenceOf(error));
    return error instanceof OptionsError ? exitCodes.wrongOptions : exitCodes.failed;
  }
}

async function list(container: ContainerClient, options: DeadLetterOptions, output: Output): Promise<void> {
  const counts = new Counts();
  for await (const letter of selectLetters(container, options)) {
    counts.add(letter);
    if (options.device !== undefined) output.say(`${letter.enqueuedTime} ${letter.reason} ${letter.name}`);
  }
  counts.print('dead letters', output);
}

async function replay(
  container: ContainerClient,
  options: DeadLetterOptions,
  credential: TokenCredential,
  output: Output,
): Promise<void> {
  const letters: ListedLetter[] = [];
  for await (const letter of selectLetters(container, options)) letters.push(letter);
  const counts = new Counts();
  if (options.dryRun) {
    for (const letter of letters) counts.add(letter);
    counts.print('would be sent again', output);
    return;
  }
  try {
    await new Replay(container, options.namespace, credential).send(letters, (letter) => counts.add(letter));
  } finally {
    counts.print(`of ${letters.length} sent again`, output);
  }
}

/** How many letters there are of each step and reason. */
class Counts {
  private readonly counts = new Map<string, { all: number; replayed: number }>();
  private total = 0;

  add({ step, reason, replayed }: ListedLetter): void {
    const key = `${step} ${reason}`;
    const count = this.counts.get(key) ?? { all: 0, replayed: 0 };
    count.all += 1;
    if (replayed) count.replayed += 1;
    this.total += 1;
    this.counts.set(key, count);
  }

  print(what: string, output: Output): void {
    for (const [key, { all, replayed }] of [...this.counts].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
      output.say(`${key} ${all}${replayed === 0 ? '' : ` (${replayed} sent again before)`}`);
    }
    output.say(`${this.total} ${what}`);
  }
}

/** The first line of what went wrong; the SDKs' further lines are request and response. */
function sentenceOf(error: unknown): string {
  if (error instanceof OptionsError) return error.message;
  const { statusCode, message } = error as { statusCode?: number; message?: string };
  return [statusCode, String(message ?? error).split('\n')[0]].filter((part) => part !== undefined).join(' ');
}
