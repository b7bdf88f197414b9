import type { Log } from '../contracts';

/**
 * Lines with the time of day on standard error, so that standard output stays free for results.
 * @param quiet leaves out what is only information; warnings are always written
 */
export function lineLog(quiet = false): Log {
  const write = (kind: string, message: string) =>
    process.stderr.write(`${new Date().toISOString().slice(11, 23)} ${kind}${message}\n`);
  return {
    info: (message) => {
      if (!quiet) write('', message);
    },
    warn: (message) => {
      write('warning: ', message);
    },
  };
}
