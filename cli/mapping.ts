import { parseOptions, usage } from './mapping/options';
import { printed } from './mapping/print';
import { tryOut } from './mapping/report';
import { watchFiles, watchProblem } from './mapping/watch';

/**
 * `azure-iomt-mapping`: shows what a device mapping and a FHIR mapping make of sample messages, or what is wrong with
 * which of them. Needs no Azure. Exit code 0: no problem; 1: problems; 2: the command was not understood.
 */
async function main(args: readonly string[]): Promise<number> {
  const { options, problems } = parseOptions(args);
  if (problems.length > 0) {
    for (const problem of problems) console.error(problem);
    return 2;
  }
  if (options.help) {
    console.log(usage);
    return 0;
  }
  const once = (): number => {
    const report = tryOut(options);
    console.log(options.json ? JSON.stringify(report, null, 2) : printed(report));
    return report.problems.some((problem) => problem.level === 'error') ? 1 : 0;
  };
  if (!options.watch) return once();
  // Watching begins before the first run, so that no change falls between the two.
  const files = [options.device, options.fhir, options.messages].filter((file) => file !== undefined);
  const unwatched = files.map(watchProblem).filter((problem) => problem !== undefined);
  if (unwatched.length > 0) {
    for (const problem of unwatched) console.error(problem);
    return 2;
  }
  const watching = watchFiles(files, once);
  once();
  await watching;
  return 0;
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    console.error(error);
    process.exitCode = 2;
  },
);
