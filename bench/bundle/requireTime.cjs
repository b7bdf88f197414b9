/** Loads a package as the Functions worker does, which brings `@azure/functions-core`, and prints the milliseconds. */
const Module = require('node:module');

const core = { registerFunction() {}, registerHook() {}, setProgrammingModel() {}, getProgrammingModel: () => ({}) };
const load = Module._load;
Module._load = (name, ...others) => (name === '@azure/functions-core' ? core : load(name, ...others));

const before = performance.now();
require(process.argv[2]);
console.log(performance.now() - before);
process.exit(0);
