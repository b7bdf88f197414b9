import { parseArgs } from 'node:util';
import { type FailedStep, failedSteps } from '../../runtime/contracts/deadLetter';

export const usage = `azure-iomt-dead-letters list   --container URL [filters]
azure-iomt-dead-letters replay --container URL --namespace HOST [filters] [--limit N] [--dry-run] [--again]

list counts the dead letters by step and reason. replay sends their messages again, as they were, to the event hub of the
step that failed, and marks what the hub has taken, so that it can be run again or interrupted at any time.

  --container URL    the blob container of the dead letters
  --namespace HOST   the Event Hubs namespace, as NAME.servicebus.windows.net
  --step STEP        only of that step: ${failedSteps.join(', ')}
  --reason REASON    only of that reason, as DeviceNotFoundException
  --from TIME        only what arrived then or later, ISO 8601 with Z or offset
  --to TIME          only what arrived before then
  --device ID        only of that device; reads each letter, and list then prints a line for each
  --limit N          at most so many
  --dry-run          count what would be sent again, and send nothing
  --again            also what was sent again before
  --help             print this

Who runs it (az login, a managed identity ...) needs Storage Blob Data Contributor on the container, and Azure Event Hubs
Data Sender on the hubs; list needs Storage Blob Data Reader only.
Exit codes: 0 done, 1 something failed, 2 wrong options.
`;

/** What to do with which dead letters. */
export interface DeadLetterOptions {
  readonly command: 'list' | 'replay';
  readonly container: string;
  /** Empty for `list`. */
  readonly namespace: string;
  readonly step: FailedStep | undefined;
  readonly reason: string | undefined;
  /** Milliseconds since 1970; from inclusive, to exclusive. */
  readonly from: number;
  readonly to: number;
  readonly device: string | undefined;
  readonly limit: number;
  readonly dryRun: boolean;
  readonly again: boolean;
}

/** Everything that is wrong with the command line, one sentence each. */
export class OptionsError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(problems.join('\n'));
  }
}

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;
const known = {
  container: text,
  namespace: text,
  step: text,
  reason: text,
  from: text,
  to: text,
  device: text,
  limit: text,
  'dry-run': flag,
  again: flag,
} as const;
const ofReplay = ['namespace', 'limit', 'dry-run', 'again'] as const;

/** @throws OptionsError with all problems */
export function parseOptions(argv: readonly string[]): DeadLetterOptions {
  const { values, positionals, tokens } = parseArgs({
    ...{ args: [...argv], options: known, strict: false, tokens: true, allowPositionals: true },
  });
  const problems = tokens.flatMap((token) => (token.kind === 'option' ? problemOf(token) : []));
  const given = (name: keyof typeof known) => (typeof values[name] === 'string' ? values[name] : undefined);
  const command = commandOf(positionals, problems);
  const options: DeadLetterOptions = {
    command,
    container: containerOf(given('container'), problems),
    namespace: namespaceOf(given('namespace'), command, problems),
    step: stepOf(given('step'), problems),
    reason: given('reason'),
    from: timeOf('from', given('from'), Number.NEGATIVE_INFINITY, problems),
    to: timeOf('to', given('to'), Number.POSITIVE_INFINITY, problems),
    device: given('device'),
    limit: limitOf(given('limit'), problems),
    dryRun: values['dry-run'] === true,
    again: values.again === true,
  };
  if (command === 'list') {
    for (const name of ofReplay)
      if (values[name] !== undefined) problems.push(`--${name} belongs to replay, not list.`);
  }
  if (problems.length > 0) throw new OptionsError(problems);
  return options;
}

interface OptionToken {
  readonly name: string;
  readonly rawName: string;
  readonly value?: string | undefined;
}

function problemOf({ name, rawName, value }: OptionToken): string[] {
  const option = Object.hasOwn(known, name) ? known[name as keyof typeof known] : undefined;
  if (option === undefined) return [`${rawName} is not known; see --help.`];
  if (option.type === 'string' && (value === undefined || value === '')) return [`${rawName} needs a value.`];
  if (option.type === 'boolean' && value !== undefined) return [`${rawName} takes no value.`];
  return [];
}

function commandOf(positionals: readonly string[], problems: string[]): DeadLetterOptions['command'] {
  const [command, ...more] = positionals;
  if (more.length > 0) problems.push(`There is one command, given are ${positionals.join(', ')}.`);
  if (command === 'list' || command === 'replay') return command;
  problems.push(
    command === undefined
      ? 'Name a command: list or replay.'
      : `${command} is no command; allowed are list and replay.`,
  );
  return 'list';
}

function containerOf(given: string | undefined, problems: string[]): string {
  if (given === undefined) problems.push('--container is missing: the URL of the container with the dead letters.');
  else if (!/^https:\/\/[^/?#]+\/[^?#]+$/.test(given)) {
    problems.push(`--container is ${given}; it must be the https URL of a container, without a query.`);
  }
  return given ?? '';
}

function namespaceOf(given: string | undefined, command: DeadLetterOptions['command'], problems: string[]): string {
  if (given === undefined && command === 'replay') {
    problems.push('--namespace is missing: the host name of the Event Hubs namespace.');
  }
  if (given !== undefined && !/^[\w.-]+(?::\d+)?$/.test(given)) {
    problems.push(`--namespace is ${given}; it must be a host name, as NAME.servicebus.windows.net.`);
  }
  return given ?? '';
}

function stepOf(given: string | undefined, problems: string[]): FailedStep | undefined {
  const step = failedSteps.find((one) => one === given);
  if (given !== undefined && step === undefined) {
    problems.push(`--step is ${given}; allowed are ${failedSteps.join(', ')}.`);
  }
  return step;
}

function timeOf(name: string, given: string | undefined, otherwise: number, problems: string[]): number {
  if (given === undefined) return otherwise;
  const time = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d))?$/.test(given)
    ? Date.parse(given)
    : Number.NaN;
  if (Number.isNaN(time)) {
    problems.push(`--${name} is ${given}; it must be a day, or a time with Z or offset, as 2026-01-05T00:00:00Z.`);
  }
  return time;
}

function limitOf(given: string | undefined, problems: string[]): number {
  const limit = given === undefined ? Number.POSITIVE_INFINITY : Number(given);
  if (!(limit >= 1) || (given !== undefined && !Number.isInteger(limit))) {
    problems.push(`--limit is ${given}; it must be a whole number of at least 1.`);
  }
  return limit;
}
