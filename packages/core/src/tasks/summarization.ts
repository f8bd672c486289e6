// A long text in a few sentences.

import type { FileSource } from '../checkpoint/source.ts';
import { YumoError } from '../errors.ts';
import type { Runtime } from '../runtimes/runtime.ts';
import { chunksOf } from './chunks.ts';
import { TextToText, type TextToTextLoadOptions, type TextToTextOptions } from './text-to-text.ts';

export interface SummarizationOptions extends TextToTextOptions {
  /** Of a text read in chunks: `join` (default) gives their summaries one after the other, `summarize` a summary of those. */
  readonly merge?: 'join' | 'summarize' | undefined;
}

export class Summarizer {
  readonly model: TextToText;

  private constructor(model: TextToText) {
    this.model = model;
  }

  /** @throws YumoError as `TextToText.load`. */
  static async load(source: FileSource, runtime: Runtime, options: TextToTextLoadOptions): Promise<Summarizer> {
    return new Summarizer(await TextToText.load(source, runtime, { task: 'summarization', ...options }));
  }

  /**
   * Texts of any length: what the model cannot read at once is cut at sentences, and each chunk summarized.
   * @throws YumoError as `TextToText.run`, except `CONTEXT`.
   */
  async run(texts: readonly string[], { merge = 'join', ...options }: SummarizationOptions = {}): Promise<string[]> {
    if (merge !== 'join' && merge !== 'summarize')
      throw new YumoError('CONFIG', `merge: ${JSON.stringify(merge)} is neither "join" nor "summarize"`, { merge });
    const { model } = this;
    const fits = (chunk: string): boolean => model.sourceIds(chunk, options.prefix).length <= model.sourceLength;
    const chunks = texts.map((text) => (fits(text) ? [text] : chunksOf(text, fits).map((c) => c.text)));
    const written = await model.run(chunks.flat(), options);
    let at = 0;
    const joined = chunks.map((parts) => parts.map(() => written[at++]!.trim()).join(' '));
    const long = chunks.flatMap((parts, i) => (parts.length > 1 ? [i] : []));
    if (merge === 'join' || long.length === 0) return joined;
    // A model that does not shorten would be asked for ever.
    const shorter = long.every((i) => joined[i]!.length < texts[i]!.length);
    const again = await this.run(
      long.map((i) => joined[i]!),
      { ...options, merge: shorter ? 'summarize' : 'join' },
    );
    for (const [k, i] of long.entries()) joined[i] = again[k]!;
    return joined;
  }

  /** A summary as it is written. The text must fit. @throws YumoError as `TextToText.stream`. */
  stream(text: string, options: TextToTextOptions = {}): AsyncGenerator<string, void, undefined> {
    return this.model.stream(text, options);
  }

  dispose(): Promise<void> {
    return this.model.dispose();
  }
}
