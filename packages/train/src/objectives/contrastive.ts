// Sentence embeddings by contrast (Gao et al. 2021, arXiv:2104.08821; van den Oord et al. 2018): the other text of a pair against those of all other pairs in the batch.

import {
  contrastLogits,
  crossEntropySum,
  dim,
  greater,
  integer,
  iota,
  mul,
  reshape,
  sub,
  type Tensor,
  where,
  YumoError,
} from '@yumo/core';
import type { Columns } from '../data/examples.ts';
import { pairRows } from '../data/readers/tasks.ts';
import { type SourceFile, tellReport } from '../data/sources.ts';
import { encoderFields, tokenOf } from '../data/special-tokens.ts';
import { measure } from '../metrics/metric.ts';
import { ranking } from '../metrics/ranking.ts';
import { exampleData } from './example-data.ts';
import type { Note, Objective } from './objective.ts';
import { textField } from './sequence-classification.ts';
import { type TextPair, textParts, textsOf } from './text-task.ts';

/** Rows whose two texts belong together. With a label field, only those of the label that the recipe names. */
function positives({ name, source, rows, goesOn }: SourceFile, label: string | undefined, note: Note): TextPair[] {
  const { fields, prefix, onBadRow } = source;
  const sequences = rows.flatMap((r) =>
    r.task === 'sequence-to-sequence' ? [{ text: prefix + r.source, second: prefix + r.targets[0]! }] : [],
  );
  if (sequences.length > 0) return sequences;
  const first = textField(source);
  if (fields.second === undefined) {
    // One text twice: its two embeddings differ by dropout alone (unsupervised SimCSE).
    return rows.flatMap((r) => {
      const text = r.task === 'text' ? r.text : r.task === 'record' ? r.fields[first] : undefined;
      return typeof text === 'string' && text.trim() !== '' ? [{ text: prefix + text, second: prefix + text }] : [];
    });
  }
  const names = { first, second: fields.second, ...(fields.label === undefined ? {} : { label: fields.label }) };
  const read = pairRows(rows, names, { file: name, onBadRow, goesOn, who: 'objective contrastive' });
  tellReport(name, read.report, note);
  const kept = read.rows.filter((r) => label === undefined || r.label === label);
  if (kept.length < read.rows.length)
    note(`${name}: pairs with another label than "${label}", left out`, read.rows.length - kept.length);
  return kept.map((r) => ({ text: prefix + r.first, second: prefix + r.second }));
}

const sides = ['a_', 'b_'] as const;

export const contrastive: Objective<'contrastive'> = async (given) => {
  const { recipe, objective, note, progress } = given;
  const { batch } = recipe;
  if (recipe.parts > 1 || batch < 2)
    throw new YumoError(
      'CONFIG',
      `objective contrastive: the texts of a batch are one another's wrong answers; use parts 1 (it is ${recipe.parts}) and batch 2 or more (it is ${batch})`,
      { parts: recipe.parts, batch },
    );
  const parts = await textParts(given, (file, tell) => positives(file, objective.label, tell), objective.label ?? null);
  const texts = (r: TextPair): string[] => [r.text, r.second!];
  return {
    tokens: { roles: ['padding', 'start', 'end', 'unknown'] },
    texts: () => textsOf(parts.training, texts),
    validationTexts: () => textsOf(parts.validation, texts),
    heads: [/(?<!LMHead|MT)Model$/],
    pipeline: 'sentence-similarity',
    config: (tokenizer) => encoderFields(tokenizer, objective.kind),
    async task(tokenizer, model) {
      const padding = tokenOf(tokenizer, 'padding') ?? 0;
      const columns: Columns = {
        ...Object.fromEntries(
          sides.flatMap((side) => [
            [`${side}input_ids`, { axis: side, padding }],
            [`${side}attention_mask`, { axis: side, padding: 0 }],
          ]),
        ),
        weights: { padding: 0, scalar: true },
      };
      const data = await exampleData<TextPair>(recipe, {
        parts,
        tokenizer,
        setup: { kind: 'contrast', settings: { columns, length: model.context } },
        note,
        progress,
      });
      return {
        facts: data.facts,
        order: data.order,
        close: data.close,
        loss: (scope, { weights, ...inputs }, dropout) => {
          const out = model.head.build(scope, inputs, model.config, { dropout });
          const logits = contrastLogits(out.a_embedding!, out.b_embedding!, objective.temperature);
          const loss = crossEntropySum(without(logits, weights!), numbered(weights!));
          return { ...loss, outputs: { a_embedding: out.a_embedding!, b_embedding: out.b_embedding! } };
        },
        metrics: ['recallAt1', 'recallAt10', 'reciprocalRank'],
        evaluation: () => {
          const found: Record<'a' | 'b', Float32Array[]> = { a: [], b: [] };
          return {
            batches: data.validationBatches(),
            add({ examples }, outputs) {
              for (const side of ['a', 'b'] as const) {
                const { data, shape } = outputs[`${side}_embedding`]!;
                const width = shape[1]!;
                examples!.forEach((e, row) => {
                  found[side][e] = (data as Float32Array).slice(row * width, (row + 1) * width);
                });
              }
            },
            metrics: () => {
              const rows = found.a.map((a, i) => {
                const scores = found.b.map((b) => a.reduce((sum, x, k) => sum + x * b[k]!, 0));
                const ranked = [...scores.keys()].sort((x, y) => scores[y]! - scores[x]!);
                return { ranked, relevant: new Set([i]) };
              });
              const { recall, reciprocalRank } = measure(ranking({ at: [1, 10] }), rows);
              return { recallAt1: recall.get(1)!, recallAt10: recall.get(10)!, reciprocalRank };
            },
          };
        },
      };
    },
  };
};

/** Columns of rows that are filled up count as nobody's answer. */
function without(logits: Tensor, weights: Tensor): Tensor {
  const row = reshape(weights, [1, dim(weights, 0)]);
  return sub(logits, mul(sub(1, row), 1e4));
}

/** Row i's answer is column i; −1 where the row counts nothing. */
function numbered(weights: Tensor): Tensor {
  const numbers = iota(dim(weights, 0));
  return where(greater(weights, 0.5), numbers, integer(-1));
}
