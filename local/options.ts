import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type Outage, outagesOf, unmendedOutages } from './outages';
import type { Disorder } from './replay/disorder';

/** Minute 0 of every replay unless `--start` says otherwise: fixed, so that a second replay has the same times. */
export const defaultStart = '2026-01-05T00:00:00Z';

/** The shipped ward: ten patients, one deteriorating. */
const wardFile = join(__dirname, 'replay', 'ward', 'ward.csv');

/** Where windows can be scored on one machine. */
export const localScorings = ['functions', 'databricks'] as const;
export type LocalScoring = (typeof localScorings)[number];

export interface StartOptions {
  /** Recorded vital signs to replay. */
  readonly files: readonly string[];
  /** How the recording is named to people. */
  readonly source: string;
  /** Recorded seconds per second of wall clock; Infinity sends as fast as the hub acknowledges. */
  readonly speed: number;
  /** Milliseconds since 1970 of minute 0. */
  readonly start: number;
  readonly disorder: Disorder;
  /** All devices send through the store-and-forward gateway. */
  readonly gateway: boolean;
  /** What is taken away for a while: the gateway's uplink, the FHIR service, the repository. */
  readonly outages: readonly Outage[];
  readonly exit: boolean;
  readonly json: boolean;
  readonly reset: boolean;
  /** Configuration of the stack beside the local one's, by full key. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Folder into which every FHIR resource is written as NDJSON when the replay is judged; undefined: none. */
  readonly exportFolder: string | undefined;
  /** Folder of the state; undefined means the default below the user's state folder. */
  readonly state: string | undefined;
  readonly roleDelaySeconds: number;
  /** What scores the windows; real Spark with `databricks`. */
  readonly scoring: LocalScoring;
  readonly help: boolean;
}

export const usage = `npm start -- [options]

  --replay FILE       replay recorded vital signs (CSV: minute, optionally device, one column a vital) instead of the ward
  --speed N | max     recorded seconds per second (default 60)
  --start TIME        time of minute 0, ISO 8601 in UTC (default ${defaultStart})
  --shuffle SECONDS   send every row up to so many seconds after its reading, out of order (the same each time)
  --duplicate PERCENT send so many rows of a hundred twice
  --gateway           all devices send through the store-and-forward gateway that stands in for IoT Edge
  --cut-uplink A-B    cut the gateway's uplink from minute A to minute B of the recording
  --fhir-down A-B     the FHIR service answers 503 from minute A to minute B of the recording
  --sql-down A-B      the repository's database is away from minute A to minute B of the recording
  --scoring COMPUTE   functions (default), or databricks: real Spark, which needs Java, Maven and Python here
  --exit              end when the replay is through and judged; exit code 1 when something was lost, doubled or wrong
  --json              print the verdict as one JSON line on standard output
  --config FILE       configuration of the stack beside the local one's: JSON as {"hospital:scoring": {"windowMinutes": 10}}
  --export FOLDER     write every FHIR resource as NDJSON there when the replay is judged, one file a type, and the scored
                      windows in their last revision
  --reset             forget the state of earlier starts first
  --state FOLDER      keep the state there (default: below the user's state folder)
  --role-delay N      role assignments take effect N seconds after they are made, as in Azure
  --help              print this
`;

/** Everything that is wrong with the command line, one sentence each. */
export class OptionsError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(problems.join('\n'));
  }
}

