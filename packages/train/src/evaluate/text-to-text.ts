// Translation by BLEU and chrF, summaries by ROUGE: what an encoder-decoder model writes, against what people wrote.

import {
  type Bundle,
  type FileSource,
  type Runtime,
  Summarizer,
  type TextToTextLoadOptions,
  type TextToTextOptions,
  Translator,
} from '@yumo/core';
import { languages } from '../data/cleaning/language.ts';
import type { SequenceRow } from '../data/readers/index.ts';
import { bleu, chrf, rouge } from '../metrics/index.ts';
import { inChunks } from './chunks.ts';
import type { Placed } from './dataset.ts';
import { type Prediction, plainScore, type Scored, scoreOf, type TaskContext } from './evaluation.ts';
import { mainLanguage, unspaced } from './question-answering.ts';

export interface WritingOptions extends TaskContext {
  readonly beams?: number | undefined;
  readonly maxNewTokens?: number | undefined;
  readonly prefix?: string | undefined;
}

/** Languages of both sides; undefined where they cannot be told. */
export interface Direction {
  readonly source: string | undefined;
  readonly target: string | undefined;
}

/** The languages of a file's sides. */
export const directionOf = (rows: readonly Placed<SequenceRow>[]): Direction => ({
  source: mainLanguage(joined(rows.map(({ row }) => row.source))),
  target: mainLanguage(joined(rows.map(({ row }) => row.targets[0] ?? ''))),
});

/** Ten sentences at a time: one alone says little about its language. */
const joined = (texts: readonly string[]): string[] =>
  Array.from({ length: Math.ceil(Math.min(texts.length, 2000) / 10) }, (_, i) =>
    texts.slice(10 * i, 10 * i + 10).join(' '),
  );

/** Rewriting between languages, or into fewer words of the same: what the model was made for, where it was made for one of them; else what the rows show. */
export function kindOfSequences(
  rows: readonly Placed<SequenceRow>[],
  directions: readonly Direction[],
  { task_specific_params: params }: Bundle['config'],
): 'translation' | 'summarization' {
  const summarizes = typeof params === 'object' && params !== null && 'summarization' in params;
  if (directions.length > 0 && !summarizes) return 'translation';
  const { source, target } = directionOf(rows);
  if (source !== undefined && target !== undefined && source !== target) return 'translation';
  const length = (of: (row: SequenceRow) => string): number => rows.reduce((n, { row }) => n + of(row).length, 0);
  return length((row) => row.targets[0] ?? '') < 0.6 * length((row) => row.source) ? 'summarization' : 'translation';
}

/** Directions that a bundle was made for: `translation_en_to_de` in config.json, or `en-de` in its name. */
export function directionsOf({ config, source }: Bundle): readonly Direction[] {
  const params =
    typeof config.task_specific_params === 'object' && config.task_specific_params !== null
      ? Object.keys(config.task_specific_params)
      : [];
  const named = params.flatMap((name) => {
    const found = /^translation_([a-z]+)_to_([a-z]+)$/.exec(name);
    return found ? [{ source: found[1], target: found[2] }] : [];
  });
  if (named.length > 0) return named;
  const known: readonly string[] = languages;
  const fields = [config.source_lang, config.target_lang];
  if (fields.every((f): f is string => typeof f === 'string')) return [{ source: fields[0], target: fields[1] }];
  const found = /(?:^|[^a-z])([a-z]{2})[-_](?:to[-_])?([a-z]{2})(?![a-z])/.exec(
    source.name.split(/[\\/]/).at(-1) ?? '',
  );
  return found && known.includes(found[1]!) && known.includes(found[2]!)
    ? [{ source: found[1], target: found[2] }]
    : [];
}

/** Targets as sources and sources as targets; several targets of one source become several rows. */
export const turned = (rows: readonly Placed<SequenceRow>[]): Placed<SequenceRow>[] =>
  rows.flatMap(({ row, place }) =>
    row.targets.map((target) => ({ place, row: { ...row, source: target, targets: [row.source] } })),
  );

