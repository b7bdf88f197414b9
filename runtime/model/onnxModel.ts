import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as ort from 'onnxruntime-web/wasm';
import type { WindowResult } from '../contracts/scored';
import type { Model } from '../score/predictions';
import { featureNames, featuresOf } from '../scoring/features';
import type { StepLog } from '../stream/stepLog';
import { causeOf } from '../stream/transient';
import type { Values } from './endpointFormat';
import type { OnnxSettings } from './modelSettings';

/** The runtime's WebAssembly, which lies beside the bundle in the package. */
export const wasmFile = 'ort-wasm-simd-threaded.wasm';

/** Most that one value may differ, relative to it or to 1, between machines and runtimes: float32, sums in any order. */
export const onnxTolerance = 1e-5;

/**
 * A model as an ONNX file, run in the process. Its outputs are numbers by window: an output [n] or [n, 1] gives its name, one
 * of [n, k] gives `<name>.0` to `<name>.<k-1>`. Outputs of other types (class labels) are left out.
 */
export class OnnxModel implements Model {
  readonly kind = 'onnx';
  readonly isAvailable = true;
  readonly name: string;
  readonly version: string;
  private session: Promise<ort.InferenceSession> | undefined;

  /** @param folder of the package */
  constructor(
    private readonly settings: OnnxSettings,
    private readonly folder: string,
  ) {
    this.name = settings.name;
    this.version = settings.version;
  }

  async ask(windows: readonly WindowResult[], log: StepLog): Promise<readonly (Values | undefined)[]> {
    try {
      this.session ??= this.load();
      return await run(await this.session, windows);
    } catch (error) {
      this.session = undefined;
      log.error(`iomt.onnx model=${this.name} version=${this.version} cause=${causeOf(error)}`);
      return windows.map(() => undefined);
    }
  }

  private load(): Promise<ort.InferenceSession> {
    const { wasm } = ort.env;
    wasm.numThreads = 1;
    wasm.wasmBinary = readFileSync(join(this.folder, wasmFile));
    return ort.InferenceSession.create(readFileSync(join(this.folder, this.settings.file)), {
      executionProviders: ['wasm'],
    });
  }
}

async function run(session: ort.InferenceSession, windows: readonly WindowResult[]): Promise<Values[]> {
  const count = windows.length;
  const data = Float32Array.from(windows.flatMap((window) => Object.values(featuresOf(window))));
  const [input = ''] = session.inputNames;
  const outputs = await session.run({ [input]: new ort.Tensor('float32', data, [count, featureNames.length]) });
  const values: Record<string, number>[] = windows.map(() => ({}));
  for (const name of session.outputNames) {
    const output = outputs[name];
    if (output === undefined || !(output.data instanceof Float32Array || output.data instanceof Float64Array)) continue;
    const width = output.data.length / count;
    for (const [index, number] of output.data.entries()) {
      const into = values[Math.floor(index / width)] as Record<string, number>;
      into[width === 1 ? name : `${name}.${index % width}`] = number;
    }
  }
  const isAnswer = values.every((one) => Object.keys(one).length > 0 && Object.values(one).every(Number.isFinite));
  if (!isAnswer) throw Object.assign(new Error('The model gives no finite numbers.'), { code: 'NO_FINITE_NUMBERS' });
  return values;
}
