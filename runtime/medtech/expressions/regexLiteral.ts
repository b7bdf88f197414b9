/**
 * A filter's `/pattern/flags`. JavaScript has no time limit for regular expressions, so patterns that can take time
 * beyond all bounds on a hostile message are refused: an unbounded repetition of a group that itself repeats or
 * branches, and back references.
 *
 * @throws Error that says what is wrong with the pattern.
 */
export function compileRegexLiteral(pattern: string, flags: string): RegExp {
  for (const flag of flags) {
    if (!'imsx'.includes(flag)) throw new Error(`Unexpected regular expression flag ${flag}; allowed are i, m, s, x`);
  }
  if (repeatsWithoutBound(pattern)) {
    throw new Error('A repeated group may not itself repeat or branch, and back references are not supported');
  }
  const kept = [...new Set(flags)].filter((flag) => flag !== 'x').join('');
  return new RegExp(pattern, kept);
}

function repeatsWithoutBound(pattern: string): boolean {
  const groups: boolean[] = [];
  let inClass = false;
  for (let index = 0; index < pattern.length; index++) {
    const character = pattern[index];
    if (character === '\\') {
      if (/[1-9k]/.test(pattern[index + 1] ?? '')) return true;
      index++;
    } else if (inClass) inClass = character !== ']';
    else if (character === '[') inClass = true;
    else if (character === '(') groups.push(false);
    else if (character === ')') {
      const risky = groups.pop() ?? false;
      if (risky && /^(?:[*+]|\{\d*,)/.test(pattern.slice(index + 1))) return true;
      if (risky) markRisky(groups);
    } else if (character === '|' || character === '*' || character === '+' || character === '{') markRisky(groups);
  }
  return false;
}

function markRisky(groups: boolean[]): void {
  if (groups.length > 0) groups[groups.length - 1] = true;
}
