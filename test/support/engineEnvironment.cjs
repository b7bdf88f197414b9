const { TestEnvironment } = require('jest-environment-node');

/**
 * Node, and what the engine's SDK leaves behind when a deployment is refused: components that were about to register
 * their outputs find the engine gone, and the SDK lets that be an unhandled rejection, sometimes after the refusal has
 * been told. In a process of its own it would be nothing; in this one it would be laid upon whatever test is running.
 */
module.exports = class extends TestEnvironment {
  handleTestEvent({ name, error, promise }) {
    if (name === 'error' && error?.message === 'Resource monitor is terminating') promise?.catch(() => {});
  }
};
