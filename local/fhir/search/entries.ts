import { type Parameter, parametersOf } from '../definitions';
import { earliest, latest, timeRange } from './dates';
import { compile, type Extract } from './paths';

/** One thing by which a resource is found: a code, a reference, a text (with `text`), a time or a number (with `low`). */
export interface IndexEntry {
  readonly parameter: string;
  readonly text?: string;
  /** System of a code or unit; the unaltered text of a string. */
  readonly system?: string;
  readonly low?: number;
  readonly high?: number;
}

type Entry = Omit<IndexEntry, 'parameter'>;
type Element = Record<string, unknown>;

const extractsByType = new Map<string, readonly { parameter: Parameter; extract: Extract }[]>();

/** All by which a resource is found, without doubles. */
export function indexEntries(resource: { readonly resourceType: string }): IndexEntry[] {
  const { resourceType } = resource;
  let extracts = extractsByType.get(resourceType);
  if (!extracts) {
    extracts = [...parametersOf(resourceType).values()].map((parameter) => ({
      parameter,
      extract: compile(resourceType, parameter.expression),
    }));
    extractsByType.set(resourceType, extracts);
  }
  const entries = new Map<string, IndexEntry>();
  for (const { parameter, extract } of extracts) {
    for (const value of extract(resource)) {
      for (const entry of entriesOf[parameter.type](value)) {
        const key = `${parameter.code}\n${entry.text}\n${entry.system}\n${entry.low}\n${entry.high}`;
        entries.set(key, { parameter: parameter.code, ...entry });
      }
    }
  }
  return [...entries.values()];
}

/** A string as it is compared: without accents, in lower case. */
export function normalized(text: string): string {
  return text.normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase();
}

const entriesOf: Record<Parameter['type'], (value: unknown) => readonly Entry[]> = {
  token,
  reference,
  date,
  string,
  uri: (value) => (typeof value === 'string' ? [{ text: value }] : []),
  quantity,
  number: (value) => (typeof value === 'number' ? [{ low: value, high: value }] : []),
};

function token(value: unknown): readonly Entry[] {
  if (!isElement(value)) return [{ text: String(value), system: '' }];
  if (Array.isArray(value.coding)) return value.coding.flatMap(token);
  // Coding has a code; Identifier and ContactPoint have a value, the latter with a kind of number as system.
  const text = textOf(value.code) ?? textOf(value.value);
  return text === undefined ? [] : [{ text, system: textOf(value.system) ?? '' }];
}

function reference(value: unknown): readonly Entry[] {
  const text = isElement(value) ? textOf(value.reference) : textOf(value);
  // A contained resource (`#1`) is found with its container only.
  return text === undefined || text.startsWith('#') ? [] : [{ text: text.replace(/\/_history\/[^/]+$/, '') }];
}

function date(value: unknown): readonly Entry[] {
  if (typeof value === 'string') {
    const range = timeRange(value);
    return range ? [{ low: range.low, high: range.high }] : [];
  }
  if (!isElement(value)) return [];
  if (Array.isArray(value.event)) return value.event.flatMap(date);
  const [start, end] = [textOf(value.start), textOf(value.end)];
  if (start === undefined && end === undefined) return [];
  const low = start === undefined ? earliest : timeRange(start)?.low;
  const high = end === undefined ? latest : timeRange(end)?.high;
  return low === undefined || high === undefined ? [] : [{ low, high }];
}

function string(value: unknown): readonly Entry[] {
  if (typeof value === 'string') return [{ text: normalized(value), system: value }];
  // HumanName and Address: each of their texts, but not the codes of their use and type.
  if (!isElement(value)) return [];
  return Object.entries(value).flatMap(([key, part]) =>
    ['use', 'type', 'period', 'extension', 'id'].includes(key) ? [] : [part].flat().flatMap(string),
  );
}

function quantity(value: unknown): readonly Entry[] {
  if (!isElement(value) || typeof value.value !== 'number') return [];
  const text = textOf(value.code) ?? textOf(value.unit) ?? textOf(value.currency) ?? '';
  return [{ low: value.value, high: value.value, text, system: textOf(value.system) ?? '' }];
}

function isElement(value: unknown): value is Element {
  return typeof value === 'object' && value !== null;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
