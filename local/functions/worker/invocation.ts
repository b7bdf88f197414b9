import type { App, RegisteredFunction } from './app';
import type { CoreInvocationContext, InvocationRequest, LogLevel, RpcTypedData } from './rpc';

/** What a function logs, with where it comes from. */
export interface LogLine {
  readonly level: LogLevel;
  readonly message: string;
  readonly invocationId: string;
  readonly functionName: string;
  /** `user` for what the function's own code logs. */
  readonly category: string;
}

/**
 * Calls a function once as the Node.js worker does: arguments by the app's programming model, hooks before and after
 * (`src/eventHandlers/InvocationHandler.ts` of Azure/azure-functions-nodejs-worker).
 * @returns what the programming model makes of the handler's result
 * @throws what the handler throws, or the hooks leave as its error
 */
export async function invoke(
  app: App,
  { metadata, callback }: RegisteredFunction,
  request: InvocationRequest,
  log: (line: LogLine) => void,
): Promise<RpcTypedData | null | undefined> {
  if (app.model === undefined) throw new Error('No programming model is set.');
  const core: CoreInvocationContext = {
    invocationId: request.invocationId,
    request,
    metadata,
    log: (level, category, message) =>
      log({ level, category, message, invocationId: request.invocationId, functionName: metadata.name }),
  };
  const model = app.model.getInvocationModel(core);
  const { context: invocationContext, inputs } = await model.getArguments();
  const shared = { hookData: {}, appHookData: app.hookData, invocationContext };

  core.state = 'preInvocationHooks';
  const before = { ...shared, functionCallback: callback, inputs };
  await app.runHooks('preInvocation', before);

  core.state = 'invocation';
  const after = { ...shared, inputs: before.inputs, result: null as unknown, error: null as unknown };
  try {
    after.result = await model.invokeFunction(invocationContext, before.inputs, before.functionCallback);
  } catch (error) {
    // A handler may throw what is no error, `undefined` too.
    after.error = error instanceof Error ? error : new Error(String(error));
  }
  core.state = 'postInvocationHooks';
  await app.runHooks('postInvocation', after);
  if (after.error !== null && after.error !== undefined) throw after.error;
  return (await model.getResponse(invocationContext, after.result)).returnValue;
}
