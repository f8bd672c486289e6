// Losses against values and gradients computed by PyTorch, in double precision.

import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';
import { diskSource } from '../checkpoint/disk.node.ts';
import { readSafetensors } from '../checkpoint/safetensors.ts';
import { evaluateTensors } from '../graph/evaluate.ts';
import { gradient } from '../graph/gradient.ts';
import { add, mul, sum } from '../ops/build.ts';
import { crossEntropy, crossEntropySum, l2Normalize, nextTokenLoss, softplus } from '../ops/compose.ts';
import { type Tensor, tensor } from '../tensor.ts';
import { type Value, value } from '../value.ts';
import {
  binaryCrossEntropy,
  cosineEmbedding,
  distillation,
  infoNce,
  meanAbsoluteError,
  meanSquaredError,
  smoothedCrossEntropy,
  smoothL1,
  softCrossEntropy,
  triplet,
  weightedCrossEntropy,
} from './losses.ts';

const folder = resolve(
  process.env.YUMO_SHARED ?? resolve(import.meta.dirname, '../../../../../shared'),
  'golden/models/losses',
);
const present = existsSync(folder);
if (!present) console.log(`skipped: no reference values at ${folder} (set YUMO_SHARED)`);

type Inputs = Readonly<Record<string, Tensor>>;
const reference: Readonly<Record<string, (x: Inputs) => Tensor>> = {
  cross_entropy: (x) => crossEntropy(x.logits!, x.labels!),
  cross_entropy_sum: (x) => crossEntropySum(x.logits!, x.labels!).sum,
  cross_entropy_ignore_index: (x) => crossEntropy(x.logits!, x.labels!),
  'cross_entropy_label_smoothing_0.1': (x) => smoothedCrossEntropy(x.logits!, x.labels!, 0.1),
  'cross_entropy_label_smoothing_0.3': (x) => smoothedCrossEntropy(x.logits!, x.labels!, 0.3),
  cross_entropy_class_weights: (x) => weightedCrossEntropy(x.logits!, x.labels!, x.weight!),
  cross_entropy_soft_targets: (x) => softCrossEntropy(x.logits!, x.targets!),
  causal_language_model: (x) => nextTokenLoss(x.logits!, x.labels!),
  'distillation_kl_temperature_1.0': (x) => distillation(x.student_logits!, x.teacher_logits!, 1),
  'distillation_kl_temperature_2.0': (x) => distillation(x.student_logits!, x.teacher_logits!, 2),
  distillation_combined: (x) =>
    mul(add(distillation(x.student_logits!, x.teacher_logits!, 2), crossEntropy(x.student_logits!, x.labels!)), 0.5),
  bce_with_logits: (x) => binaryCrossEntropy(x.logits!, x.targets!),
  bce_with_logits_large: (x) => binaryCrossEntropy(x.logits!, x.targets!),
  bce_with_logits_pos_weight: (x) => binaryCrossEntropy(x.logits!, x.targets!, { positiveWeight: x.pos_weight! }),
  mse: (x) => meanSquaredError(x.predictions!, x.targets!),
  l1: (x) => meanAbsoluteError(x.predictions!, x.targets!),
  smooth_l1: (x) => smoothL1(x.predictions!, x.targets!),
  cosine_embedding: (x) => cosineEmbedding(x.a!, x.b!, x.y!, 0.1),
  info_nce: (x) => infoNce(x.a!, x.b!, 0.05),
  info_nce_symmetric: (x) => infoNce(x.a!, x.b!, 0.05, { symmetric: true }),
  triplet: (x) => triplet(x.anchor!, x.positive!, x.negative!),
};

const close = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-10 * Math.abs(b) + 1e-12;

it.runIf(present).each(Object.entries(reference))(
  '%s equals the reference, and so do its gradients',
  async (name, loss) => {
    const file = await readSafetensors(diskSource(folder), `${name}.safetensors`);
    const stored = new Map(await Promise.all(file.names.map(async (n) => [n, await file.read(n)] as const)));
    const feeds: Record<string, Value> = {};
    const inputs: Record<string, Tensor> = {};
    for (const [key, v] of stored) {
      if (!key.startsWith('in.')) continue;
      const input = key.slice(3);
      feeds[input] = v.dtype === 'int64' ? value('int32', v.shape, Array.from(v.data, Number)) : v;
      inputs[input] = tensor(input, v.dtype === 'int64' ? 'int32' : 'float32', v.shape);
    }
    const result = loss(inputs);
    const wanted = [...stored.keys()].filter((k) => k.startsWith('grad_in.')).map((k) => k.slice(8));
    const [got, ...gradients] = evaluateTensors(
      [
        result,
        ...gradient(
          result,
          wanted.map((n) => inputs[n]!),
        ),
      ],
      feeds,
    );
    expect(
      close(got!.data[0]!, Number(stored.get('loss')!.data[0])),
      `${got!.data[0]} against ${stored.get('loss')!.data[0]}`,
    ).toBe(true);
    wanted.forEach((n, i) => {
      const expected = stored.get(`grad_in.${n}`)!.data as Float64Array;
      gradients[i]!.data.forEach(
        (x, j) => void expect(close(x, expected[j]!), `d/d${n}[${j}]: ${x} against ${expected[j]}`).toBe(true),
      );
    });
  },
);

const at = (numbers: readonly number[], shape = [numbers.length]): { x: Tensor; feeds: Record<string, Value> } => ({
  x: tensor('x', 'float32', shape),
  feeds: { x: value('float32', shape, [...numbers]) },
});
const slope = (f: (x: Tensor) => Tensor, numbers: readonly number[], shape?: number[]): number[] => {
  const { x, feeds } = at(numbers, shape);
  return [...evaluateTensors(gradient(sum(f(x)), [x]), feeds)[0]!.data];
};

it('the slope of softplus at exactly 0 is ½: a classifier that starts at zero learns', () => {
  expect(slope(softplus, [0])).toEqual([0.5]);
});

it('a vector of zeros has a finite direction and gradient', () => {
  expect(slope((x) => l2Normalize(x), [0, 0], [1, 2]).every(Number.isFinite)).toBe(true);
});

it('padding that does not count changes nothing in distillation', () => {
  const student = tensor('student', 'float32', [2, 3]);
  const teacher = tensor('teacher', 'float32', [2, 3]);
  const counts = tensor('counts', 'float32', [2]);
  const of = (second: readonly number[]): number =>
    evaluateTensors([distillation(student, teacher, 2, counts)], {
      student: value('float32', [2, 3], [1, 2, 0.5, ...second]),
      teacher: value('float32', [2, 3], [0, 1, 1, 5, 1, 1]),
      counts: value('float32', [2], [1, 0]),
    })[0]!.data[0]!;
  expect(of([9, -9, 3])).toBe(of([0, 0, 0]));
});
