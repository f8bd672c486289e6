// The contract of a runtime: every engine computes every operation, gradient, training step and cached decoding as the interpreter does.

import { beforeAll, describe, expect, it } from 'vitest';
import { evaluateTensors } from '../src/graph/evaluate.ts';
import { gradient } from '../src/graph/gradient.ts';
import { decoderGraph } from '../src/models/decoder-graph.ts';
import { architectureFor } from '../src/models/index.ts';
import { add, matmul, mul, reshape, sum } from '../src/ops/build.ts';
import { referenceRuntime } from '../src/runtimes/reference.ts';
import type { Program } from '../src/runtimes/runtime.ts';
import { type Graph, tensor } from '../src/tensor.ts';
import { sizeOf, type Value, value } from '../src/value.ts';
import { allCases, build, worstError } from './case-graph.ts';
import { engines } from './engines.ts';
import { randomWeights, tinyGpt2, tinyLlama } from './tiny-model.ts';
import { stepGraph } from './training-step.ts';

/** float32 rounds at 6·10⁻⁸; transcendental functions are off by some units of it. */
const perOperation = 2.1e-6;
/** Sums of a few hundred terms, and rounding carried through some dozen operations. */
const perGraph = 2e-5;

const asEngineFeeds = (feeds: Readonly<Record<string, Value>>): Record<string, Value> =>
  Object.fromEntries(Object.entries(feeds).map(([name, v]) => [name, { ...v, data: v.data.slice() as never }]));

/** Row 1 starts with padding: a query that sees no key, whose numbers mean nothing. Set to zero here, wherever they come out. */
function clearPadded({ shape, data }: Value, name: string, past: number): void {
  if (name === 'logits' && past > 0) return;
  const [, ...rest] = shape;
  const row = sizeOf(rest);
  if (name === 'logits') (data as Float32Array).fill(0, row, row + rest[1]!);
  else
    for (let head = 0; head < rest[0]!; head++) {
      const start = row + head * sizeOf(rest.slice(1));
      (data as Float32Array).fill(0, start, start + rest[2]!);
    }
}

async function withProgram<T>(program: Promise<Program>, use: (p: Program) => Promise<T>): Promise<T> {
  const opened = await program;
  try {
    return await use(opened);
  } finally {
    await opened.dispose();
  }
}

