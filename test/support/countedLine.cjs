const { writeFileSync } = require('node:fs');

/** Closes a run with what took long, what did not run and why, and the counted line. */
module.exports = class CountedLine {
  onRunComplete(_contexts, results) {
    const suites = results.testResults
      .map((suite) => ({ path: suite.testFilePath, seconds: (suite.perfStats.end - suite.perfStats.start) / 1000 }))
      .sort((a, b) => b.seconds - a.seconds);
    for (const { path, seconds } of suites.slice(0, 8))
      console.log(`${seconds.toFixed(1).padStart(7)} s  ${path.split('/').pop()}`);

    // A suite that cannot even be loaded runs no test, and is a failure all the same.
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    const line = `tests: ${results.numPassedTests} passed, ${failed} failed, ${results.numPendingTests} skipped`;
    console.log(line);
    if (process.env.COUNTED_LINE_FILE) writeFileSync(process.env.COUNTED_LINE_FILE, `${line}\n`);
  }
};
