import type { ScoreSnapshot } from '../snapshot';

const reasons: Readonly<Record<string, string>> = {
  underSixteen: 'under 16',
  pregnant: 'pregnancy',
  spinalCordInjury: 'spinal cord injury',
};

export function notApplicableText(why: readonly string[]): string {
  return `not applicable: ${why.map((one) => reasons[one] ?? one).join(', ')}`;
}

/** With parts missing never "low", since it may be more. */
export function scoreText({ atLeast, atMost, band, complete }: Omit<ScoreSnapshot, 'known'>): string {
  if (complete) return `${atLeast} ${band}`;
  return `${atLeast} to ${atMost} ${band === 'low' ? 'incomplete' : `at least ${band}`}`;
}
