// Classes that no training named: does the text entail "This example is about …"? (Yin et al. 2019, arXiv:1909.00161)

import type { FileSource } from '../checkpoint/source.ts';
import { YumoError } from '../errors.ts';
import type { Runtime } from '../runtimes/runtime.ts';
import { type BatchOptions, HeadModel, type HeadModelOptions } from './head-model.ts';
import { largestOf, softmaxOf } from './probabilities.ts';
import type { LabelScore } from './text-classification.ts';

export interface ZeroShotOptions extends BatchOptions {
  /** `{}` stands for the label. `This example is {}.` by default. */
  readonly hypothesis?: string | undefined;
  /** Labels are judged each alone, entailment against contradiction; by default they compete. */
  readonly several?: boolean | undefined;
}

export class ZeroShotClassifier {
  readonly model: HeadModel;
  readonly #entailment: number;
  readonly #contradiction: number;

  private constructor(model: HeadModel, entailment: number, contradiction: number) {
    this.model = model;
    this.#entailment = entailment;
    this.#contradiction = contradiction;
  }

  /**
   * Loads a model of natural-language inference.
   * @throws YumoError as `HeadModel.load`, and `CONFIG` when no label of the model says entailment.
   */
  static async load(source: FileSource, runtime: Runtime, options: HeadModelOptions): Promise<ZeroShotClassifier> {
    const model = await HeadModel.load(source, runtime, ['ForSequenceClassification'], options);
    const names = model.labels.map((label) => label.toLowerCase());
    const entailment = names.findIndex((name) => name.startsWith('entail'));
    const contradiction = names.findIndex((name) => name.startsWith('contra') || name.startsWith('not_entail'));
    if (entailment >= 0 && contradiction >= 0) return new ZeroShotClassifier(model, entailment, contradiction);
    await model.dispose();
    throw new YumoError(
      'CONFIG',
      `${source.name}: zero-shot classification needs the labels entailment and contradiction; the model has ${model.labels.join(', ')}`,
      { labels: model.labels },
    );
  }

  /**
   * @returns for each text the labels, the likeliest first; the scores add up to 1 unless `several`.
   * @throws YumoError `CONFIG` without labels, or for a hypothesis without `{}`; as `HeadModel.run`.
   */
  async run(
    texts: readonly string[],
    labels: readonly string[],
    { hypothesis = 'This example is {}.', several = false, ...batch }: ZeroShotOptions = {},
  ): Promise<LabelScore[][]> {
    if (labels.length === 0) throw new YumoError('CONFIG', 'zero-shot classification: no labels were given', {});
    if (!hypothesis.includes('{}'))
      throw new YumoError('CONFIG', `hypothesis: ${JSON.stringify(hypothesis)} has no {} for the label`, {
        hypothesis,
      });
    const pairs = texts.flatMap((text) =>
      labels.map((label) => this.model.encode(text, hypothesis.split('{}').join(label)).first),
    );
    const outputs = await this.model.run(pairs, { logits: 'text' }, batch);
    const logit = (pair: number, id: number): number => outputs[pair]!.logits!.data[id]!;
    return texts.map((_, t) => {
      const rows = labels.map((_, l) => t * labels.length + l);
      const scores =
        several || labels.length === 1
          ? rows.map((r) => softmaxOf([logit(r, this.#contradiction), logit(r, this.#entailment)])[1]!)
          : softmaxOf(rows.map((r) => logit(r, this.#entailment)));
      return largestOf(scores, labels.length).map((i) => ({ label: labels[i]!, score: scores[i]! }));
    });
  }

  dispose(): Promise<void> {
    return this.model.dispose();
  }
}
