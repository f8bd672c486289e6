// Which class does a text, or a pair of texts, belong to?

import type { FileSource } from '../checkpoint/source.ts';
import { YumoError } from '../errors.ts';
import type { Runtime } from '../runtimes/runtime.ts';
import { type BatchOptions, HeadModel, type HeadModelOptions } from './head-model.ts';
import { largestOf, sigmoidOf, softmaxOf } from './probabilities.ts';

export interface LabelScore {
  readonly label: string;
  /** Probability; the number itself for regression. */
  readonly score: number;
}

export interface TextClassificationOptions extends BatchOptions {
  /** How many classes of each text, the likeliest first. All by default. */
  readonly topK?: number | undefined;
  /** `softmax`: one class is right; `sigmoid`: each may be; `none`: logits. By default what `problem_type` in config.json asks for. */
  readonly scores?: 'softmax' | 'sigmoid' | 'none' | undefined;
  /** Of a text longer than the context: `cut` (default) reads its beginning, `average` reads windows and averages their probabilities by length. */
  readonly longText?: 'cut' | 'average' | undefined;
  /** Tokens that windows share; 32 by default. */
  readonly stride?: number | undefined;
}

const scorings = {
  softmax: softmaxOf,
  sigmoid: sigmoidOf,
  none: (scores: ArrayLike<number>): Float64Array => Float64Array.from(scores),
};

export class TextClassifier {
  readonly model: HeadModel;

  private constructor(model: HeadModel) {
    this.model = model;
  }

  /** @throws YumoError as `HeadModel.load`. */
  static async load(source: FileSource, runtime: Runtime, options: HeadModelOptions): Promise<TextClassifier> {
    return new TextClassifier(await HeadModel.load(source, runtime, ['ForSequenceClassification'], options));
  }

  /**
   * Classifies texts, or pairs of texts.
   * @returns for each text its classes, the likeliest first.
   * @throws YumoError `CONFIG`, `DATA`, `RUNTIME`, `ABORTED`.
   */
  async run(
    texts: readonly (string | readonly [string, string])[],
    {
      topK = Number.POSITIVE_INFINITY,
      scores,
      longText = 'cut',
      stride = 32,
      ...batch
    }: TextClassificationOptions = {},
  ): Promise<LabelScore[][]> {
    if (!(topK >= 1)) throw new YumoError('CONFIG', `topK: ${topK} is not a number above 0`, { topK });
    const { model } = this;
    const windows = texts.map((text) => {
      const [first, second] = typeof text === 'string' ? [text, null] : text;
      return model.encode(first, second, longText === 'average' ? { stride } : {}).windows;
    });
    const outputs = await model.run(windows.flat(), { logits: 'text' }, batch);
    const score = scorings[scores ?? this.#usual()];
    let at = 0;
    return windows.map((parts) => {
      const total = parts.reduce((n, part) => n + part.ids.length, 0);
      const sum = new Float64Array(outputs[at]!.logits!.data.length);
      for (const part of parts)
        for (const [i, p] of score(outputs[at++]!.logits!.data).entries()) sum[i]! += (p * part.ids.length) / total;
      return largestOf(sum, topK).map((i) => ({ label: model.labels[i] ?? `LABEL_${i}`, score: sum[i]! }));
    });
  }

  dispose(): Promise<void> {
    return this.model.dispose();
  }

  #usual(): keyof typeof scorings {
    const { problem_type: kind } = this.model.config;
    if (kind === 'multi_label_classification') return 'sigmoid';
    return kind === 'regression' || this.model.labels.length === 1 ? 'none' : 'softmax';
  }
}
