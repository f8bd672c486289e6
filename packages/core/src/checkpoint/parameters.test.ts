// Names of checkpoints against names of models: older spellings, prefixes, tied copies, and complaints that list everything.

import { describe, expect, it } from 'vitest';
import { type Parameter, parameterScope, zeros } from '../nn/scope.ts';
import { type Value, value } from '../value.ts';
import { loadParameters, matchParameters, type NameRules, toFloat32 } from './parameters.ts';
import { readSafetensors, type TensorFile, writeSafetensors } from './safetensors.ts';
import { memorySource } from './source.ts';

const none: NameRules = { olderNames: [], ignoredNames: [] };

function model(shapes: Record<string, number[]>): readonly Parameter[] {
  const scope = parameterScope();
  for (const [name, shape] of Object.entries(shapes)) scope.param(name, shape, zeros);
  return scope.parameters;
}
const fileOf = (values: Record<string, Value>): Promise<TensorFile> =>
  readSafetensors(memorySource({ 'm.safetensors': writeSafetensors(values) }), 'm.safetensors');
const numbers = (...data: number[]): Value => value('float32', [data.length], data);

describe('names', () => {
  const parameters = model({ 'bert.ln.weight': [1], 'bert.ln.bias': [1], 'cls.bias': [1] });

  it('of the file are taken as they are, also where a rule would rename them', async () => {
    const rules: NameRules = { olderNames: [[/^bert/, 'cls']], ignoredNames: [/ln/] };
    const file = await fileOf({ 'bert.ln.weight': numbers(1), 'bert.ln.bias': numbers(2), 'cls.bias': numbers(3) });
    expect((await loadParameters(file, parameters, rules))['bert.ln.bias']!.data).toEqual(Float32Array.of(2));
  });

  it('may lack the prefix or have one too many, and may say gamma and beta', async () => {
    const file = await fileOf({
      'ln.gamma': numbers(1),
      'model.bert.ln.beta': numbers(2),
      'model.cls.bias': numbers(3),
    });
    const loaded = await loadParameters(file, parameters, none);
    expect(Object.entries(loaded).map(([n, v]) => [n, v.data[0]])).toEqual([
      ['bert.ln.weight', 1],
      ['bert.ln.bias', 2],
      ['cls.bias', 3],
    ]);
  });

  it('follow the rules of the architecture, and buffers are ignored', async () => {
    const rules: NameRules = { olderNames: [[/^norm\.(weight|bias)$/, 'bert.ln.$1']], ignoredNames: [/position_ids$/] };
    const file = await fileOf({
      'norm.weight': numbers(1),
      'norm.bias': numbers(2),
      'cls.bias': numbers(3),
      position_ids: value('int64', [2], [0, 1]),
    });
    expect(Object.keys(await loadParameters(file, parameters, rules))).toHaveLength(3);
  });

  it('a tied copy under a second name yields to the exact one', async () => {
    const tied: NameRules = { olderNames: [[/^lm_head\.weight$/, 'wte.weight']], ignoredNames: [] };
    const both = await fileOf({ 'lm_head.weight': numbers(8), 'wte.weight': numbers(9) });
    const one = await fileOf({ 'lm_head.weight': numbers(8) });
    const parameters = model({ 'wte.weight': [1] });
    expect((await loadParameters(both, parameters, tied))['wte.weight']!.data).toEqual(Float32Array.of(9));
    expect((await loadParameters(one, parameters, tied))['wte.weight']!.data).toEqual(Float32Array.of(8));
  });

  it('that two tensors claim are an error that names both', async () => {
    const file = await fileOf({ 'a.w': numbers(1), 'b.w': numbers(2) });
    await expect(loadParameters(file, model({ w: [1] }), none)).rejects.toThrow('ambiguous: w could be a.w or b.w');
  });
});

describe('a checkpoint that does not fit', () => {
  it('is refused with everything that is wrong, before a number is read', async () => {
    const file = await fileOf({ 'h.a': numbers(1, 2), 'h.surplus': numbers(1) });
    const untouchable: TensorFile = { ...file, read: () => Promise.reject(new Error('read')) };
    await expect(loadParameters(untouchable, model({ 'h.a': [3], 'h.b': [1] }), none)).rejects.toMatchObject({
      code: 'CHECKPOINT',
      message:
        'memory/m.safetensors does not fit the model; missing: h.b; unexpected: h.surplus; wrong shape: h.a is [2], the model has [3]',
      detail: { missing: ['h.b'], unexpected: ['h.surplus'] },
    });
  });

  it('may have more tensors than the model when the caller says so', async () => {
    const file = await fileOf({ 'h.a': numbers(1), 'h.surplus': numbers(1) });
    expect(matchParameters(file, model({ 'h.a': [1] }), none).unexpected).toEqual(['h.surplus']);
    const loaded = await loadParameters(file, model({ 'h.a': [1] }), none, { unexpected: 'ignore' });
    expect(Object.keys(loaded)).toEqual(['h.a']);
  });
});

describe('types', () => {
  it('half floats are widened exactly', () => {
    // 1, −2, the largest half (65504), the smallest subnormal (2⁻²⁴), −∞: IEEE 754-2008, table 3.5
    const half = toFloat32(value('float16', [5], [0x3c00, 0xc000, 0x7bff, 0x0001, 0xfc00]));
    expect([...half.data]).toEqual([1, -2, 65504, 2 ** -24, Number.NEGATIVE_INFINITY]);
    const brain = toFloat32(value('bfloat16', [3], [0x3f80, 0xc040, 0x7f80]));
    expect([...brain.data]).toEqual([1, -3, Number.POSITIVE_INFINITY]);
  });

  it('doubles and integers become float32', () => {
    expect([...toFloat32(value('float64', [1], [0.1])).data]).toEqual([Math.fround(0.1)]);
    expect([...toFloat32(value('int64', [1], [-3])).data]).toEqual([-3]);
  });
});
