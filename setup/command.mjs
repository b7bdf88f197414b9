import { spawn, spawnSync } from 'node:child_process';

/** Runs a command; resolves with its exit code and what it printed last, and tells each line as it comes. */
export function run(command, args, { env = process.env, cwd, onLine = () => {} } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env, cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    const last = [];
    let rest = '';
    const take = (chunk) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        last.push(line);
        if (last.length > 100) last.shift();
        onLine(line);
      }
    };
    child.stdout.setEncoding('utf8').on('data', take);
    child.stderr.setEncoding('utf8').on('data', take);
    child.on('error', reject);
    child.on('close', (code) => resolve({ code: code ?? 1, tail: [...last, rest].join('\n').trim() }));
  });
}

/** What a command prints, or undefined when it is not there or fails. */
export function output(command, args, env = process.env) {
  const result = spawnSync(command, args, { env, encoding: 'utf8', timeout: 30_000 });
  return result.status === 0 ? result.stdout.trim() : undefined;
}
