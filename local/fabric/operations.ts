import { randomUUID } from 'node:crypto';
import { AzureError } from '../contracts';
import type { Reply } from './reply';

interface Operation {
  readonly result?: object;
  readonly error?: { readonly errorCode: string; readonly message: string };
  /** Asked once already: the first time it is under way. */
  asked: boolean;
}

/** Long-running operations: each is said to be under way once, and then tells its end. */
export class Operations {
  private readonly operations = new Map<string, Operation>();

  /** Does the work now, and answers 202 with where its end is told. What is wrong is told there, too. */
  begin(work: () => object | undefined): Reply {
    const id = randomUUID();
    this.operations.set(id, { ...done(work), asked: false });
    return { status: 202, headers: { 'x-ms-operation-id': id, 'retry-after': '0' } };
  }

  state(id: string): Reply {
    const operation = this.find(id);
    const isOver = operation.asked;
    operation.asked = true;
    if (!isOver)
      return { status: 200, body: { status: 'Running', percentComplete: 50 }, headers: { 'retry-after': '0' } };
    const { error } = operation;
    return {
      status: 200,
      body: { status: error ? 'Failed' : 'Succeeded', percentComplete: 100, ...(error && { error }) },
    };
  }

  /** @throws AzureError 400 for one that gives nothing */
  result(id: string): Reply {
    const { result } = this.find(id);
    if (result) return { status: 200, body: result };
    throw new AzureError(400, 'OperationHasNoResult', `The operation '${id}' has no result.`);
  }

  private find(id: string): Operation {
    const operation = this.operations.get(id);
    if (operation) return operation;
    throw new AzureError(404, 'OperationNotFound', `There is no operation '${id}'.`);
  }
}

function done(work: () => object | undefined): Pick<Operation, 'result' | 'error'> {
  try {
    return { result: work() };
  } catch (error) {
    if (error instanceof AzureError) return { error: { errorCode: error.code, message: error.message } };
    throw error;
  }
}
