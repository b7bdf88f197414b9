import { lineLog } from './core/log';
import { defaultStateFolder, StateFolder } from './core/state';
import { setUpSpark } from './databricks/setup';
import { Ending } from './ending';
import { stackName } from './localStack';
import { MainJob } from './mainJob';
import { OptionsError, parseOptions, requireOutagesWithin, usage } from './options';
import { RecordingError, readRecording } from './replay/csv';

/** Exit codes of `npm start`, beside 0. */
const exitCodes = { lossesOrFailure: 1, badInput: 2, interrupted: 130 } as const;

/** `npm start`: the local cloud, the stack `local` in it, a replay and its verdict. */
async function main(argv: readonly string[]): Promise<number> {
  const options = parseOptions(argv);
  if (options.help) {
    process.stdout.write(usage);
    return 0;
  }
  const log = lineLog();
  // What is wrong with the recording is said before anything starts.
  const recording = await readRecording(options.files);
  requireOutagesWithin(options, (recording.rows.at(-1)?.offsetMs ?? 0) / 60_000);
  if (options.scoring === 'databricks' && !setUpSpark()) return exitCodes.badInput;
  const state = StateFolder.open(options.state ?? defaultStateFolder(stackName));
  if (options.reset) state.forget();
  const ending = new Ending(log);
  try {
    const job = new MainJob(options, recording, state, ending, log);
    const ended = await Promise.race([job.run(), ending.asked]);
    if (ended === 'ended') return options.exit ? exitCodes.interrupted : 0;
    if (options.exit) return ended === 'good' ? 0 : exitCodes.lossesOrFailure;
    log.info('The replay is through; the local cloud goes on until Ctrl-C.');
    await ending.asked;
    return 0;
  } finally {
    await ending.closeAll();
    state.release();
  }
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
    const isInput = error instanceof OptionsError || error instanceof RecordingError;
    process.exit(isInput ? exitCodes.badInput : exitCodes.lossesOrFailure);
  },
);
