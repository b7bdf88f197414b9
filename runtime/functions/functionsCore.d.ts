/**
 * The module that the Node.js worker of Azure Functions injects into an app; it is in no package. Declared is what we use of
 * it, after `types-core/index.d.ts` of Azure/azure-functions-nodejs-worker.
 */
declare module '@azure/functions-core' {
  export function setProgrammingModel(model: ProgrammingModel): void;
  /** The model that was set last. */
  export function getProgrammingModel(): ProgrammingModel;

  export interface ProgrammingModel {
    name: string;
    version: string;
    getInvocationModel(coreContext: CoreInvocationContext): InvocationModel;
    getCapabilities?(capabilities: Record<string, string>): Promise<Record<string, string>>;
  }

  export interface CoreInvocationContext {
    invocationId: string;
    request: { triggerMetadata?: Record<string, RpcTypedData> | null };
  }

  export interface RpcTypedData {
    string?: string | null;
    json?: string | null;
  }

  export interface InvocationModel {
    getArguments(): Promise<{ context: object; inputs: unknown[] }>;
    invokeFunction(context: object, inputs: unknown[], callback: (...inputs: unknown[]) => unknown): Promise<unknown>;
    getResponse(context: object, result: unknown): Promise<unknown>;
  }
}
