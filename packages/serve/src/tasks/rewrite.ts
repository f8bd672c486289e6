// Translating and summarizing a text of any length as a stream: part by part, each part piece by piece.

import { chunksOf, type TextToText, type TextToTextOptions, throwIfAborted } from '@yumo/core';
import { checkText } from './open.ts';
import { type Measured, since } from './read.ts';

/** A part of the source: `text.slice(start, end)`. */
export interface Part {
  readonly start: number;
  readonly end: number;
}

export type RewriteEvent =
  /** The parts that follow, in order. A second one begins when a summary is made of summaries; its places are those of the text given here. */
  | { readonly kind: 'parts'; readonly parts: readonly Part[]; readonly of: 'source' | 'summaries' }
  /** More of what part `part` becomes. */
  | { readonly kind: 'piece'; readonly part: number; readonly text: string }
  | ({ readonly kind: 'done'; readonly text: string } & Measured);

export interface RewriteInput {
  readonly text: string;
  /** Stands before each part; what config.json says where it is left out. */
  readonly prefix?: string | undefined;
  /** 1: the likeliest token each time, shown as it comes. More: a beam search, shown when a part is done. What the model asks for by default. */
  readonly beams?: number | undefined;
}

/** Sentences by the rules of Unicode (UAX #29); a paragraph's end ends one, too. */
const sentences = new Intl.Segmenter('und', { granularity: 'sentence' });

/** Places of the sentences of a text, without the white space around them; what the model cannot read at once is cut further. */
export function sentenceParts(text: string, fits: (part: string) => boolean): Part[] {
  return [...sentences.segment(text)].flatMap(({ segment, index }) => {
    const start = index + segment.length - segment.trimStart().length;
    const sentence = segment.trim();
    if (sentence === '') return [];
    return fits(sentence) ? [{ start, end: start + sentence.length }] : chunkParts(sentence, fits, start);
  });
}

/** Places of the fewest chunks that fit. */
function chunkParts(text: string, fits: (part: string) => boolean, offset = 0): Part[] {
  let at = offset + text.length - text.trimStart().length;
  return chunksOf(text, fits).map((chunk) => {
    const part = { start: at, end: at + chunk.text.length };
    at = part.end + chunk.after.length;
    return part;
  });
}

const fitting =
  (model: TextToText, prefix: string | undefined) =>
  (part: string): boolean =>
    model.sourceIds(part, prefix).length <= model.sourceLength;

/** What a part becomes, in pieces: one at a time without beams, whole with them. */
async function* written(
  model: TextToText,
  part: string,
  { prefix, beams }: RewriteInput,
  signal: AbortSignal,
): AsyncGenerator<string, void> {
  const options: TextToTextOptions = { signal, ...(prefix === undefined ? {} : { prefix }) };
  if (beams === 1) yield* model.stream(part, options);
  else yield (await model.run([part], { ...options, ...(beams === undefined ? {} : { beams }) }))[0]!; // one part, one text
  throwIfAborted(signal, model.name); // a stream that is stopped just ends
}

/**
 * Sentence by sentence; white space between sentences stays as it is.
 * @throws YumoError as `TextToText.run`, `ABORTED` included.
 */
export async function* translate(
  model: TextToText,
  input: RewriteInput,
  signal: AbortSignal,
): AsyncGenerator<RewriteEvent, void> {
  const { text } = input;
  checkText('translate', text);
  const started = performance.now();
  const parts = sentenceParts(text, fitting(model, input.prefix));
  yield { kind: 'parts', parts, of: 'source' };
  let all = '';
  for (const [part, { start, end }] of parts.entries()) {
    all += text.slice(parts[part - 1]?.end ?? 0, start);
    for await (const piece of written(model, text.slice(start, end), input, signal)) {
      all += piece;
      yield { kind: 'piece', part, text: piece };
    }
  }
  yield { kind: 'done', text: all + text.slice(parts.at(-1)?.end ?? 0), seconds: since(started) };
}

export interface SummarizeInput extends RewriteInput {
  /** Of a text in several chunks: `join` (default) gives their summaries one after the other, `summarize` a summary of those. */
  readonly merge?: 'join' | 'summarize' | undefined;
}

/**
 * What the model cannot read at once is cut at sentences, and each chunk summarized.
 * @throws YumoError as `TextToText.run`, `ABORTED` included.
 */
export async function* summarize(
  model: TextToText,
  input: SummarizeInput,
  signal: AbortSignal,
): AsyncGenerator<RewriteEvent, void> {
  checkText('summarize', input.text);
  const started = performance.now();
  const fits = fitting(model, input.prefix);
  let { text } = input;
  for (let of: 'source' | 'summaries' = 'source'; ; of = 'summaries') {
    const parts = fits(text)
      ? [{ start: text.length - text.trimStart().length, end: text.trimEnd().length }]
      : chunkParts(text, fits);
    yield { kind: 'parts', parts, of };
    const summaries: string[] = [];
    for (const [part, { start, end }] of parts.entries()) {
      let summary = '';
      for await (const piece of written(model, text.slice(start, end), input, signal)) {
        summary += piece;
        yield { kind: 'piece', part, text: piece };
      }
      summaries.push(summary.trim());
    }
    const joined = summaries.filter((s) => s !== '').join('\n');
    // A model that does not shorten would be asked for ever.
    const again = input.merge === 'summarize' && parts.length > 1 && joined.length < text.length && joined !== '';
    if (!again) {
      yield { kind: 'done', text: joined, seconds: since(started) };
      return;
    }
    text = joined;
  }
}
