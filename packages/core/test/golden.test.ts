// Models, generation, operations, losses and processors against values of transformers on PyTorch: a small set kept here, and all of ../shared.

import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { diskSource } from '../src/checkpoint/disk.node.ts';
import type { FileSource } from '../src/checkpoint/source.ts';
import {
  type CaseResult,
  modelCaseNames,
  runGenerationCases,
  runModelCase,
  runOperationCases,
  runProcessorCases,
} from '../src/golden/index.ts';
import { lossOf } from '../src/golden/losses.ts';
import { evaluateTensors } from '../src/graph/evaluate.ts';
import { onnxruntimeNode } from '../src/runtimes/onnxruntime.node.ts';
import { referenceRuntime } from '../src/runtimes/reference.ts';
import { type Tensor, tensor } from '../src/tensor.ts';
import { value } from '../src/value.ts';

const kept = diskSource(join(import.meta.dirname, 'golden'));
const sharedFolder = resolve(
  process.env.YUMO_SHARED ?? join(import.meta.dirname, '../../../../shared'),
  'golden/models',
);
const shared = existsSync(sharedFolder) ? diskSource(sharedFolder) : undefined;
if (!shared) console.log(`skipped: no reference values at ${sharedFolder} (set YUMO_SHARED)`);

const engine = await onnxruntimeNode({ threads: 1 });
const runtimes = { exact: referenceRuntime, engine };

/** Cases that did not pass; what is not supported is listed by `pnpm golden models`. */
const misses = (results: readonly CaseResult[]): readonly CaseResult[] => results.filter((c) => c.status === 'fail');

describe.each([['kept', kept] as const, ...(shared ? [['shared', shared] as const] : [])])(
  'the %s set',
  (_, source) => {
    it.each(['ops', 'losses'] as const)(
      '%s: results and gradients, in double precision and on onnxruntime',
      async (kind) => {
        const results = await runOperationCases(source, kind, runtimes);
        expect(results.filter((c) => c.status !== 'pass')).toEqual([]);
        expect(results.length).toBeGreaterThan(4);
      },
    );

    it('processors', async () => {
      const results = await runProcessorCases(source);
      expect(results.filter((c) => c.status !== 'pass')).toEqual([]);
      expect(results).toHaveLength(33);
    });

    it('generation: greedy ids, beam ids and scores', async () => {
      const results: CaseResult[] = [];
      for (const name of await modelCaseNames(source))
        results.push(...(await runGenerationCases(source, name, engine)));
      expect(misses(results)).toEqual([]);
      expect(results.filter((c) => c.status === 'pass').length).toBeGreaterThanOrEqual(9);
    });
  },
);

it('GPT-2: logits, hidden states, attentions, loss and every gradient', async () => {
  const [forward] = await runModelCase(kept, 'gpt2-lm', runtimes);
  expect(forward).toMatchObject({ case: 'gpt2-lm', status: 'pass' });
});

