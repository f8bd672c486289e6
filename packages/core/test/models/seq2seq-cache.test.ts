// Encoder-decoder models step by step, with both caches, against the reference logits of the whole target.

import { describe, expect, it } from 'vitest';
import { seq2seqFor, seq2seqTypes } from '../../src/models/index.ts';
import { crossDecoderGraph, encoderGraph } from '../../src/models/seq2seq-graph.ts';
import type { Parameter } from '../../src/nn/scope.ts';
import { onnxruntimeNode } from '../../src/runtimes/onnxruntime.node.ts';
import { referenceRuntime } from '../../src/runtimes/reference.ts';
import type { Runtime, Values } from '../../src/runtimes/runtime.ts';
import { toFloat64, type Value } from '../../src/value.ts';
import { caseNames, configOf, readCase } from './golden-case.ts';

const cases = caseNames.filter((name) => seq2seqTypes.includes(String(configOf(name).model_type)));

/** Columns [from, to) of ids. */
function columns(v: Value, from: number, to: number): Value {
  const [rows, width] = v.shape as [number, number];
  const data = Int32Array.from({ length: rows * (to - from) }, (_, i) =>
    Number(v.data[Math.floor(i / (to - from)) * width + from + (i % (to - from))]),
  );
  return { dtype: 'int32', shape: [rows, to - from], data };
}

const constantsFor = (parameters: readonly Parameter[], all: Values): Values =>
  Object.fromEntries(parameters.map((p) => [p.name, all[p.name]!]));

/** What the decoder's outputs are called when they come back in. */
const asPast = (outputs: Values): Values =>
  Object.fromEntries(
    Object.entries(outputs).flatMap(([name, v]) =>
      name.startsWith('present.') ? [[name.replace('present', 'past_key_values'), v]] : [],
    ),
  );

async function decodeInSteps(name: string, runtime: Runtime, steps: readonly number[], firstFrom: 'states' | 'cache') {
  const c = await readCase(name);
  const architecture = seq2seqFor(configOf(name));
  const { config } = c.model;
  const compile = async ({ graph, parameters }: ReturnType<typeof encoderGraph>) =>
    runtime.compile(graph, { constants: constantsFor(parameters, c.feeds) });
  const encoder = await compile(encoderGraph(architecture, config, { cross: true }));
  const first = await compile(crossDecoderGraph(architecture, config, { from: 'states' }));
  const next = await compile(crossDecoderGraph(architecture, config, { from: 'cache' }));
  const { input_ids, attention_mask, decoder_input_ids } = c.feeds as Record<string, Value>;
  const source = await encoder.run({ input_ids: input_ids!, attention_mask: attention_mask! });
  const { last_hidden_state: states, ...cross } = source;
  const batch = input_ids!.shape[0]!;
  const { layers, keyValueHeads, headSize } = architecture.cache(config);
  const nothing: Value = { dtype: 'float32', shape: [batch, keyValueHeads, 0, headSize], data: new Float32Array(0) };
  const empty = Object.fromEntries(
    Array.from({ length: layers }).flatMap((_, i) =>
      ['key', 'value'].map((p) => [`past_key_values.${i}.decoder.${p}`, nothing]),
    ),
  );
  let caches: Values = { ...asPast(cross), ...empty };
  const logits: Value[] = [];
  let at = 0;
  for (const width of steps) {
    const feeds = { input_ids: columns(decoder_input_ids!, at, at + width), encoder_attention_mask: attention_mask! };
    const out =
      at === 0 && firstFrom === 'states'
        ? await first.run({ ...feeds, encoder_hidden_states: states! })
        : await next.run({ ...feeds, ...caches });
    logits.push(out.logits!);
    caches = { ...caches, ...asPast(out) };
    at += width;
  }
  await Promise.all([encoder, first, next].map((p) => p.dispose()));
  return { logits, expected: c.expected.get('logits')! };
}

/** The largest difference between the steps' logits and the same positions of the whole. */
function largestDifference(logits: readonly Value[], expected: Value): number {
  const [rows, length, vocabulary] = expected.shape as [number, number, number];
  const whole = toFloat64(expected);
  let worst = 0;
  let at = 0;
  for (const step of logits) {
    const width = step.shape[1]!;
    toFloat64(step).forEach((x, i) => {
      const [row, rest] = [Math.floor(i / (width * vocabulary)), i % (width * vocabulary)];
      worst = Math.max(worst, Math.abs(x - whole[(row * length + at) * vocabulary + rest]!));
    });
    at += width;
  }
  expect([rows, at]).toEqual([logits[0]!.shape[0], length]);
  return worst;
}

const cpu = await onnxruntimeNode({ threads: 1 });

describe.each(cases)('%s', (name) => {
  it('decodes token by token to the logits of the whole target', async () => {
    const { logits, expected } = await decodeInSteps(name, referenceRuntime, new Array(8).fill(1), 'states');
    expect(largestDifference(logits, expected)).toBeLessThan(2e-6); // half a unit of float32 at the largest logits
  });

  it('does so on onnxruntime, several tokens first, beginning with an empty cache', async () => {
    const { logits, expected } = await decodeInSteps(name, cpu, [3, 1, 1, 2, 1], 'cache');
    expect(largestDifference(logits, expected)).toBeLessThan(1e-3);
  });
});

if (cases.length === 0) it('has reference values', ({ skip }) => skip('no ../shared/golden'));
