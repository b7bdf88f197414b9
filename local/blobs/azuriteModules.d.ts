// Azurite ships no types and no public API: its version is pinned, and this is all that is used of it.

declare module 'azurite/dist/src/blob/persistence/LokiBlobMetadataStore' {
  export default class LokiBlobMetadataStore {
    constructor(databaseFile: string, inMemory: boolean);
    readonly db: import('./journal').LokiDatabase;
    init(): Promise<void>;
    close(): Promise<void>;
  }
}

declare module 'azurite/dist/src/common/persistence/LokiExtentMetadataStore' {
  export default class LokiExtentMetadataStore {
    constructor(databaseFile: string, inMemory: boolean);
    readonly db: import('./journal').LokiDatabase;
    init(): Promise<void>;
    close(): Promise<void>;
    updateExtent(extent: {
      id: string;
      locationId: string;
      path: string;
      size: number;
      lastModifiedInMS: number;
    }): Promise<void>;
    deleteExtent(id: string): Promise<void>;
  }
}

declare module 'azurite/dist/src/common/persistence/FSExtentStore' {
  export default class FSExtentStore {
    constructor(
      metadata: object,
      locations: readonly { locationId: string; locationPath: string; maxConcurrency: number }[],
      logger: object,
    );
    init(): Promise<void>;
    close(): Promise<void>;
  }
}

declare module 'azurite/dist/src/blob/gc/BlobGCManager' {
  export default class BlobGCManager {
    constructor(blobs: object, extents: object, extentStore: object, onError: (error: Error) => void, logger: object);
    start(): Promise<void>;
    close(): Promise<void>;
  }
}

declare module 'azurite/dist/src/blob/BlobRequestListenerFactory' {
  export default class BlobRequestListenerFactory {
    constructor(
      metadataStore: object,
      extentStore: object,
      accounts: { getAccount(name: string): { name: string; key1: Buffer } },
      enableAccessLog: boolean,
      accessLog: undefined,
      loose: boolean,
      skipApiVersionCheck: boolean,
      oauth: undefined,
      pathStyleOnly: boolean,
    );
    createRequestListener(): import('node:http').RequestListener;
  }
}

declare module 'azurite/dist/src/common/Logger' {
  const logger: object;
  export default logger;
}
