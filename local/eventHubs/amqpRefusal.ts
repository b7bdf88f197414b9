import { AzureError } from '../contracts';

/** What is told to an AMQP client when a link, message or request is refused; conditions are Event Hubs' own. */
export class AmqpRefusal extends Error {
  constructor(
    readonly condition: string,
    readonly description: string,
  ) {
    super(`${condition}: ${description}`);
    this.name = 'AmqpRefusal';
  }

  static from(error: unknown): AmqpRefusal {
    if (error instanceof AmqpRefusal) return error;
    if (error instanceof AzureError) return new AmqpRefusal(conditionOf(error.status), error.message);
    return new AmqpRefusal('amqp:internal-error', error instanceof Error ? error.message : String(error));
  }

  /** For the answers of $cbs and $management, which carry an HTTP status. */
  get status(): number {
    if (this.condition === 'amqp:unauthorized-access') return 401;
    if (this.condition === 'amqp:not-found') return 404;
    return this.condition === 'amqp:internal-error' ? 500 : 400;
  }
}

/** Event Hubs' own words for what does not exist: the SDKs look for them. */
export function entityNotFound(entity: string, why: string): AmqpRefusal {
  return new AmqpRefusal('amqp:not-found', `The messaging entity '${entity}' could not be found: ${why}.`);
}

function conditionOf(status: number): string {
  if (status === 401 || status === 403) return 'amqp:unauthorized-access';
  return status === 404 ? 'amqp:not-found' : 'amqp:internal-error';
}
