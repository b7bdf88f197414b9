import type { Authority, Principal } from '../contracts';
import { entityPath } from './address';
import { AmqpRefusal } from './amqpRefusal';

/** Audiences of tokens for Event Hubs (Microsoft Entra ID, `https://eventhubs.azure.net/.default`). */
const audiences = ['https://eventhubs.azure.net', 'https://eventhubs.azure.net/'];

interface Claim {
  readonly token: string;
  readonly principal: Principal;
}

/** The tokens that one connection has put, by the entity for which they were put. */
export class Claims {
  readonly #claims = new Map<string, Claim>();

  constructor(private readonly authority: Authority) {}

  /**
   * Takes a token. @throws AmqpRefusal `amqp:unauthorized-access` when it is not valid or of a type that is not taken.
   */
  async put(audience: string, type: string, token: string): Promise<void> {
    if (type !== 'jwt') {
      throw new AmqpRefusal(
        'amqp:unauthorized-access',
        `Local authentication is not taken (token type '${type}'): connect with a token of Microsoft Entra ID, type 'jwt'.`,
      );
    }
    const principal = await this.#authenticate(token);
    this.#claims.set(entityPath(audience).toLowerCase(), { token, principal });
  }

  /** Who put a token for the entity or for what holds it. @throws AmqpRefusal when nobody has. */
  principalFor(path: string): Principal {
    return this.#claimFor(path).principal;
  }

  /** Same, with the token verified again: it may have expired since. */
  async renewedPrincipalFor(path: string): Promise<Principal> {
    return this.#authenticate(this.#claimFor(path).token);
  }

  #claimFor(path: string): Claim {
    for (let entity = path.toLowerCase(); ; entity = entity.slice(0, Math.max(0, entity.lastIndexOf('/')))) {
      const claim = this.#claims.get(entity);
      if (claim) return claim;
      if (entity === '') break;
    }
    throw new AmqpRefusal(
      'amqp:unauthorized-access',
      `No token has been put for '${path}' on this connection: send put-token to $cbs before the link attaches.`,
    );
  }

  async #authenticate(token: string): Promise<Principal> {
    try {
      return await this.authority.authenticate(token, audiences);
    } catch (error) {
      throw AmqpRefusal.from(error);
    }
  }
}
