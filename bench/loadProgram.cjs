// Loads a Pulumi program from TypeScript as Pulumi's Node.js runtime does (its ts-node, the stack's tsconfig), with mocks
// in place of an engine, and prints the CPU seconds of the whole process: once the program is loaded, which is when its
// module is evaluated and every resource constructed, and once all resources are registered.
const { writeSync } = require('node:fs');
const { dirname, join, resolve } = require('node:path');

const [program, tsconfig] = process.argv.slice(2);
const sdk = dirname(require.resolve('@pulumi/pulumi/package.json'));
const { loadTypeScriptCompilerOptions, typeScriptRequireStrings } = require(join(sdk, 'tsutils.js'));

const compilerOptions = loadTypeScriptCompilerOptions(tsconfig);
const { tsnodeRequire, typescriptRequire } = typeScriptRequireStrings();
require(tsnodeRequire.startsWith('.') ? join(sdk, tsnodeRequire) : tsnodeRequire).register({
  compiler: typescriptRequire,
  transpileOnly: compilerOptions.noCheck,
  project: tsconfig,
  compilerOptions: { target: 'ES2020', sourceMap: 'true', ...compilerOptions },
});

const pulumi = require('@pulumi/pulumi');
const { mocks } = require('../test/support/registered');
const registered = [];
pulumi.runtime.setMocks(
  mocks((resource) => registered.push(resource)),
  'hospital',
  'bench',
  false,
);
pulumi.runtime.setAllConfig(JSON.parse(process.env.PROGRAM_CONFIG ?? '{}'));

require(resolve(program));
const loadedCpuSeconds = cpuSeconds();
process.on('exit', () => {
  print(`${JSON.stringify({ loadedCpuSeconds, registeredCpuSeconds: cpuSeconds(), registered })}\n`);
});

/** All of it, before the process ends: who reads takes a part at a time, and nothing is written any more afterwards. */
function print(text) {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(1, bytes, at);
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error;
    }
  }
}

function cpuSeconds() {
  const { userCPUTime, systemCPUTime } = process.resourceUsage();
  return (userCPUTime + systemCPUTime) / 1e6;
}
