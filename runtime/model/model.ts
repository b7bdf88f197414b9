import type { Model } from '../score/predictions';
import { EndpointModel } from './endpointModel';
import { endpointPost } from './endpointTransport';
import { readModelSettings } from './modelSettings';
import { OnnxModel } from './onnxModel';

/** A model as it is asked while a window waits, and as it is asked when nobody waits. */
export interface Models {
  readonly atClose: Model | undefined;
  readonly later: Model | undefined;
}

/** How long one round of late questions may take. */
const laterBudgetMs = 120_000;

/**
 * The models that the app setting MODEL names.
 * @param environment the app's settings
 * @param folder of the package
 * @throws Error when the setting is wrong
 */
export function readModels(text: string, environment: NodeJS.ProcessEnv, folder: string): Models {
  const settings = readModelSettings(text);
  if (settings === undefined) return { atClose: undefined, later: undefined };
  if (settings.kind === 'onnx') {
    const model = new OnnxModel(settings, folder);
    return { atClose: model, later: model };
  }
  const post = endpointPost(settings, environment);
  return {
    atClose: new EndpointModel(settings, post, settings.answerSeconds * 1000),
    later: new EndpointModel(settings, post, laterBudgetMs),
  };
}
