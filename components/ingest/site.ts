import type { Site } from '../azure/site';
import type { CompleteSettings } from './defaults';

/** What the steps of building an ingest share. */
export type IngestSite = Site<CompleteSettings>;
