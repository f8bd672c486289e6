// Classification of texts and of pairs of texts: one label each.

import { argmax } from '@yumo/core';
import { ignoredLabel } from '../data/batches.ts';
import {
  bucketedOrder,
  bucketsOf,
  type Columns,
  type Example,
  evaluationBatches,
  fingerprintOf,
} from '../data/examples.ts';
import { classificationRows, pairRows } from '../data/readers/tasks.ts';
import { type Parts, partsOf, type SourceFile, tellReport } from '../data/sources.ts';
import { neededToken } from '../data/special-tokens.ts';
import { accuracy } from '../metrics/accuracy.ts';
import { fScore } from '../metrics/f-score.ts';
import { measure } from '../metrics/metric.ts';
import { classesOf, labelFields } from './labels.ts';
import type { Note, Objective } from './objective.ts';
import { noteOverlap } from './overlap.ts';
import { smoothedSum } from './smoothing.ts';
import { countTokens, meanTokens, textColumns, textExample, textInputs, totalTokens } from './text-inputs.ts';

/** A text, perhaps with another, and its label. */
export interface LabelledText {
  readonly text: string;
  readonly second?: string;
  readonly label: string;
}

/** Rows of a file by the names that its source gives to fields: `text` and `label` by default. */
export function labelledTexts({ name, source, rows }: SourceFile, note: Note): LabelledText[] {
  const { fields, label: fixed, prefix, onBadRow } = source;
  const text = typeof fields.text === 'string' ? fields.text : (fields.text?.[0] ?? 'text');
  const options = { file: name, onBadRow };
  if (fields.second !== undefined) {
    const read = pairRows(rows, { first: text, second: fields.second, label: fields.label ?? 'label' }, options);
    tellReport(name, read.report, note);
    return read.rows.map((r) => ({ text: prefix + r.first, second: r.second, label: r.label! }));
  }
  if (fixed !== undefined)
    return rows.flatMap((row) => {
      const found = row.task === 'text' ? row.text : row.task === 'record' ? row.fields[text] : undefined;
      return typeof found === 'string' && found.trim() !== '' ? [{ text: prefix + found, label: fixed }] : [];
    });
  const read = classificationRows(rows, { text, label: fields.label ?? 'label' }, options);
  tellReport(name, read.report, note);
  return read.rows.map((r) => ({ text: prefix + r.text, label: r.label }));
}

export const sequenceClassification: Objective<'sequence-classification'> = ({ recipe, objective, data, note }) => {
  const parts: Parts<LabelledText> = partsOf(data, shareOf(recipe), objective.kind, (file) =>
    labelledTexts(file, note),
  );
  const classes = classesOf(
    parts.training.map((r) => r.label),
    objective,
  );
  const key = (r: LabelledText): string => `${r.text}\n${r.second ?? ''}`;
  noteOverlap(parts.training.map(key), parts.validation.map(key), note);
  const { batch, accumulate, seed, buckets: bucketCount } = recipe;
  const textsOf = (rows: readonly LabelledText[]) =>
    rows.flatMap((r) => [r.text, ...(r.second === undefined ? [] : [r.second])]);
  return {
    tokens: { roles: ['padding', 'start', 'end', 'unknown'] },
    texts: () => textsOf(parts.training),
    validationTexts: () => textsOf(parts.validation),
    heads: [/ForSequenceClassification$/],
    pipeline: 'text-classification',
    config: (tokenizer) => ({
      ...labelFields(classes.names),
      problem_type: 'single_label_classification',
      pad_token_id: neededToken(tokenizer, 'padding', objective.kind),
    }),
    task(tokenizer, model) {
      const columns: Columns = { ...textColumns(tokenizer, model), labels: { padding: ignoredLabel, scalar: true } };
      let cut = 0;
      const exampleOf = ({ text, second, label }: LabelledText): Example => {
        const encoding = tokenizer.encode(text, second ?? null, {
          truncation: { maxLength: model.context, strategy: 'LongestFirst' },
          padding: null,
        });
        if (encoding.overflowing.length > 0) cut++;
        return { ...textExample(encoding, columns), labels: Int32Array.of(classes.numberOf(label)) };
      };
      const training = parts.training.map(exampleOf);
      const validation = parts.validation.map(exampleOf);
      if (cut > 0) note(`texts longer than ${model.context} tokens, cut there`, cut);
      const buckets = bucketsOf(training, columns, bucketCount);
      const options = { columns, buckets, batch, accumulate, seed, countTokens };
      return {
        facts: {
          trainingTokens: totalTokens(training),
          validationTokens: totalTokens(validation),
          trainingExamples: training.length,
          validationExamples: validation.length,
          tokensPerStep: meanTokens(training, batch * accumulate),
          fingerprint: fingerprintOf(training, validation),
        },
        order: bucketedOrder(training.length, (i) => training[i]!, options),
        loss: (scope, inputs, dropout) => {
          const { logits } = model.head.build(scope, textInputs(inputs), model.config, { dropout });
          // Smoothing is for training, where there is dropout; measured is the plain loss.
          const loss = smoothedSum(logits!, inputs.labels!, dropout ? objective.labelSmoothing : 0);
          return { ...loss, outputs: { predicted: argmax(logits!, 1) } };
        },
        metrics: ['accuracy', 'macroF1'],
        evaluation: () => {
          const rows: { expected: number; predicted: number }[] = [];
          return {
            batches: evaluationBatches(validation, options),
            add({ examples }, { predicted }) {
              examples!.forEach((e, row) => {
                rows.push({ expected: validation[e]!.labels![0]!, predicted: Number(predicted!.data[row]) });
              });
            },
            metrics: () => ({ accuracy: measure(accuracy, rows), macroF1: measure(fScore(), rows).macro.f }),
          };
        },
      };
    },
  };
};

/** Rows kept back where there are no validation files. */
export const shareOf = ({ data }: Parameters<Objective<'sequence-classification'>>[0]['recipe']): number =>
  data.kind === 'rows' ? data.validationShare : 0;
