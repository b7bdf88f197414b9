import type { Model } from './model';

/**
 * The model that is bundled in; null: none. A bundle with a model of one's own is built with that module in this one's place
 * (`modelModule` of setup/bundles.mjs); it exports `model` too.
 */
export const model: Model | null = null;
