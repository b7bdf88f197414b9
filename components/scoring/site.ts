import type { Site } from '../azure/site';
import type { CompleteScoring } from './defaults';

/** What the steps of building the scoring path share. */
export type ScoringSite = Site<CompleteScoring>;
