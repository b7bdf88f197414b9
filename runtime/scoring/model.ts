import type { Features } from './features';

/**
 * A model beside NEWS2, as a TypeScript module that is bundled in. A pure function: no clock, no random numbers, nothing
 * remembered, and only + - * / and Math.sqrt where every compute is to say the same to the last bit (Math.exp and the like may
 * differ between versions of V8). What it says is shown beside the score and never added in.
 */
export interface Model {
  readonly name: string;
  readonly version: string;
  /** Named numbers, as `{ risk: 0.12 }`; all finite. An error or another number fails the window, with the model's name. */
  predict(features: Features): Readonly<Record<string, number>>;
}
