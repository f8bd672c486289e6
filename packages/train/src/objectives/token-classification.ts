// Token classification: a tag for each token, spans of tags being entities.

import { crossEntropySum, likeliestPath, softmax, YumoError } from '@yumo/core';
import type { Encoding } from '@yumo/tokenizer';
import { ignoredLabel } from '../data/batches.ts';
import type { Columns, Example } from '../data/examples.ts';
import { joined } from '../data/row-texts.ts';
import { partsOf, type SourceFile } from '../data/sources.ts';
import { encoderFields } from '../data/special-tokens.ts';
import { type Entity, entitiesOf } from '../metrics/entities.ts';
import { measure } from '../metrics/metric.ts';
import { spanF1 } from '../metrics/span-f1.ts';
import { exampleData } from './example-data.ts';
import { labelFields } from './labels.ts';
import type { Note, Objective } from './objective.ts';
import { noteOverlap } from './overlap.ts';
import { textColumns, textExample, textInputs } from './text-inputs.ts';
import { shareOf } from './text-task.ts';

/** A text with entities, in UTF-16 units. */
interface MarkedText {
  readonly text: string;
  readonly entities: readonly Entity[];
}

/** Rows with spans as they are; words with tags as a text, the runs of tags as spans. */
function markedTexts({ name, rows }: SourceFile): MarkedText[] {
  return rows.map((row): MarkedText => {
    if (row.task === 'spans') return { text: row.text, entities: row.entities };
    if (row.task === 'tagging') {
      const text = joined(row.tokens);
      const starts: number[] = [];
      let at = 0;
      for (const token of row.tokens) {
        at = text.indexOf(token, at);
        starts.push(at);
        at += token.length;
      }
      const entities = entitiesOf(row.tags).map(({ type, start, end }) => ({
        type,
        start: starts[start]!,
        end: starts[end - 1]! + row.tokens[end - 1]!.length,
      }));
      return { text, entities };
    }
    throw new YumoError(
      'DATA',
      `${name}: its rows are ${row.task}, token classification needs words with tags (conll) or marked spans (cluener)`,
      { file: name },
    );
  });
}

/** Of spans that overlap the longer one stays; the others are counted. */
function apart(entities: readonly Entity[], note: () => void): Entity[] {
  const kept: Entity[] = [];
  for (const e of [...entities].sort((a, b) => b.end - b.start - (a.end - a.start) || a.start - b.start))
    if (kept.some((k) => e.start < k.end && k.start < e.end)) note();
    else kept.push(e);
  return kept;
}

type Scheme = 'BIO' | 'BIOES';

/** Tags of a window's tokens; `undefined` for special tokens. A token that reaches into a span belongs to it. */
export function tagsOf(
  { offsets, sequenceIds, length }: Encoding,
  entities: readonly Entity[],
  scheme: Scheme,
): (string | undefined)[] {
  const tags = Array.from({ length }, (_, i): string | undefined => (sequenceIds[i]! < 0 ? undefined : 'O'));
  for (const { type, start, end } of entities) {
    const inside = tags.flatMap((tag, i) =>
      tag !== undefined && offsets[2 * i]! < end && offsets[2 * i + 1]! > start ? [i] : [],
    );
    inside.forEach((i, n) => {
      const last = n === inside.length - 1;
      const letter = n === 0 ? (scheme === 'BIOES' && last ? 'S' : 'B') : scheme === 'BIOES' && last ? 'E' : 'I';
      tags[i] = `${letter}-${type}`;
    });
  }
  return tags;
}

/** Tokens that neighbouring windows of a long text share. */
const stride = 32;

