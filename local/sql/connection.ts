import type { TLSSocket } from 'node:tls';
import { AzureError } from '../contracts';
import { runCall } from './calls';
import { Batch } from './engine/batch';
import type { Session } from './engine/session';
import { Variables } from './engine/variables';
import { errors, SqlError } from './sqlError';
import { type Login, preloginAnswer, readLogin } from './tds/login';
import { type Message, MessageReader, messageType, packetsOf } from './tds/packets';
import { readBatch, readCall, readTransactionRequest } from './tds/requests';
import { Tokens } from './tds/tokens';

/** What a connection asks of its server. */
export interface Door {
  /** As clients name the server. */
  readonly serverName: string;
  /** @throws SqlError 18456, 4060, 40613 */
  logIn(login: Login): Promise<Session>;
}

const firstPacketBytes = 4096;

/** One client: greeting, login, and then one request after the other. */
export class Connection {
  private readonly reader = new MessageReader();
  private session: Session | undefined;
  private packetBytes = firstPacketBytes;
  private tail: Promise<void> = Promise.resolve();
  private current: AbortController | undefined;
  /** Names the transaction that is open to the client. */
  private descriptor = Buffer.alloc(8);
  private lastTransaction = 0n;
  private readonly prepared = new Map<number, { sql: string; declared: string }>();

  constructor(
    private readonly socket: TLSSocket,
    private readonly door: Door,
  ) {
    socket.on('data', (chunk: Buffer) => this.take(chunk));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.end());
  }

  get databaseName(): string | undefined {
    return this.session?.database.name;
  }

  destroy(): void {
    this.socket.destroy();
  }

  /** Settles when nothing of this client runs any more. */
  async closed(): Promise<void> {
    await this.tail;
  }

  private end(): void {
    this.current?.abort();
    this.tail = this.tail.then(() => {
      this.session?.close();
      this.session = undefined;
    });
  }

  private take(chunk: Buffer): void {
    let messages: Message[];
    try {
      messages = this.reader.push(chunk);
    } catch {
      this.socket.destroy();
      return;
    }
    for (const message of messages) {
      if (message.type === messageType.attention) this.current?.abort();
      this.tail = this.tail.then(() => this.answer(message)).catch(() => this.destroy());
    }
  }

  private async answer(message: Message): Promise<void> {
    if (this.socket.destroyed) return;
    switch (message.type) {
      case messageType.prelogin:
        this.send(preloginAnswer());
        return;
      case messageType.login:
        await this.logIn(message.data);
        return;
      case messageType.attention:
        this.send(this.tokens().attentionDone());
        return;
      default:
        await this.request(message);
    }
  }

  private send(data: Buffer): void {
    this.socket.write(packetsOf(data, this.packetBytes, this.session?.spid ?? 0));
  }

  private tokens(isCall = false): Tokens {
    return new Tokens(this.door.serverName, isCall);
  }

  private async logIn(data: Buffer): Promise<void> {
    try {
      const login = readLogin(data);
      this.session = await this.door.logIn(login);
      const tokens = this.tokens().databaseChanged(this.session.database.name).collationChanged();
      tokens.loginAck(login.tdsVersion).featureAck().packetSizeChanged(login.packetBytes, firstPacketBytes);
      this.send(tokens.end());
      this.packetBytes = login.packetBytes;
    } catch (error) {
      const known = error instanceof SqlError ? error : errors.loginFailed();
      this.send(this.tokens().error(known).end(true));
      this.socket.end();
    }
  }

  private async request(message: Message): Promise<void> {
    const { session } = this;
    if (!session) {
      this.socket.destroy();
      return;
    }
    const tokens = this.tokens(message.type === messageType.rpc);
    if (message.resets) {
      session.reset();
      this.descriptor = Buffer.alloc(8);
      tokens.wasReset();
    }
    this.current = new AbortController();
    session.signal = this.current.signal;
    const before = session.transactionDepth > 0;
    let hasFailed = false;
    try {
      if (!message.isIgnored) hasFailed = await this.run(session, message, tokens);
    } catch (error) {
      hasFailed = true;
      tokens.error(asSqlError(error)).statementFailed();
    } finally {
      this.current = undefined;
      session.signal = undefined;
    }
    this.tellTransaction(session, before, tokens);
    this.send(tokens.end(hasFailed));
  }

  private async run(session: Session, { type, data }: Message, tokens: Tokens): Promise<boolean> {
    const { statistics } = session.database;
    switch (type) {
      case messageType.sqlBatch:
        statistics.batches++;
        return new Batch(session, tokens, new Variables((name) => session.global(name))).run(readBatch(data));
      case messageType.rpc:
        statistics.calls++;
        return runCall(session, readCall(data), tokens, this.prepared);
      case messageType.transaction:
        await this.transaction(session, data);
        return false;
      default:
        throw new SqlError(
          50_999,
          `The local cloud's SQL does not do messages of the type ${type}: there is no bulk load.`,
        );
    }
  }

  private async transaction(session: Session, data: Buffer): Promise<void> {
    const request = readTransactionRequest(data);
    switch (request.kind) {
      case 'begin':
        if (request.isSerializable !== undefined) session.isSerializable = request.isSerializable;
        session.begin();
        return;
      case 'commit':
        session.commit();
        return;
      case 'save':
        await session.save(request.name);
        return;
      case 'rollback':
        if (request.name !== '' && session.transactionDepth > 0) session.rollbackTo(request.name);
        else session.rollback();
    }
  }

  /** Clients are told when a transaction begins and ends, whatever did it. */
  private tellTransaction(session: Session, wasOpen: boolean, tokens: Tokens): void {
    const isOpen = session.transactionDepth > 0;
    if (isOpen === wasOpen) return;
    if (isOpen) {
      this.descriptor = Buffer.alloc(8);
      this.descriptor.writeBigUInt64LE(++this.lastTransaction);
      tokens.began(this.descriptor);
    } else {
      if (session.wasRolledBack) tokens.rolledBack(this.descriptor);
      else tokens.committed(this.descriptor);
      this.descriptor = Buffer.alloc(8);
    }
  }
}

function asSqlError(error: unknown): SqlError {
  if (error instanceof SqlError) return error;
  if (error instanceof AzureError) return new SqlError(50_998, error.message);
  return new SqlError(50_998, `The local cloud's SQL failed: ${String(error)}`);
}
