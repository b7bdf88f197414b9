/** The first day that a zip can hold. Zips hold local time, so the date is given as the local one. */
const firstDay = new Date(1980, 0, 1);
/** Unix, and a plain file that everybody reads (`-rw-r--r--`), as the upper half of a zip's external attributes. */
const unix = 3;
const plainFile = (0o100644 << 16) >>> 0;

/**
 * A zip that depends on names and contents alone: members in the order of their names, one date, one mode. So the same
 * files are the same package, wherever and by whomever it is made.
 */
export async function zipOf(files: Readonly<Record<string, Uint8Array | string>>): Promise<Uint8Array> {
  // Loaded when used: the program itself, which runs at every preview, never needs it.
  const { zipSync } = await import('fflate');
  const names = Object.keys(files).sort();
  const members = names.map((name) => [name, bytesOf(files[name] ?? '')] as const);
  return zipSync(Object.fromEntries(members), { level: 9, mtime: firstDay, os: unix, attrs: plainFile });
}

function bytesOf(content: Uint8Array | string): Uint8Array {
  return typeof content === 'string' ? new TextEncoder().encode(content) : content;
}
