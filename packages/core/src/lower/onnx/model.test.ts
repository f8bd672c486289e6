// Graphs as ONNX files, run by onnxruntime: named sizes, other programs' types, 8-bit weights, errors.

import { describe, expect, it } from 'vitest';
import { random } from '../../../test/cases.ts';
import { uniformAt } from '../../generate/sampling.ts';
import { decoderGraph } from '../../models/decoder-graph.ts';
import { gpt2 } from '../../models/gpt2.ts';
import { add, iota, matmul, mul } from '../../ops/build.ts';
import { onnxruntimeNode } from '../../runtimes/onnxruntime.node.ts';
import { onnxruntimeWasm } from '../../runtimes/onnxruntime.wasm.node.ts';
import type { Runtime } from '../../runtimes/runtime.ts';
import { tensor } from '../../tensor.ts';
import type { Value } from '../../value.ts';
import { toOnnx } from './model.ts';

const cpu = await onnxruntimeNode({ threads: 1 });
const wasm = await onnxruntimeWasm({ threads: 1 });
const config = gpt2.readConfig({ vocab_size: 50, n_positions: 32, n_embd: 32, n_layer: 2, n_head: 4 });
const { graph, parameters } = decoderGraph(gpt2, config);
const next = random(3);
const weights = Object.fromEntries(
  parameters.map((p) => [
    p.name,
    {
      dtype: 'float32' as const,
      shape: p.shape,
      data: Float32Array.from({ length: p.shape.reduce((n, d) => n * d, 1) }, () => (next() - 0.5) * 0.4),
    },
  ]),
);

const ids = (...rows: number[][]): Value => ({
  dtype: 'int32',
  shape: [rows.length, rows[0]!.length],
  data: Int32Array.from(rows.flat()),
});
const wide = (v: Value): Value => ({
  dtype: 'int64',
  shape: v.shape,
  data: BigInt64Array.from(v.data as Int32Array, BigInt),
});
const noPast = (batch: number): Record<string, Value> =>
  Object.fromEntries(
    [0, 1].flatMap((i) =>
      ['key', 'value'].map((k) => [
        `past_key_values.${i}.${k}`,
        { dtype: 'float32' as const, shape: [batch, 4, 0, 8], data: new Float32Array() },
      ]),
    ),
  );
const feeds = (rows: number[][]): Record<string, Value> => ({
  input_ids: ids(...rows),
  attention_mask: ids(...rows.map((r) => r.map(() => 1))),
  position_ids: ids(...rows.map((r) => r.map((_, i) => i))),
  ...noPast(rows.length),
});

