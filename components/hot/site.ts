import type { Site } from '../azure/site';
import type { CompleteHotPath } from './defaults';

/** What the steps of building the hot path share. */
export type HotPathSite = Site<CompleteHotPath>;
