import {
  closeSync,
  existsSync,
  ftruncateSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
  writeSync,
} from 'node:fs';

/** A document as LokiJS keeps it. */
interface LokiDocument {
  readonly $loki: number;
}

interface LokiChange {
  /** Name of the collection. */
  readonly name: string;
  /** Insert, update, remove. */
  readonly operation: 'I' | 'U' | 'R';
  readonly obj: LokiDocument;
}

export interface LokiCollection {
  readonly name: string;
  setChangesApi(enabled: boolean): void;
  ensureAllIndexes(force: boolean): void;
  insert(document: object): void;
  remove(document: object): void;
  by(uniqueIndex: string, value: string): object | null | undefined;
  find(query: object): object[];
}

/** What is used of a LokiJS database. */
export interface LokiDatabase {
  autosave: boolean;
  autosaveDisable(): void;
  readonly collections: LokiCollection[];
  getCollection(name: string): LokiCollection | null;
  addCollection(name: string, options: object): LokiCollection;
  generateChangesNotification(): LokiChange[];
  clearChanges(): void;
  serialize(): string;
}

/** The part of LokiJS's own file format that matters here. */
interface LokiSnapshot {
  collections: {
    name: string;
    data: LokiDocument[];
    idIndex: null;
    maxId: number;
    binaryIndices: Record<string, { dirty: boolean }>;
  }[];
}

/**
 * Makes a LokiJS database of Azurite durable. LokiJS writes its whole content every five seconds, so that what was
 * acknowledged in between is lost with the process, and the time that takes grows with the number of blobs. Here each
 * change is appended to a journal before it is acknowledged; the journal is folded into the whole when it gets long.
 */
export class LokiJournal {
  private readonly file: number;
  private length: number;

  private constructor(
    private readonly database: LokiDatabase,
    private readonly snapshotFile: string,
    journalFile: string,
    private readonly longest: number,
  ) {
    this.file = openSync(journalFile, 'a');
    this.length = 0;
  }

  /** Folds the journal of the last process into the database's file, before the database reads it. */
  static recover(snapshotFile: string): void {
    const journalFile = journalOf(snapshotFile);
    if (!existsSync(journalFile)) return;
    const changes = readChanges(journalFile);
    if (changes.length > 0) {
      if (!existsSync(snapshotFile)) throw new Error(`${snapshotFile} is missing beside its journal.`);
      const snapshot = JSON.parse(readFileSync(snapshotFile, 'utf8')) as LokiSnapshot;
      for (const collection of snapshot.collections) applyChanges(collection, changes);
      replaceFile(snapshotFile, JSON.stringify(snapshot));
    }
    writeFileSync(journalFile, '');
  }

  /**
   * Begins to follow a database that has been opened. All its collections must be there.
   * @param longest bytes of journal after which it is folded into the whole
   */
  static follow(database: LokiDatabase, snapshotFile: string, longest = 64 * 1024 * 1024): LokiJournal {
    database.autosaveDisable();
    database.autosave = false;
    replaceFile(snapshotFile, database.serialize());
    for (const collection of database.collections) {
      collection.ensureAllIndexes(true);
      collection.setChangesApi(true);
    }
    return new LokiJournal(database, snapshotFile, journalOf(snapshotFile), longest);
  }

  /** Makes durable what has changed since the last call. */
  flush(): void {
    const changes = this.database.generateChangesNotification();
    if (changes.length === 0) return;
    this.database.clearChanges();
    const lines = changes.map((change) => `${JSON.stringify(change)}\n`).join('');
    this.length += writeSync(this.file, lines);
    if (this.length > this.longest) this.fold();
  }

  close(): void {
    this.flush();
    closeSync(this.file);
  }

  /** A death between the two steps applies changes again that the snapshot already holds, which changes nothing. */
  private fold(): void {
    replaceFile(this.snapshotFile, this.database.serialize());
    ftruncateSync(this.file, 0);
    this.length = 0;
  }
}

function journalOf(snapshotFile: string): string {
  return `${snapshotFile}.journal`;
}

function replaceFile(file: string, content: string): void {
  writeFileSync(`${file}.tmp`, content);
  renameSync(`${file}.tmp`, file);
}

/** All complete lines; the last one may have been cut off by the death of the process, and was not acknowledged then. */
function readChanges(journalFile: string): LokiChange[] {
  const lines = readFileSync(journalFile, 'utf8').split('\n');
  lines.pop();
  return lines.map((line) => JSON.parse(line) as LokiChange);
}

function applyChanges(collection: LokiSnapshot['collections'][number], changes: readonly LokiChange[]): void {
  const documents = new Map(collection.data.map((document) => [document.$loki, document]));
  for (const change of changes) {
    if (change.name !== collection.name) continue;
    if (change.operation === 'R') documents.delete(change.obj.$loki);
    else documents.set(change.obj.$loki, change.obj);
    collection.maxId = Math.max(collection.maxId, change.obj.$loki);
  }
  // LokiJS finds a document by halving the distance: they must lie in the order of their ids.
  collection.data = [...documents.values()].sort((one, other) => one.$loki - other.$loki);
  for (const index of Object.values(collection.binaryIndices)) index.dirty = true;
}
