// A text in another language.

import type { FileSource } from '../checkpoint/source.ts';
import type { Runtime } from '../runtimes/runtime.ts';
import { chunksOf } from './chunks.ts';
import { TextToText, type TextToTextLoadOptions, type TextToTextOptions } from './text-to-text.ts';

export class Translator {
  readonly model: TextToText;

  private constructor(model: TextToText) {
    this.model = model;
  }

  /** @throws YumoError as `TextToText.load`. */
  static async load(source: FileSource, runtime: Runtime, options: TextToTextLoadOptions): Promise<Translator> {
    return new Translator(await TextToText.load(source, runtime, { task: 'translation', ...options }));
  }

  /**
   * Texts of any length: what the model cannot read at once is translated sentence by sentence, as many as fit together.
   * @throws YumoError as `TextToText.run`, except `CONTEXT`.
   */
  async run(texts: readonly string[], options: TextToTextOptions = {}): Promise<string[]> {
    const { model } = this;
    const fits = (chunk: string): boolean => model.sourceIds(chunk, options.prefix).length <= model.sourceLength;
    const chunks = texts.map((text) => (fits(text) ? [{ text, after: '' }] : chunksOf(text, fits)));
    const written = await model.run(
      chunks.flat().map((c) => c.text),
      options,
    );
    let at = 0;
    return chunks.map((parts) => parts.map(({ after }) => written[at++]! + after).join(''));
  }

  /** A translation as it is written. The text must fit. @throws YumoError as `TextToText.stream`. */
  stream(text: string, options: TextToTextOptions = {}): AsyncGenerator<string, void, undefined> {
    return this.model.stream(text, options);
  }

  dispose(): Promise<void> {
    return this.model.dispose();
  }
}