/** A text for each source. */
export async function runWriter(
  kind: 'translation' | 'summarization',
  source: FileSource,
  rows: readonly Placed<SequenceRow>[],
  load: TextToTextLoadOptions,
  { runtime, batchSize = 16, signal, onProgress, ...given }: WritingOptions,
): Promise<(string | undefined)[]> {
  const writer = await open(kind, source, runtime, load);
  const options: TextToTextOptions = {
    batchSize,
    ...(signal ? { signal } : {}),
    ...Object.fromEntries(Object.entries(given).filter(([, v]) => v !== undefined)),
  };
  try {
    return await inChunks(
      rows.length,
      { batchSize, signal, onProgress, length: (i) => rows[i]!.row.source.length },
      async (chunk) =>
        (
          await writer.run(
            chunk.map((i) => rows[i]!.row.source),
            options,
          )
        ).map((text) => text.trim()),
    );
  } finally {
    await writer.dispose();
  }
}

const open = (
  kind: 'translation' | 'summarization',
  source: FileSource,
  runtime: Runtime,
  load: TextToTextLoadOptions,
): Promise<Translator | Summarizer> =>
  kind === 'translation' ? Translator.load(source, runtime, load) : Summarizer.load(source, runtime, load);

/** sacreBLEU by the target's language, and chrF. */
export function scoreTranslations(
  rows: readonly Placed<SequenceRow>[],
  outputs: readonly (string | undefined)[],
  target: string | undefined,
): Scored {
  const done = doneOf(rows, outputs);
  const corpus = bleu({ tokenize: unspaced(target) ? 'zh' : '13a' });
  const letters = chrf();
  const parts = done.map((d) => corpus.part(d));
  const letterParts = done.map((d) => letters.part(d));
  const [whole, wholeLetters] = [corpus.result(parts), letters.result(letterParts)];
  return {
    scores: [
      scoreOf('BLEU', 'percent', corpus, parts, (r) => r.score),
      scoreOf('chrF', 'percent', letters, letterParts, (r) => r.score),
    ],
    signatures: [whole.text, `chrF2|${wholeLetters.signature} = ${wholeLetters.score.toFixed(1)}`],
    predictions: predictionsOf(done, 'chrF', (i) => letters.result([letterParts[i]!]).score / 100),
  };
}

/** ROUGE-1, 2 and L by their F; of languages without blanks by character. */
export function scoreSummaries(
  rows: readonly Placed<SequenceRow>[],
  outputs: readonly (string | undefined)[],
  target: string | undefined,
): Scored {
  const done = doneOf(rows, outputs);
  const metric = rouge({ language: target === undefined || target === 'en' ? 'english' : 'characters' });
  const parts = done.map((d) => metric.part(d));
  const lengths = done.reduce((n, d) => n + [...d.predicted].length, 0) / Math.max(1, done.length);
  return {
    scores: [
      scoreOf('ROUGE-1', 'share', metric, parts, (r) => r.rouge1.f),
      scoreOf('ROUGE-2', 'share', metric, parts, (r) => r.rouge2.f),
      scoreOf('ROUGE-L', 'share', metric, parts, (r) => r.rougeL.f),
      plainScore('characters', 'number', lengths),
    ],
    signatures: [
      `ROUGE|${unspaced(target) ? 'characters' : target === undefined || target === 'en' ? 'words a-z0-9' : 'words'}|stemmer:no|best of references|version:yumo`,
    ],
    predictions: predictionsOf(done, 'rougeL', (i) => parts[i]!.rougeL.f),
  };
}

interface Done {
  readonly place: string;
  readonly source: string;
  readonly predicted: string;
  readonly references: readonly string[];
}

const doneOf = (rows: readonly Placed<SequenceRow>[], outputs: readonly (string | undefined)[]): Done[] =>
  rows.flatMap(({ row, place }, i) =>
    outputs[i] === undefined ? [] : [{ place, source: row.source, predicted: outputs[i], references: row.targets }],
  );

const predictionsOf = (done: readonly Done[], name: string, quality: (i: number) => number): Prediction[] =>
  done.map(({ place, source, predicted, references }, i) => {
    const score = quality(i);
    return {
      place,
      input: source,
      expected: references.join(' | '),
      predicted,
      score,
      badness: 1 - score,
      record: { source, references, predicted, [name]: score },
    };
  });

const sentences = new Intl.Segmenter('und', { granularity: 'sentence' });

/** The baseline of summaries: the first sentence. */
export const leadSentence = ({ source }: SequenceRow): string =>
  [...sentences.segment(source.trim())].map((s) => s.segment.trim()).find((s) => s !== '') ?? '';
