import type { WindowResult } from '../contracts/scored';

/**
 * What a result says, as text: two results with the same text are the same to a reader. Independent of the order of members,
 * of who computed it, and of revision and `corrected`, which say how it was sent.
 */
export function contentOf(result: WindowResult): string {
  const { kind, revision, corrected, ...content } = result as WindowResult & Record<string, unknown>;
  return stableJson(content);
}

/** Whether no new revision is due. */
export function sameContent(one: WindowResult, other: WindowResult): boolean {
  return contentOf(one) === contentOf(other);
}

/** JSON with the members of every object in the order of their names. */
export function stableJson(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([one], [other]) => (one < other ? -1 : 1)))
      : member,
  );
}