describe('an exported decoder', () => {
  it('runs at any batch and length, and takes the int64 that other programs feed', async () => {
    const compiled = await cpu.compile(graph, { constants: weights });
    const loaded = await cpu.load(
      toOnnx(graph, { constants: weights, int64Inputs: ['input_ids', 'attention_mask', 'position_ids'] }),
    );
    for (const rows of [
      [[1, 2, 3]],
      [
        [4, 5, 6, 7, 8],
        [9, 10, 11, 12, 13],
      ],
    ]) {
      const f = feeds(rows);
      const { logits: a } = await compiled.run(f, { outputs: ['logits'] });
      const { logits: b } = await loaded.run(
        {
          ...f,
          input_ids: wide(f.input_ids!),
          attention_mask: wide(f.attention_mask!),
          position_ids: wide(f.position_ids!),
        },
        { outputs: ['logits'] },
      );
      expect(a!.shape).toEqual([rows.length, rows[0]!.length, 50]);
      expect(b!.shape).toEqual(a!.shape);
      (a!.data as Float32Array).forEach(
        (x, i) => void expect(Math.abs(x - (b!.data as Float32Array)[i]!)).toBeLessThan(1e-6),
      );
    }
    await compiled.dispose();
    await loaded.dispose();
  });

  it('keeps its logits within a few per cent with 8-bit weights, in a quarter of the bytes', async () => {
    const [exact, small] = [
      toOnnx(graph, { constants: weights }),
      toOnnx(graph, { constants: weights, weightBits: 8 }),
    ];
    const run = async (model: Uint8Array): Promise<Float32Array> => {
      const program = await cpu.load(model);
      const { logits } = await program.run(feeds([[3, 1, 4, 1, 5, 9, 2, 6]]), { outputs: ['logits'] });
      await program.dispose();
      return logits!.data as Float32Array;
    };
    const [a, b] = [await run(exact), await run(small)];
    const largest = a.reduce((m, x) => Math.max(m, Math.abs(x)), 0);
    const worst = a.reduce((m, x, i) => Math.max(m, Math.abs(x - b[i]!)), 0);
    expect(worst / largest).toBeLessThan(0.05);
    expect(worst).toBeGreaterThan(0); // it is quantized
    const matrices = parameters
      .filter((p) => p.shape.length === 2 && !p.name.includes('wpe'))
      .reduce((n, p) => n + p.shape[0]! * p.shape[1]!, 0);
    expect(exact.length - small.length).toBeGreaterThan(2 * matrices);
  });

  it('adds up to the right sums in 8 bits on processors that add pairs of products in 16', async () => {
    const [k, n] = [64, 32];
    const x = tensor('x', 'float32', ['rows', k]);
    const w = tensor('w', 'float32', [k, n]);
    const graph = { inputs: [x, w], outputs: { y: matmul(x, w) } };
    const ones = { dtype: 'float32' as const, shape: [k, n], data: new Float32Array(k * n).fill(1) };
    const program = await cpu.load(toOnnx(graph, { constants: { w: ones }, weightBits: 8 }));
    const { y } = await program.run({ x: { dtype: 'float32', shape: [8, k], data: new Float32Array(8 * k).fill(1) } });
    await program.dispose();
    for (const sum of y!.data as Float32Array) expect(Math.abs(sum - k)).toBeLessThan(0.01 * k);
  });

  it.each([
    [64, 24, false],
    [50, 7, false],
    [50, 7, true],
    [33, 16, true],
  ])('multiplies by 4-bit weights as the widened numbers do: %i × %i, transposed: %s', async (k, n, transposeB) => {
    const x = tensor('x', 'float32', ['rows', k]);
    const shape = transposeB ? [n, k] : [k, n];
    const w = tensor('w', 'float32', shape);
    const bias = tensor('bias', 'float32', [n]);
    const y = add(matmul(x, w, { transposeB, scale: 0.5 }), bias);
    const draw = (length: number, salt: number) => Float32Array.from({ length }, (_, i) => uniformAt(salt, i) - 0.4);
    const weight = { dtype: 'float32' as const, shape, data: draw(k * n, 1) };
    const constants = { w: weight, bias: { dtype: 'float32' as const, shape: [n], data: draw(n, 2) } };
    const file = toOnnx({ inputs: [x, w, bias], outputs: { y } }, { constants, weightBits: 4 });
    const rows = draw(5 * k, 3);
    const run = async (engine: Runtime): Promise<Float32Array> => {
      const program = await engine.load(file);
      const result = await program.run({ x: { dtype: 'float32', shape: [5, k], data: rows } });
      await program.dispose();
      return result.y!.data as Float32Array;
    };
    const found = [await run(cpu), await run(wasm)];

    // Each number from its block alone, in doubles, without the packing.
    const weightAt = (i: number, column: number): number => weight.data[transposeB ? column * k + i : i * n + column]!;
    let off = 0;
    const widened = (i: number, column: number): number => {
      const from = i - (i % 32);
      const block = Array.from({ length: Math.min(32, k - from) }, (_, j) => weightAt(from + j, column));
      const most = block.reduce((m, v) => (Math.abs(v) > Math.abs(m) ? v : m), 0);
      const scale = Math.fround(-most / 8);
      const level = Math.max(-8, Math.min(7, Math.round(weightAt(i, column) / scale)));
      off = Math.max(off, Math.abs(level * scale - weightAt(i, column)) / Math.abs(scale));
      return level * scale;
    };
    for (let row = 0; row < 5; row++)
      for (let column = 0; column < n; column++) {
        let sum = 0;
        for (let i = 0; i < k; i++) sum += rows[row * k + i]! * widened(i, column);
        for (const got of found)
          expect(Math.abs(got[row * n + column]! - (0.5 * sum + constants.bias.data[column]!))).toBeLessThan(2e-6);
      }
    // Half a step from rounding, a whole one at the far end, where there is no level 8.
    expect(off).toBeGreaterThan(0.4);
    expect(off).toBeLessThanOrEqual(1);
  });

  it('a decoder of 4-bit weights says the same on WebAssembly', async () => {
    const file = toOnnx(graph, { constants: weights, weightBits: 4 });
    const run = async (engine: Runtime): Promise<Float32Array> => {
      const program = await engine.load(file);
      const { logits } = await program.run(feeds([[3, 14, 15, 9, 26]]));
      await program.dispose();
      return logits!.data as Float32Array;
    };
    const [native, web] = [await run(cpu), await run(wasm)];
    const largest = native.reduce((m, x) => Math.max(m, Math.abs(x)), 0);
    expect(largest).toBeGreaterThan(0.1);
    expect(native.reduce((m, x, i) => Math.max(m, Math.abs(x - web[i]!)), 0) / largest).toBeLessThan(1e-5);
  });

  it('feeds that do not fit are named', async () => {
    const program = await cpu.compile(graph, { constants: weights });
    const good = feeds([[1, 2, 3]]);
    await expect(program.run({ ...good, input_ids: ids([1, 2, 3, 4]) })).rejects.toThrow(
      /input "(attention_mask|position_ids)": expected .* got \[1, 3\]/,
    );
    await expect(program.run({ ...good, input_id: ids([1]) })).rejects.toThrow(
      'no input "input_id"; did you mean "input_ids"?',
    );
    const { input_ids: _, ...rest } = good;
    await expect(program.run(rest)).rejects.toThrow('missing "input_ids"');
    await expect(program.run({ ...good, input_ids: wide(good.input_ids!) })).rejects.toThrow(
      'expected int32, got int64',
    );
    await program.dispose();
  });
});

describe('the file', () => {
  const x = tensor('x', 'float32', [2, 2]);
  it('refuses a name used twice', () => {
    expect(() => toOnnx({ inputs: [x], outputs: { x: mul(x, 2) } })).toThrow('onnx: "x" names an input and an output');
  });
  it('names an input that the graph forgot', () => {
    const y = tensor('y', 'float32', [2, 2]);
    expect(() => toOnnx({ inputs: [y], outputs: { z: add(matmul(x, y), 1) } })).toThrow(
      'onnx: the outputs need the input "x", which the graph does not list',
    );
  });
  it('cannot be made when a size comes from nowhere', () => {
    expect(() => toOnnx({ inputs: [], outputs: { z: iota('length') } })).toThrow(
      'onnx: no input carries the size "length"',
    );
  });
});

it('state is updated in place: the array that is fed is the array that is written', async () => {
  const p = tensor('p', 'float32', [3]);
  const program = await cpu.compile({ inputs: [p], outputs: { 'p′': mul(p, 2) } });
  const state: Value = { dtype: 'float32', shape: [3], data: Float32Array.of(1, 2, 3) };
  for (let i = 0; i < 3; i++) await program.run({ p: state }, { into: { 'p′': state } });
  expect([...(state.data as Float32Array)]).toEqual([8, 16, 24]);
  await program.dispose();
});