describe('the check notices', () => {
  /** The kept set with one file changed. */
  const altered = (path: string, change: (bytes: Uint8Array) => Uint8Array): FileSource => ({
    ...kept,
    size: async (p) => (p === path ? change(await kept.read(p)).length : kept.size(p)),
    read: async (p, options = {}) =>
      p === path ? change(await kept.read(p)).slice(options.start, options.end) : kept.read(p, options),
  });
  const lastFloat = (bytes: Uint8Array): Uint8Array => {
    const copy = bytes.slice();
    const view = new DataView(copy.buffer);
    view.setFloat32(copy.length - 4, view.getFloat32(copy.length - 4, true) + 0.5, true);
    return copy;
  };
  const replaced = (from: string, to: string) => (bytes: Uint8Array) =>
    new TextEncoder().encode(new TextDecoder().decode(bytes).replace(from, to));

  it('one weight that differs', async () => {
    const [forward] = await runModelCase(altered('gpt2-lm/model.safetensors', lastFloat), 'gpt2-lm', runtimes);
    expect(forward).toMatchObject({ status: 'fail', detail: /reference/ });
  });

  it('one stored output that differs', async () => {
    const [forward] = await runModelCase(altered('gpt2-lm/outputs.safetensors', lastFloat), 'gpt2-lm', runtimes);
    expect(forward!.status).toBe('fail');
  });

  it('an attribute of an operation that differs', async () => {
    const source = altered('ops/index.json', replaced('"epsilon": 1e-05', '"epsilon": 1e-02'));
    expect(misses(await runOperationCases(source, 'ops', runtimes)).map((c) => c.case)).toEqual(['ops/layer_norm']);
  });

  it('an operation that it does not know, without failing', async () => {
    const source = altered('ops/index.json', replaced('"op": "where"', '"op": "whence"'));
    const results = await runOperationCases(source, 'ops', runtimes);
    expect(results.find((c) => c.case === 'ops/where')).toMatchObject({ status: 'unsupported', worst: null });
  });

  it('a processor setting that differs', async () => {
    const source = altered('processors/index.json', replaced('"top_p": 0.3', '"top_p": 0.999'));
    expect(misses(await runProcessorCases(source)).map((c) => c.case)).toEqual(['processors/top_p_0.3']);
  });

  it('the smallest number of tokens that top-k keeps', async () => {
    const source = altered('processors/index.json', replaced('"top_k": 5', '"top_k": 1, "min_tokens_to_keep": 5'));
    expect(misses(await runProcessorCases(source))).toEqual([]);
  });

  it('labels to ignore that are not negative', async () => {
    const loss = (ignored: number) =>
      lossOf(
        'cross_entropy',
        { logits: tensor('logits', 'float32', [3, 4]), labels: tensor('labels', 'int32', [3]) },
        { ignore_index: ignored, reduction: 'mean' },
      )!;
    const logits = value('float64', [3, 4], [0.1, -2, 3, 0.5, 1, 1.5, -0.25, 2, -1, 0.75, 0, 1]);
    const at = (labels: readonly number[], ignored: number): number =>
      evaluateTensors([loss(ignored)], { logits, labels: value('int32', [3], labels) })[0]!.data[0] as number;
    expect(at([2, 0, 3], 0)).toBeCloseTo(at([2, -100, 3], -100), 14);
    expect(at([2, 0, 3], 0)).not.toBeCloseTo(at([2, 0, 3], -100), 3);
  });

  it('a sum that is asked for in place of a mean, and a loss that is not ours', () => {
    const [p, t] = ['predictions', 'targets'].map((name) => tensor(name, 'float32', [2, 2])) as [Tensor, Tensor];
    const x = { predictions: value('float64', [2, 2], [1, 2, 3, 4]), targets: value('float64', [2, 2], [0, 0, 0, 1]) };
    const squares = lossOf('mse', { predictions: p, targets: t }, { reduction: 'sum' })!;
    expect(evaluateTensors([squares], x)[0]!.data[0]).toBeCloseTo(1 + 4 + 9 + 9, 12);
    const labels = tensor('labels', 'int32', [2]);
    const weighted = { logits: p, labels, weight: tensor('weight', 'float32', [2]) };
    expect(lossOf('cross_entropy', weighted, { label_smoothing: 0.1 })).toBeUndefined();
    expect(lossOf('cross_entropy', weighted, { reduction: 'sum' })).toBeUndefined();
    expect(lossOf('bce', { logits: p, targets: t, weight: weighted.weight }, {})).toBeUndefined();
  });

  it('a setting of generation that it does not know, without failing', async () => {
    const source = altered('gpt2-lm/meta.json', replaced('"repetition_penalty": 1.3', '"guidance_scale": 1.3'));
    const results = await runGenerationCases(source, 'gpt2-lm', engine);
    expect(results.filter((c) => c.status !== 'pass')).toEqual([
      expect.objectContaining({ status: 'unsupported', detail: 'the setting guidance_scale' }),
    ]);
  });

  it('generation settings that differ', async () => {
    const source = altered('gpt2-lm/meta.json', replaced('"repetition_penalty": 1.3', '"repetition_penalty": 1.05'));
    const missed = misses(await runGenerationCases(source, 'gpt2-lm', engine)).map((c) => c.case);
    expect(missed).toEqual(['gpt2-lm/generation/greedy_repetition_penalty']);
  });
});
