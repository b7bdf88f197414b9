/** Where a step says what operators must know; an `InvocationContext` of Azure Functions is one. Never holds PHI. */
export interface StepLog {
  info(line: string): void;
  warn(line: string): void;
  error(line: string): void;
}
