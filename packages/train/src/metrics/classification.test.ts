// Classification and regression metrics against scikit-learn and scipy.

import { expect, test } from 'vitest';
import { golden } from '../../test/metrics-golden.ts';
import { accuracy, topAccuracy } from './accuracy.ts';
import { confusionMatrix } from './confusion.ts';
import { pearson, regressionErrors, spearman } from './correlation.ts';
import { fScore, multiLabelFScore, type Scores, subsetAccuracy } from './f-score.ts';
import { matthews } from './matthews.ts';
import { measure } from './metric.ts';
import { averagePrecision, roc, rocOneVersusRest } from './roc.ts';

const data = golden();
const classification = data.classification;
const rows = [...classification.expected].map((expected, i) => ({ expected, predicted: classification.predicted[i]! }));
const zip = <T>(expected: readonly T[], predicted: readonly T[]) =>
  expected.map((value, i) => ({ expected: value, predicted: predicted[i]! }));

function expectClose(actual: readonly number[], expected: readonly number[]): void {
  expect(actual).toHaveLength(expected.length);
  expected.forEach((value, i) => {
    expect(actual[i]).toBeCloseTo(value, 12);
  });
}
const three = (scores: Scores): number[] => [scores.precision, scores.recall, scores.f];

test('accuracy, Matthews correlation and the confusion matrix equal scikit-learn', () => {
  expect(measure(accuracy, rows)).toBeCloseTo(classification.accuracy, 12);
  expect(measure(matthews, rows)).toBeCloseTo(classification.matthews, 12);
  expect(measure(confusionMatrix(), rows)).toEqual({ labels: classification.labels, counts: classification.confusion });
});

test('precision, recall and F equal scikit-learn, by class and for each average', () => {
  const scores = measure(fScore(), rows);
  expect([...scores.perClass.keys()]).toEqual(classification.labels);
  [...scores.perClass.values()].forEach((own, i) => {
    expectClose(
      [...three(own), own.support],
      classification.perClass.map((column) => column[i]!),
    );
  });
  for (const average of ['micro', 'macro', 'weighted'] as const)
    expectClose(three(scores[average]), classification[average].slice(0, 3));
  expectClose(three(measure(fScore({ beta: 2 }), rows).macro), classification.macroBeta2.slice(0, 3));
  expectClose(three(measure(fScore({ labels: ['A', 'B'] }), rows).micro), classification.microOfAB.slice(0, 3));
});

test('scores of several labels a row equal scikit-learn', () => {
  const sets = zip(data.multiLabel.expected, data.multiLabel.predicted);
  const scores = measure(multiLabelFScore(), sets);
  expectClose(three(scores.micro), data.multiLabel.micro);
  expectClose(three(scores.macro), data.multiLabel.macro);
  expect(measure(subsetAccuracy, sets)).toBeCloseTo(data.multiLabel.subsetAccuracy, 12);
});

test('a class that is never predicted has precision 0, and never NaN', () => {
  const scores = measure(fScore(), [{ expected: 'a', predicted: 'b' }]);
  expect(three(scores.macro)).toEqual([0, 0, 0]);
  expect(measure(matthews, [{ expected: 'a', predicted: 'a' }])).toBe(0);
});

test('the ROC curve, its area and average precision equal scikit-learn, with ties', () => {
  const binary = data.roc.expected.map((expected, i) => ({ expected, score: data.roc.scores[i]! }));
  const curve = measure(roc, binary);
  expectClose(curve.falsePositiveRate, data.roc.falsePositiveRate);
  expectClose(curve.truePositiveRate, data.roc.truePositiveRate);
  expectClose(curve.thresholds.slice(1), data.roc.thresholdsAfterFirst);
  expect(curve.area).toBeCloseTo(data.roc.area, 12);
  expect(measure(averagePrecision, binary)).toBeCloseTo(data.roc.averagePrecision, 12);
  const classes = data.classes.expected.map((expected, i) => ({ expected, scores: data.classes.scores[i]! }));
  expect(measure(rocOneVersusRest, classes)).toBeCloseTo(data.classes.oneVersusRest, 12);
  expect(measure(topAccuracy(2), classes)).toBeCloseTo(data.classes.top2, 12);
});

test('rows of one class only have no ROC curve, and the message says why', () => {
  expect(() => measure(roc, [{ expected: true, score: 1 }])).toThrow(
    'ROC: all 1 rows are positive; both classes are needed',
  );
});

test('correlations equal scipy and regression errors scikit-learn', () => {
  const values = zip(data.correlation.expected, data.correlation.predicted);
  expect(measure(pearson, values)).toBeCloseTo(data.correlation.pearson, 12);
  expect(measure(spearman, values)).toBeCloseTo(data.correlation.spearman, 12);
  const { meanSquared, meanAbsolute, determination } = measure(regressionErrors, values);
  expectClose(
    [meanSquared, meanAbsolute, determination],
    [data.correlation.meanSquared, data.correlation.meanAbsolute, data.correlation.determination],
  );
  expect(measure(pearson, zip([1, 1], [1, 2]))).toBeNaN();
});

test('a label outside the given ones is named with the nearest', () => {
  expect(() => measure(confusionMatrix(['sport', 'science']), [{ expected: 'sport', predicted: 'sports' }])).toThrow(
    'confusion matrix: label "sports" is not one of 2 labels; did you mean "sport"?',
  );
});

test('no rows at all are an error that names the metric', () => {
  expect(() => measure(accuracy, [])).toThrow('accuracy: there are no rows to measure');
});
