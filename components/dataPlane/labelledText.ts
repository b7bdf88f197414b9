/**
 * A text under a first line that no JSON and no YAML begins with. The engine takes such texts apart and compares lists by
 * position: one template put in front of a mapping would show all that follow as changed. This one it shows line by line.
 */
export function labelled(label: string, text: string): string {
  return `@@ ${label}\n${text}`;
}

/** The text without its label. */
export function unlabelled(labelledText: string): string {
  return labelledText.slice(labelledText.indexOf('\n') + 1);
}
