import { DefaultAzureCredential } from '@azure/identity';
import { deadLettersCommand } from './deadLetters/command';

/** `npx azure-iomt-dead-letters`: see `deadLetters/options.ts` for what it takes. */
deadLettersCommand(process.argv.slice(2), new DefaultAzureCredential(), {
  say: (line) => process.stdout.write(`${line}\n`),
  complain: (line) => process.stderr.write(`${line}\n`),
}).then((code) => {
  process.exitCode = code;
});
