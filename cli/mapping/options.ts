import { parseArgs } from 'node:util';
import type { Compatibility } from '../../runtime/medtech/compatibility';

export interface Options {
  /** Path of the device mapping; undefined: the starter's. */
  readonly device: string | undefined;
  /** Path of the FHIR mapping; undefined: the starter's, or none where a device mapping is given. */
  readonly fhir: string | undefined;
  readonly messages: string | undefined;
  readonly deviceId: string | undefined;
  readonly compatibility: Compatibility;
  readonly json: boolean;
  readonly watch: boolean;
  readonly help: boolean;
}

export const usage = `azure-iomt-mapping: what mappings make of sample messages

  --device FILE         device mapping (without any mapping: the starter mappings)
  --fhir FILE           FHIR mapping
  --messages FILE       sample messages: a JSON array, one message a line, or one message; each with Body, Properties
                        and SystemProperties, or a bare body
  --device-id ID        device id of messages that have none
  --compatibility MODE  r4 (default) or medtech
  --starter             the starter mappings, said explicitly
  --json                one JSON document instead of text
  --watch               again whenever a file changes

Exit code: 0 no problem, 1 problems in mappings or messages, 2 options not understood.`;

const texts = ['device', 'fhir', 'messages', 'device-id', 'compatibility'] as const;
const switches = ['starter', 'json', 'watch', 'help'] as const;

/** Everything that is wrong with the options, one sentence each; the options hold when there is nothing. */
export function parseOptions(args: readonly string[]): {
  readonly options: Options;
  readonly problems: readonly string[];
} {
  const { tokens } = parseArgs({
    args: [...args],
    options: {
      ...Object.fromEntries(texts.map((name) => [name, { type: 'string' as const }])),
      ...Object.fromEntries(switches.map((name) => [name, { type: 'boolean' as const }])),
    },
    strict: false,
    tokens: true,
  });
  const problems: string[] = [];
  const given = new Map<string, string>();
  for (const token of tokens) {
    if (token.kind === 'positional')
      problems.push(`'${token.value}' is no option; files are named as --messages FILE.`);
    if (token.kind !== 'option') continue;
    if (given.has(token.name)) problems.push(`--${token.name} is given twice.`);
    given.set(token.name, token.value ?? '');
    problems.push(...problemsOf(token.rawName, token.name, token.value));
  }
  const compatibility = given.get('compatibility') ?? 'r4';
  problems.push(...problemsBetween(given, compatibility));
  const options: Options = {
    device: given.get('device'),
    fhir: given.get('fhir'),
    messages: given.get('messages'),
    deviceId: given.get('device-id'),
    compatibility: compatibility === 'medtech' ? 'medtech' : 'r4',
    json: given.has('json'),
    watch: given.has('watch'),
    help: given.has('help'),
  };
  return { options, problems };
}

function problemsOf(rawName: string, name: string, value: string | undefined): string[] {
  if (texts.some((text) => text === name)) {
    return value === undefined || value === '' ? [`--${name} needs a value, as in --${name} ${exampleOf(name)}.`] : [];
  }
  if (switches.some((one) => one === name)) return value === undefined ? [] : [`--${name} takes no value.`];
  const all = [...texts, ...switches].map((one) => `--${one}`).join(', ');
  return [`There is no option ${rawName}; there are ${all}.`];
}

function problemsBetween(given: ReadonlyMap<string, string>, compatibility: string): string[] {
  const problems: string[] = [];
  if (given.has('compatibility') && compatibility !== '' && compatibility !== 'r4' && compatibility !== 'medtech') {
    problems.push(`--compatibility is r4 or medtech, given is '${compatibility}'.`);
  }
  if (given.has('fhir') && !given.has('device')) problems.push('--fhir needs --device: the mappings belong together.');
  if (given.has('starter') && given.has('device')) problems.push('--starter and --device exclude each other.');
  if (given.has('device-id') && !given.has('messages')) problems.push('--device-id is of no use without --messages.');
  if (given.has('watch') && !given.has('device') && !given.has('messages')) {
    problems.push('--watch needs a file to watch: --device, --fhir or --messages.');
  }
  return problems;
}

function exampleOf(name: string): string {
  if (name === 'compatibility') return 'r4';
  return name === 'device-id' ? 'bed-1' : `${name}.json`;
}
