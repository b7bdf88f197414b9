/** Set-up speaks on stderr, so that `--json` output on stdout stays clean. */

const started = Date.now();

export function say(text) {
  process.stderr.write(`setup ${elapsed(started)}  ${text}\n`);
}

/** What is missing and cannot be set up: one sentence with the remedy, no stack. */
export class SetupError extends Error {}

export function elapsed(since) {
  const seconds = Math.round((Date.now() - since) / 1000);
  return `${String(Math.floor(seconds / 60)).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')}`;
}

/** Runs `work` and says every ten seconds how far it is. */
export async function withProgress(how, work) {
  const timer = setInterval(() => say(how()), 10_000);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}
