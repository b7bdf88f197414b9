/**
 * A regular expression that takes bounded time. JavaScript has no time limit for one, so how many ways a pattern can try
 * is estimated when it is read, and what it may be tried on follows from that.
 */
export interface BoundedPattern {
  readonly pattern: RegExp;
  /** The most characters of a text that it may be tried on. */
  readonly longest: number;
  /** What trying it on so many characters costs at most, in steps of an evaluation. */
  steps(length: number): number;
}

/** The ways that one match may try: some hundredths of a second. */
const maxWays = 10_000_000;
const waysPerStep = 100;
const longestText = 4096;
const endsOfText: Readonly<Record<string, string>> = {
  '\\A': '(?<![^])',
  '\\z': '(?![^])',
  '\\Z': '(?=\\n?(?![^]))',
};
/** A pattern that cannot be tried on so many characters is of no use. */
const shortestUseful = 32;

/**
 * A filter's `/pattern/flags` in .NET's dialect, as far as JavaScript has it: options may stand before the pattern
 * (`(?i)`), `\A`, `\z` and `\Z` are the ends of the text, unknown flags have no meaning. Refused are an unbounded
 * repetition of a group that itself repeats or branches, back references, and patterns that repeat or branch too often
 * in a row.
 *
 * @throws Error that says what is wrong with the pattern.
 */
export function compileRegexLiteral(given: string, flags: string): BoundedPattern {
  const [options = '', inline = ''] = /^\(\?([imnsx]+)\)/.exec(given) ?? [];
  const kept = ['i', 'm', 's'].filter((flag) => `${flags}${inline}`.includes(flag)).join('');
  const pattern = given.slice(options.length).replace(/\\[\s\S]/g, (escaped) => endsOfText[escaped] ?? escaped);
  const regex = new RegExp(pattern, kept);
  const freedom = freedomOf(pattern);
  if (freedom === undefined) {
    throw new Error('A repeated group may not itself repeat or branch, and back references are not supported');
  }
  const { choices, repetitions } = freedom;
  const degree = repetitions + (pattern.startsWith('^') && !pattern.includes('|') && !kept.includes('m') ? 0 : 1);
  const longest = Math.min(longestText, Math.floor((maxWays / choices) ** (1 / Math.max(1, degree))));
  if (longest < shortestUseful) {
    throw new Error('The regular expression repeats or branches too often to be tried in bounded time');
  }
  const steps = (length: number) => Math.ceil((choices * Math.min(length, longest) ** degree) / waysPerStep);
  return { pattern: regex, longest, steps };
}

/** How often a pattern or a group of it can go one way or another. */
interface Freedom {
  /** Product of the alternatives and of the widths of bounded repetitions. */
  readonly choices: number;
  /** Unbounded repetitions. */
  readonly repetitions: number;
}

const none: Freedom = { choices: 1, repetitions: 0 };
const quantifier = /^(?:([*+?])|\{(\d+)(,?)(\d*)\})[?+]?/;

/** What has been read of a group that is still open, and of its alternatives. */
interface OpenGroup {
  readonly before: Freedom;
  readonly alternatives: number;
}

/** undefined when a group is repeated that repeats or branches itself, and for a back reference. */
function freedomOf(pattern: string): Freedom | undefined {
  const open: OpenGroup[] = [];
  let current = none;
  let alternatives = 1;
  let inClass = false;
  for (let index = 0; index < pattern.length; index++) {
    const character = pattern[index];
    let last = none;
    if (character === '\\') {
      if (/[1-9k]/.test(pattern[index + 1] ?? '')) return undefined;
      index++;
    } else if (inClass) inClass = character !== ']';
    else if (character === '[') inClass = true;
    else if (character === '(') {
      open.push({ before: current, alternatives });
      [current, alternatives] = [none, 1];
      if (pattern[index + 1] === '?') index++;
      continue;
    } else if (character === '|') {
      alternatives++;
      continue;
    } else if (character === ')') {
      last = both(current, { choices: alternatives, repetitions: 0 });
      ({ before: current, alternatives } = open.pop() ?? { before: none, alternatives: 1 });
    }
    const repeated = inClass ? null : quantifier.exec(pattern.slice(index + 1));
    const whole = repeated === null ? last : repeat(last, repeated);
    if (whole === undefined) return undefined;
    current = both(current, whole);
    index += repeated?.[0].length ?? 0;
  }
  return both(current, { choices: alternatives, repetitions: 0 });
}

function both(a: Freedom, b: Freedom): Freedom {
  return { choices: a.choices * b.choices, repetitions: a.repetitions + b.repetitions };
}

function repeat(inside: Freedom, [, sign, from = '', comma = '', to = '']: RegExpExecArray): Freedom | undefined {
  const unbounded = sign === '*' || sign === '+' || (comma !== '' && to === '');
  if (unbounded) return isFixed(inside) ? { choices: 1, repetitions: 1 } : undefined;
  const most = sign === '?' ? 1 : Number(comma === '' ? from : to);
  const widths = sign === '?' ? 2 : comma === '' ? 1 : most - Number(from) + 1;
  return { choices: inside.choices ** most * Math.max(1, widths), repetitions: inside.repetitions * most };
}

function isFixed({ choices, repetitions }: Freedom): boolean {
  return choices === 1 && repetitions === 0;
}