export function parseOptions(argv: readonly string[]): StartOptions {
  const values = parse(argv);
  const problems: string[] = [];
  const options: StartOptions = {
    files: [values.replay === undefined ? wardFile : fileOf(values.replay, problems)],
    source: values.replay === undefined ? 'synthetic ward' : basename(values.replay),
    speed: speedOf(values.speed ?? '60', problems),
    start: startOf(values.start ?? defaultStart, problems),
    disorder: {
      shuffleSeconds: secondsOf('shuffle', values.shuffle ?? '0', problems),
      duplicatePercent: percentOf(values.duplicate ?? '0', problems),
    },
    gateway: values.gateway ?? false,
    outages: outagesOf(values, problems),
    exit: values.exit ?? false,
    json: values.json ?? false,
    reset: values.reset ?? false,
    settings: values.config === undefined ? {} : settingsOf(values.config, problems),
    exportFolder: values.export === undefined ? undefined : folderOf(values.export, problems),
    state: values.state === undefined ? undefined : resolve(values.state),
    roleDelaySeconds: secondsOf('role-delay', values['role-delay'] ?? '0', problems),
    scoring: scoringOf(values.scoring ?? 'functions', problems),
    help: values.help ?? false,
  };
  if (values['cut-uplink'] !== undefined && !options.gateway)
    problems.push('--cut-uplink needs --gateway: only the gateway has an uplink of its own.');
  if (problems.length > 0) throw new OptionsError(problems);
  return options;
}

function parse(argv: readonly string[]) {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  try {
    return parseArgs({
      args: [...argv],
      options: {
        replay: text,
        speed: text,
        start: text,
        gateway: flag,
        'cut-uplink': text,
        'fhir-down': text,
        'sql-down': text,
        exit: flag,
        json: flag,
        reset: flag,
        export: text,
        config: text,
        state: text,
        'role-delay': text,
        scoring: text,
        shuffle: text,
        duplicate: text,
        help: flag,
      },
    }).values;
  } catch (error) {
    throw new OptionsError([`${(error as Error).message.split('. ')[0]}; see \`npm start -- --help\`.`]);
  }
}

function fileOf(given: string, problems: string[]): string {
  const file = resolve(given);
  if (!existsSync(file)) problems.push(`--replay names a file that is not there: ${given}.`);
  return file;
}

function settingsOf(given: string, problems: string[]): Record<string, unknown> {
  try {
    const settings: unknown = JSON.parse(readFileSync(resolve(given), 'utf8'));
    const keys = Object.keys(settings as object);
    if (!Array.isArray(settings) && keys.every((key) => key.includes(':'))) return settings as Record<string, unknown>;
  } catch {}
  problems.push(`--config is ${given}; it must be a JSON file with an object of full keys, as "hospital:scoring".`);
  return {};
}

function folderOf(given: string, problems: string[]): string {
  const folder = resolve(given);
  if (existsSync(folder) && !statSync(folder).isDirectory())
    problems.push(`--export names a file, not a folder: ${given}.`);
  return folder;
}

function speedOf(given: string, problems: string[]): number {
  const speed = given === 'max' ? Number.POSITIVE_INFINITY : Number(given);
  if (!(speed > 0)) problems.push(`--speed is ${given}; it must be a number above 0, or max.`);
  return speed;
}

function startOf(given: string, problems: string[]): number {
  const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?Z$/.test(given) ? Date.parse(given) : Number.NaN;
  if (Number.isNaN(time)) problems.push(`--start is ${given}; it must be a time in UTC such as ${defaultStart}.`);
  return time;
}

function secondsOf(option: string, given: string, problems: string[]): number {
  const seconds = Number(given);
  if (!(seconds >= 0 && seconds <= 3600)) problems.push(`--${option} is ${given}; it must be 0 to 3600 seconds.`);
  return seconds;
}

function percentOf(given: string, problems: string[]): number {
  const percent = Number(given);
  if (!(percent >= 0 && percent <= 100)) problems.push(`--duplicate is ${given}; it must be 0 to 100 per cent.`);
  return percent;
}

function scoringOf(given: string, problems: string[]): LocalScoring {
  const scoring = localScorings.find((one) => one === given);
  if (scoring === undefined) problems.push(`--scoring is ${given}; it must be ${localScorings.join(' or ')}.`);
  return scoring ?? 'functions';
}

/** @throws OptionsError when the recording ends before something comes back */
export function requireOutagesWithin({ outages }: StartOptions, lastMinute: number): void {
  const problems = unmendedOutages(outages, lastMinute);
  if (problems.length > 0) throw new OptionsError(problems);
}