describe.each(engines)('$label', ({ label, runtime, skip }) => {
  beforeAll(() => {
    const missing = Object.entries(skip).map(([op, reason]) => `${op} (${reason})`);
    console.info(`${label}: ${missing.length === 0 ? 'does every operation' : `cannot do ${missing.join(', ')}`}`);
  });

  describe('computes what the operation means', () => {
    it.each(allCases)('$name', async ({ op, c }) => {
      const { inputs, results, feeds } = build(op, c);
      const outputs = Object.fromEntries(results.map((t, i) => [`y${i}`, t]));
      const reason = skip[op];
      if (reason !== undefined) {
        // What is listed must really fail: a list that outlives its reason hides what works.
        const attempt = runtime.compile({ inputs, outputs }).then((p) => p.run(asEngineFeeds(feeds)));
        await expect(attempt).rejects.toThrow();
        return;
      }
      const expected = evaluateTensors(results, feeds);
      await withProgram(runtime.compile({ inputs, outputs }), async (program) => {
        const got = await program.run(asEngineFeeds(feeds));
        expected.forEach((e, i) => {
          const error = worstError(got[`y${i}`], e);
          expect(error, `y${i}: ${got[`y${i}`]?.data} against ${e.data}`).toBeLessThanOrEqual(perOperation);
          if (results[i]!.dtype !== 'float32') expect(error).toBe(0);
        });
      });
    });
  });

  it('computes the gradient of every operation', async () => {
    for (const { op, c, name } of allCases) {
      if (op in skip) continue;
      const { inputs, results, feeds } = build(op, c);
      const floats = inputs.filter((t) => t.dtype === 'float32');
      if (floats.length === 0 || results[0]!.dtype !== 'float32') continue;
      const gradients = gradient(sum(mul(results[0]!, results[0]!)), floats);
      const outputs = Object.fromEntries(gradients.map((g, i) => [`g${i}`, g]));
      const got = await withProgram(runtime.compile({ inputs, outputs }), (p) => p.run(asEngineFeeds(feeds)));
      evaluateTensors(gradients, feeds).forEach((e, i) => {
        expect(worstError(got[`g${i}`], e), `${name}, gradient ${i}`).toBeLessThan(perGraph);
      });
    }
  });

  it('takes three training steps with dropout and padding in place, as the interpreter does', async () => {
    const { graph, feeds, updated } = stepGraph(0.2);
    const expected = feeds(1);
    const got = feeds(1);
    const into = (held: Record<string, Value>): Record<string, Value> =>
      Object.fromEntries(Object.entries(updated).map(([output, input]) => [output, held[input]!]));
    const reference = await referenceRuntime.compile(graph);
    await withProgram(runtime.compile(graph, { purpose: 'training' }), async (program) => {
      for (let step = 1; step <= 3; step++) {
        const { input_ids, labels, step: counter } = feeds(step);
        for (const held of [expected, got]) Object.assign(held, { input_ids, labels, step: counter });
        const truth = await reference.run(expected, { into: into(expected) });
        const result = await program.run(got, { into: into(got) });
        for (const name of ['loss', 'norm']) {
          const error = worstError(result[name], truth[name]!);
          expect(error, `${name} of step ${step}`).toBeLessThan(perGraph);
        }
        for (const [output, input] of Object.entries(updated)) {
          expect(result[output]!.data, 'written into the array that was given').toBe(got[input]!.data);
          const error = worstError(got[input], expected[input]!);
          expect(error, `${input} after step ${step}`).toBeLessThan(perGraph);
        }
      }
    });
  });

  it.each([tinyGpt2, tinyLlama])(
    'decodes $model_type with a cache of growing length in one program',
    async (config) => {
      const architecture = architectureFor(config);
      const { graph } = decoderGraph(architecture, architecture.readConfig(config));
      const { layers, keyValueHeads, headSize } = architecture.cache(architecture.readConfig(config));
      const weights = randomWeights(config);
      const reference = await referenceRuntime.compile(graph, { constants: weights });
      await withProgram(runtime.compile(graph, { constants: weights }), async (program) => {
        let past = 0;
        let cache: Record<string, Value> = Object.fromEntries(
          Array.from({ length: layers }, (_, i) =>
            ['key', 'value'].map((kind) => [
              `past_key_values.${i}.${kind}`,
              value('float32', [2, keyValueHeads, 0, headSize], new Float32Array(0)),
            ]),
          ).flat(),
        );
        for (const ids of [
          [
            [3, 5, 7],
            [1, 2, 4],
          ],
          [[6], [8]],
          [
            [0, 9],
            [12, 11],
          ],
        ]) {
          const sequence = ids[0]!.length;
          const int32 = (rows: readonly (readonly number[])[]): Value =>
            value('int32', [2, rows[0]!.length], rows.flat());
          const feeds = {
            input_ids: int32(ids),
            attention_mask: int32([Array(past + sequence).fill(1), [0, ...Array(past + sequence - 1).fill(1)]]),
            position_ids: int32([0, 1].map(() => Array.from({ length: sequence }, (_, i) => past + i))),
            ...cache,
          };
          const truth = await reference.run(feeds);
          const got = await program.run(feeds);
          for (const name of program.outputNames) {
            for (const values of [got, truth]) clearPadded(values[name]!, name, past);
            const error = worstError(got[name], truth[name]!);
            expect(error, `${name} at past ${past}`).toBeLessThan(perGraph);
          }
          past += sequence;
          cache = Object.fromEntries(
            Object.entries(truth)
              .filter(([name]) => name.startsWith('present'))
              .map(([name, v]) => [
                name.replace('present', 'past_key_values'),
                value('float32', v.shape, Float32Array.from(v.data as Float64Array)),
              ]),
          );
        }
      });
    },
  );

  const x = tensor('x', 'float32', ['rows', 2]);
  const w = tensor('w', 'float32', [2, 2]);
  const small: Graph = {
    inputs: [x, w],
    outputs: { y: matmul(x, w), same: x, twice: add(x, x), flat: reshape(x, ['2*rows']) },
  };
  const floats = (shape: number[], ...data: number[]): Value<'float32'> => value('float32', shape, data);
  const feeds = (rows = 1) => ({
    x: floats([rows, 2], ...Array.from({ length: 2 * rows }, (_, i) => i + 1)),
    w: floats([2, 2], 1, 2, 3, 4),
  });

  it('computes only the outputs that are asked for', async () => {
    await withProgram(runtime.compile(small), async (program) => {
      expect(Object.keys(await program.run(feeds(), { outputs: ['twice'] }))).toEqual(['twice']);
    });
  });

  it('hands out numbers that later runs and changed feeds leave alone', async () => {
    await withProgram(runtime.compile(small), async (program) => {
      const fed = feeds();
      const first = await program.run(fed);
      fed.x.data.fill(9);
      await program.run(fed);
      for (const [name, expected] of Object.entries({ y: [7, 10], same: [1, 2], twice: [2, 4], flat: [1, 2] }))
        expect([...(first[name]!.data as Float32Array)], name).toEqual(expected);
    });
  });

  it('keeps the weights that it was compiled with', async () => {
    const fixed = feeds().w;
    await withProgram(runtime.compile(small, { constants: { w: fixed } }), async (program) => {
      expect(program.inputNames).toEqual(['x']);
      for (let i = 0; i < 2; i++) {
        const { y } = await program.run({ x: feeds(i + 1).x });
        expect([...(y!.data as Float32Array)].slice(0, 2)).toEqual([7, 10]);
      }
    });
  });

  it('queues runs that are started together', async () => {
    await withProgram(runtime.compile(small), async (program) => {
      const runs = await Promise.all([1, 2, 3].map((rows) => program.run(feeds(rows), { outputs: ['y'] })));
      expect(runs.map(({ y }) => y!.shape)).toEqual([
        [1, 2],
        [2, 2],
        [3, 2],
      ]);
    });
  });

  it.each([
    ['a missing input', () => ({ x: feeds().x }), /"w"/],
    ['a wrong size', () => ({ ...feeds(), w: floats([2, 3], 1, 2, 3, 4, 5, 6) }), /"w".*\[2, 2\].*\[2, 3\]/],
  ])('answers %s with its name, and goes on working', async (_, wrong, message) => {
    await withProgram(runtime.compile(small), async (program) => {
      await expect(program.run(wrong())).rejects.toThrow(message);
      expect((await program.run(feeds())).y!.data.length).toBe(2);
    });
  });

  it('refuses to run after it was disposed', async () => {
    const program = await runtime.compile(small);
    await program.dispose();
    await program.dispose();
    if (label === 'reference') return; // holds nothing that could be gone
    await expect(program.run(feeds())).rejects.toThrow(/disposed/);
  });

  it('stops when the signal has fired', async () => {
    if (label === 'reference') return; // has no place where it could stop
    const signal = AbortSignal.abort();
    await expect(runtime.compile(small, { signal })).rejects.toMatchObject({ code: 'ABORTED' });
    await withProgram(runtime.compile(small), async (program) => {
      await expect(program.run(feeds(), { signal })).rejects.toMatchObject({ code: 'ABORTED' });
    });
  });
});