export const tokenClassification: Objective<'token-classification'> = ({ recipe, objective, data, note }) => {
  const parts = partsOf(data, shareOf(recipe), objective.kind, markedTexts);
  noteOverlap(
    parts.training.map((r) => r.text),
    parts.validation.map((r) => r.text),
    note,
  );
  const types = [...new Set(parts.training.flatMap((r) => r.entities.map((e) => e.type)))].sort();
  const letters = objective.scheme === 'BIO' ? ['B', 'I'] : ['B', 'I', 'E', 'S'];
  const names = objective.labels ?? ['O', ...types.flatMap((type) => letters.map((l) => `${l}-${type}`))];
  if (names.length < 2)
    throw new YumoError('DATA', 'data: no row of the training part has an entity; there is nothing to learn', {});
  const numbers = new Map(names.map((n, i) => [n, i]));
  const numberOf = (tag: string): number => {
    const number = numbers.get(tag);
    if (number === undefined)
      throw new YumoError(
        'DATA',
        `data: tag "${tag}" does not occur in the training part; it has ${names.join(', ')}`,
        { tag },
      );
    return number;
  };
  return {
    tokens: { roles: ['padding', 'start', 'end', 'unknown'] },
    texts: () => parts.training.map((r) => r.text),
    validationTexts: () => parts.validation.map((r) => r.text),
    heads: [/ForTokenClassification$/],
    pipeline: 'token-classification',
    config: (tokenizer) => ({
      ...labelFields(names),
      label_scheme: objective.scheme,
      ...encoderFields(tokenizer, objective.kind),
    }),
    task(tokenizer, model) {
      const columns: Columns = {
        ...textColumns(tokenizer, model),
        labels: { axis: 'sequence', padding: ignoredLabel },
      };
      interface Window {
        readonly row: number;
        readonly encoding: Encoding;
        readonly example: Example;
      }
      const windowsOf = (rows: readonly MarkedText[], tell: Note): Window[] => {
        let overlapping = 0;
        let long = 0;
        const windows = rows.flatMap(({ text, entities }, row) => {
          const whole = tokenizer.encode(text, null, {
            truncation: { maxLength: model.context, stride: Math.min(stride, model.context >> 2) },
            padding: null,
          });
          if (whole.overflowing.length > 0) long++;
          const spans = apart(entities, () => overlapping++);
          return [whole, ...whole.overflowing].map((encoding): Window => {
            const tags = tagsOf(encoding, spans, objective.scheme);
            const labels = Int32Array.from(tags, (tag) => (tag === undefined ? ignoredLabel : numberOf(tag)));
            return { row, encoding, example: { ...textExample(encoding, columns), labels } };
          });
        });
        if (overlapping > 0) tell('spans that overlap a longer one, left out of the tags', overlapping);
        if (long > 0) tell(`texts longer than ${model.context} tokens, read in windows`, long);
        return windows;
      };
      const training = windowsOf(parts.training, note).map((w) => w.example);
      const windows = windowsOf(parts.validation, () => undefined);
      const validation = windows.map((w) => w.example);
      const { facts, order, validationBatches } = exampleData(recipe, { training, validation, columns, rows: parts });
      return {
        facts,
        order,
        loss: (scope, inputs, dropout) => {
          const { logits } = model.head.build(scope, textInputs(inputs), model.config, { dropout });
          return { ...crossEntropySum(logits!, inputs.labels!), outputs: { probabilities: softmax(logits!) } };
        },
        metrics: ['f1', 'precision', 'recall', 'macroF1'],
        evaluation: () => {
          const found: Map<string, Entity>[] = parts.validation.map(() => new Map());
          return {
            batches: validationBatches(),
            add({ examples }, { probabilities }) {
              const [, width, classes] = probabilities!.shape as readonly [number, number, number];
              const numbers = probabilities!.data as Float32Array;
              examples!.forEach((e, r) => {
                const { row, encoding } = windows[e]!;
                const { offsets, sequenceIds, length } = encoding;
                const own = Array.from({ length }, (_, i) => i).filter((i) => sequenceIds[i]! >= 0);
                const at = (i: number): number => (r * width + i) * classes;
                const rows = own.map((i) => numbers.subarray(at(i), at(i + 1)));
                const tags = likeliestPath(rows, names, objective.scheme).map((label) => names[label]!);
                for (const { type, start, end } of entitiesOf(tags)) {
                  const entity = { type, start: offsets[2 * own[start]!]!, end: offsets[2 * own[end - 1]! + 1]! };
                  found[row]!.set(`${entity.type} ${entity.start} ${entity.end}`, entity);
                }
              });
            },
            metrics: () => {
              const rows = parts.validation.map(({ entities }, i) => ({
                expected: entities,
                predicted: [...found[i]!.values()],
              }));
              const { micro, macro } = measure(spanF1, rows);
              return { f1: micro.f, precision: micro.precision, recall: micro.recall, macroF1: macro.f };
            },
          };
        },
      };
    },
  };
};
