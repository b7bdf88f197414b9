/** Packages that ship ES modules only; jest loads CommonJS, so swc turns them into it. */
const esModulesOnly = ['aedes', 'aedes-packet', 'aedes-persistence', 'fhir-kit-client', 'jose', 'kysely'];

const typescript = {
  jsc: { target: 'es2022', parser: { syntax: 'typescript', decorators: true }, transform: { decoratorMetadata: true } },
  module: { type: 'commonjs' },
};

/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: '<rootDir>/test/support/engineEnvironment.cjs',
  roots: ['<rootDir>/test'],
  transform: { '^.+\\.(t|j)sx?$': ['@swc/jest', typescript] },
  transformIgnorePatterns: [`/node_modules/(?!(${esModulesOnly.join('|')})/)`],
  // Its exports name no CommonJS way in.
  moduleNameMapper: { '^fhir-kit-client$': '<rootDir>/node_modules/fhir-kit-client/dist/index.js' },
  // Whole stacks come up in some tests, on machines that do other things as well.
  testTimeout: 400_000,
  maxWorkers: 2,
  // A Pulumi program brings the types of all of Azure: a worker that has run some of them is begun anew.
  workerIdleMemoryLimit: '1500MB',
  reporters: ['default', '<rootDir>/test/support/countedLine.cjs'],
};
