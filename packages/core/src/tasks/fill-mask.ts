// Which words fit where a text has a mask?

import type { FileSource } from '../checkpoint/source.ts';
import { YumoError } from '../errors.ts';
import type { Runtime } from '../runtimes/runtime.ts';
import { type BatchOptions, HeadModel, type HeadModelOptions } from './head-model.ts';
import { largestOf, softmaxOf } from './probabilities.ts';

export interface FillMaskOptions extends BatchOptions {
  /** Candidates for each mask; 5 by default. */
  readonly topK?: number | undefined;
}

export interface MaskCandidate {
  readonly id: number;
  /** The token as text. */
  readonly text: string;
  /** Probability. */
  readonly score: number;
  /** The whole text with this token in the mask's place; other masks stay out of it. */
  readonly sequence: string;
}

/** How published vocabularies spell the mask. */
const maskTokens = ['[MASK]', '<mask>'];

export class MaskFiller {
  readonly model: HeadModel;
  /** As texts write it: `[MASK]` or `<mask>`. */
  readonly maskToken: string;
  readonly #maskId: number;

  private constructor(model: HeadModel, maskToken: string, maskId: number) {
    this.model = model;
    this.maskToken = maskToken;
    this.#maskId = maskId;
  }

  /** @throws YumoError as `HeadModel.load`, and `TOKENIZER` when the vocabulary has no mask. */
  static async load(source: FileSource, runtime: Runtime, options: HeadModelOptions): Promise<MaskFiller> {
    const model = await HeadModel.load(source, runtime, ['ForMaskedLM'], options);
    for (const token of maskTokens) {
      const id = model.tokenizer.tokenToId(token);
      if (id !== undefined) return new MaskFiller(model, token, id);
    }
    await model.dispose();
    throw new YumoError('TOKENIZER', `${source.name}: the vocabulary has no mask (${maskTokens.join(' or ')})`, {});
  }

  /**
   * @returns for each text and each of its masks the candidates, the likeliest first.
   * @throws YumoError `DATA` for a text without a mask, `CONFIG`; as `HeadModel.run`.
   */
  async run(texts: readonly string[], { topK = 5, ...batch }: FillMaskOptions = {}): Promise<MaskCandidate[][][]> {
    if (!(topK >= 1)) throw new YumoError('CONFIG', `topK: ${topK} is not a number above 0`, { topK });
    const { model } = this;
    const encoded = texts.map((text, i) => {
      const { first } = model.encode(text, null, { specialTokensInText: 'parse' });
      if (!Array.from(first.ids).includes(this.#maskId))
        throw new YumoError('DATA', `fill-mask: text ${i} has no ${this.maskToken} within the context`, { text: i });
      return first;
    });
    const outputs = await model.run(encoded, { logits: 'token' }, batch);
    return encoded.map(({ ids }, t) => {
      const { data, shape } = outputs[t]!.logits!;
      const vocabulary = shape[1]!;
      const masks = Array.from(ids).flatMap((id, at) => (id === this.#maskId ? [at] : []));
      return masks.map((at) => {
        const p = softmaxOf(data.subarray(at * vocabulary, (at + 1) * vocabulary));
        return largestOf(p, topK).map((id) => ({
          id,
          text: model.tokenizer.decode([id]),
          score: p[id]!,
          sequence: model.tokenizer.decode(
            Array.from(ids, (old, i) => (i === at ? id : old)),
            { skipSpecialTokens: true },
          ),
        }));
      });
    });
  }

  dispose(): Promise<void> {
    return this.model.dispose();
  }
}
