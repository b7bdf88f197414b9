import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import * as pulumi from '@pulumi/pulumi';
import { seenByEngine } from '../azure/bundle';
import type { CompleteScoring } from './defaults';

/** A model as the app `score` takes it: the setting that names it, secrets beside it, and files of its package. */
export interface ScoreModel {
  /** JSON of `ModelSettings` of the runtime, or empty. */
  readonly setting: pulumi.Input<string>;
  readonly appSettings: Readonly<Record<string, pulumi.Input<string>>>;
  /** Paths as the engine reads them, by path in the package. */
  readonly files: Readonly<Record<string, string>>;
}

/** ONNX Runtime's WebAssembly, which belongs beside the app's bundle; of the version that is bundled in. */
const runtimeFile = 'ort-wasm-simd-threaded.wasm';
const modelFile = 'model.onnx';

/** An ONNX file in the package of `score`, or no model at all. */
export function onnxModel({ onnxModel: given }: CompleteScoring): ScoreModel {
  if (!given) return { setting: '', appSettings: {}, files: {} };
  const { name, version, file } = given;
  return {
    setting: JSON.stringify({ kind: 'onnx', name, version, file: modelFile }),
    appSettings: {},
    files: {
      [modelFile]: seenByEngine(file),
      [runtimeFile]: seenByEngine(onnxRuntime()),
    },
  };
}

/**
 * 14 MB that few need, so the package that has it is an optional peer.
 *
 * @throws RunError in one sentence where it is not installed
 */
function onnxRuntime(): string {
  try {
    return join(dirname(createRequire(__filename).resolve('onnxruntime-web')), runtimeFile);
  } catch {
    throw new pulumi.RunError(
      'onnxModel needs the package onnxruntime-web, which is not installed; run "npm install onnxruntime-web@1.30.0".',
    );
  }
}
