// Classifiers: accuracy, macro F1, Matthews, the area under the ROC curve, a confusion matrix; or F1 of several labels at once.

import { type FileSource, type HeadModelOptions, TextClassifier, YumoError } from '@yumo/core';
import {
  accuracy,
  confusionMatrix,
  type FScores,
  fScore,
  matthews,
  multiLabelFScore,
  roc,
  subsetAccuracy,
} from '../metrics/index.ts';
import { inChunks } from './chunks.ts';
import type { LabelledText, Placed } from './dataset.ts';
import { type ClassScores, type Prediction, plainScore, type Scored, scoreOf, type TaskContext } from './evaluation.ts';
import { type LabelMap, matchLabels } from './labels.ts';

/** Scores by class, in the order of the classes: probabilities, or anything that ranks them. */
export type ClassOutput = readonly number[];

export interface ClassificationRun {
  readonly classes: readonly string[];
  readonly labels: LabelMap;
  /** Rows with their labels as classes of the model. */
  readonly rows: readonly Placed<LabelledText>[];
  readonly outputs: readonly (ClassOutput | undefined)[];
}

/** Runs the classifier over the rows. @throws YumoError `DATA` when labels do not match the classes; as `TextClassifier.load` and `run`. */
export async function runClassifier(
  source: FileSource,
  rows: readonly Placed<LabelledText>[],
  load: HeadModelOptions,
  given: readonly string[],
  { runtime, batchSize = 16, signal, onProgress }: TaskContext,
): Promise<ClassificationRun> {
  const classifier = await TextClassifier.load(source, runtime, load);
  try {
    const classes = classifier.model.labels;
    const labels = matchLabels([...new Set(rows.flatMap(({ row }) => row.labels))].sort(), classes, given);
    const named = rows.map(({ row, place }) => ({
      place,
      row: { ...row, labels: row.labels.map((l) => labels.names.get(l)!) },
    })); // every label is matched
    const outputs = await inChunks(
      rows.length,
      { batchSize, signal, onProgress, length: (i) => lengthOf(named[i]!.row) },
      async (chunk) => {
        const texts = chunk
          .map((i) => named[i]!.row)
          .map((row) => (row.pair === undefined ? row.text : ([row.text, row.pair] as const)));
        const found = await classifier.run(texts, { batchSize, signal });
        return found.map((scores) => {
          const byName = new Map(scores.map((s) => [s.label, s.score]));
          return classes.map((name) => byName.get(name)!); // all classes are asked for
        });
      },
    );
    return { classes, labels, rows: named, outputs };
  } finally {
    await classifier.dispose();
  }
}

const lengthOf = ({ text, pair = '' }: LabelledText): number => text.length + pair.length;

/** Measures outputs; rows without one are left out. */
export function scoreClasses(
  { rows, classes, outputs }: Omit<ClassificationRun, 'labels'>,
  multiLabel: boolean,
): Scored {
  const done = rows.flatMap(({ row, place }, i) => (outputs[i] ? [{ row, place, scores: outputs[i] }] : []));
  if (multiLabel) return scoreLabelSets(done, classes);
  const judged = done.map(({ row, place, scores }) => {
    const best = scores.indexOf(Math.max(...scores));
    if (best < 0) throw new YumoError('NUMERIC', `${place}: the scores of the classes are not numbers`, { place });
    return { row, place, scores, expected: row.labels[0]!, predicted: classes[best]!, score: scores[best]! };
  });
  const parts = judged.map((j) => j.expected === j.predicted);
  const sets = judged.map((j) => fScore().part(j));
  const averaged = fScore().result(sets);
  const occurring = new Set(judged.map((j) => j.expected));
  const binary = classes.length === 2 && occurring.size === 2;
  const ranked = binary
    ? judged.map((j) => roc.part({ expected: j.expected === classes[1], score: j.scores[1]! }))
    : [];
  return {
    scores: [
      scoreOf('accuracy', 'share', accuracy, parts, (share) => share),
      scoreOf('macro F1', 'share', fScore(), sets, (r) => r.macro.f),
      plainScore('weighted F1', 'share', averaged.weighted.f),
      scoreOf('Matthews', 'number', matthews, judged, (r) => r),
      ...(binary ? [plainScore('ROC AUC', 'share', roc.result(ranked).area)] : []),
    ],
    perClass: perClass(averaged),
    confusion: confusionMatrix(
      classes.filter((name) => judged.some((j) => j.expected === name || j.predicted === name)),
    ).result(judged),
    predictions: judged.map(
      ({ row, place, scores, expected, predicted, score }): Prediction => ({
        place,
        input: row.pair === undefined ? row.text : `${row.text} ‖ ${row.pair}`,
        expected,
        predicted,
        score,
        badness: predicted === expected ? score - 1 : score,
        record: {
          text: row.text,
          ...(row.pair === undefined ? {} : { pair: row.pair }),
          expected,
          predicted,
          score,
          scores: Object.fromEntries(classes.map((name, i) => [name, scores[i]])),
        },
      }),
    ),
  };
}

/** Each label is taken that is likelier than not. */
function scoreLabelSets(
  done: readonly (Placed<LabelledText> & { readonly scores: ClassOutput })[],
  classes: readonly string[],
): Scored {
  const judged = done.map(({ row, place, scores }) => ({
    row,
    place,
    scores,
    expected: row.labels,
    predicted: classes.filter((_, i) => scores[i]! > 0.5),
  }));
  const metric = multiLabelFScore();
  const sets = judged.map(metric.part);
  const averaged = metric.result(sets);
  return {
    scores: [
      scoreOf('micro F1', 'share', metric, sets, (r) => r.micro.f),
      scoreOf('macro F1', 'share', metric, sets, (r) => r.macro.f),
      scoreOf('all labels right', 'share', subsetAccuracy, judged.map(subsetAccuracy.part), (share) => share),
    ],
    perClass: perClass(averaged),
    predictions: judged.map(({ row, place, scores, expected, predicted }): Prediction => {
      const wrong = [
        ...expected.filter((l) => !predicted.includes(l)),
        ...predicted.filter((l) => !expected.includes(l)),
      ];
      return {
        place,
        input: row.text,
        expected: expected.join(', '),
        predicted: predicted.join(', '),
        score: 1 - wrong.length / classes.length,
        badness: wrong.length,
        record: {
          text: row.text,
          expected,
          predicted,
          scores: Object.fromEntries(classes.map((name, i) => [name, scores[i]])),
        },
      };
    }),
  };
}

/** Classes with their scores, for tables. */
export const perClass = (scores: FScores): ClassScores[] =>
  [...scores.perClass].map(([label, of]) => ({ label: String(label), ...of }));
