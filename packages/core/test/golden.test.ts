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
import { onnxruntimeNode } from '../src/runtimes/onnxruntime.node.ts';
import { referenceRuntime } from '../src/runtimes/reference.ts';

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

  it('generation settings that differ', async () => {
    const source = altered('gpt2-lm/meta.json', replaced('"repetition_penalty": 1.3', '"repetition_penalty": 1.05'));
    const missed = misses(await runGenerationCases(source, 'gpt2-lm', engine)).map((c) => c.case);
    expect(missed).toEqual(['gpt2-lm/generation/greedy_repetition_penalty']);
  });
});
