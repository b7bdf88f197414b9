import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { zipSync } from 'fflate';

/**
 * Makes a wheel of one module with the entry point `main`.
 * @param folder where it is written
 * @returns its path
 */
export function makeWheel(folder: string, packageName: string, source: string): string {
  const module = packageName.replaceAll('-', '_');
  const info = `${module}-1.0.dist-info`;
  const files: Record<string, string> = {
    [`${module}/__init__.py`]: source,
    [`${info}/METADATA`]: `Metadata-Version: 2.1\nName: ${packageName}\nVersion: 1.0\n`,
    [`${info}/WHEEL`]: 'Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n',
    [`${info}/entry_points.txt`]: `[console_scripts]\nrun = ${module}:main\n`,
  };
  const record = Object.entries(files).map(
    ([name, text]) => `${name},sha256=${createHash('sha256').update(text).digest('base64url')},${text.length}`,
  );
  files[`${info}/RECORD`] = `${record.join('\n')}\n${info}/RECORD,,\n`;
  const path = join(folder, `${module}-1.0-py3-none-any.whl`);
  const entries = Object.entries(files).map(([name, text]) => [name, Buffer.from(text)] as const);
  writeFileSync(path, zipSync(Object.fromEntries(entries)));
  return path;
}
