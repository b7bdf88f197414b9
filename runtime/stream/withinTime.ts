import { createContext, Script } from 'node:vm';

/** Node can only interrupt what was started from a script; this one does nothing but start the work. */
const script = new Script('work()');
const box: { work?: () => void } = {};
createContext(box);

/**
 * What some synchronous work gives, or `undefined` when it took longer than that and was interrupted, wherever it was (in a
 * loop, in a regular expression). Only for work that leaves nothing half done behind. Costs about 0.1 ms.
 */
export function withinTime<T>(milliseconds: number, work: () => T): T | undefined {
  let result: T | undefined;
  box.work = () => {
    result = work();
  };
  try {
    script.runInContext(box, { timeout: milliseconds });
    return result;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return undefined;
    throw error;
  } finally {
    delete box.work;
  }
}
