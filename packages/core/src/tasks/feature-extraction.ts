// Texts as vectors.

import type { FileSource } from '../checkpoint/source.ts';
import { YumoError } from '../errors.ts';
import type { Runtime } from '../runtimes/runtime.ts';
import { type BatchOptions, HeadModel, type HeadModelOptions, type HeadOutputs } from './head-model.ts';

export interface FeatureOptions extends BatchOptions {
  /** `mean` (default): of all tokens; `cls`: of the first token. */
  readonly pooling?: 'mean' | 'cls' | undefined;
  /** Vectors of length 1, so that a product is a cosine. True by default. */
  readonly normalize?: boolean | undefined;
}

export class FeatureExtractor {
  readonly model: HeadModel;

  private constructor(model: HeadModel) {
    this.model = model;
  }

  /** @throws YumoError as `HeadModel.load`. */
  static async load(source: FileSource, runtime: Runtime, options: HeadModelOptions): Promise<FeatureExtractor> {
    return new FeatureExtractor(await HeadModel.load(source, runtime, ['Model'], options));
  }

  /** One vector a text. @throws YumoError as `HeadModel.run`. */
  async run(texts: readonly string[], options: FeatureOptions = {}): Promise<Float32Array[]> {
    const { pooling = 'mean', normalize = true, ...batch } = options;
    if (pooling !== 'mean' && pooling !== 'cls')
      throw new YumoError('CONFIG', `pooling: ${JSON.stringify(pooling)} is neither "mean" nor "cls"`, { pooling });
    // Where the model pools by itself, one vector a text leaves the engine, not one a token.
    if (pooling === 'mean' && normalize && this.model.answers('sentence_embedding')) {
      const encoded = texts.map((text) => this.model.encode(text).first);
      const rows = await this.model.run(encoded, { sentence_embedding: 'text' }, batch);
      return rows.map((out) => out.sentence_embedding!.data.slice());
    }
    return (await this.tokens(texts, batch)).map((states) => {
      const pooled = pool(states, pooling);
      const length = normalize ? Math.sqrt(pooled.reduce((sum, x) => sum + x * x, 0)) : 1;
      return Float32Array.from(pooled, (x) => x / (length || 1));
    });
  }

  /** The states of each text's tokens, `[tokens, size]`, special tokens included. @throws YumoError as `HeadModel.run`. */
  async tokens(texts: readonly string[], batch: BatchOptions = {}): Promise<HeadOutputs[string][]> {
    const encoded = texts.map((text) => this.model.encode(text).first);
    return (await this.model.run(encoded, { last_hidden_state: 'token' }, batch)).map((out) => out.last_hidden_state!);
  }

  dispose(): Promise<void> {
    return this.model.dispose();
  }
}

function pool({ data, shape }: HeadOutputs[string], pooling: 'mean' | 'cls'): Float64Array {
  const [tokens, size] = shape as readonly [number, number];
  if (pooling === 'cls') return Float64Array.from(data.subarray(0, size));
  const mean = new Float64Array(size);
  for (let t = 0; t < tokens; t++) for (let i = 0; i < size; i++) mean[i]! += data[t * size + i]!;
  return mean.map((sum) => sum / tokens);
}
