// The evaluation of a language model, against logits computed one prefix at a time by the interpreter.

import {
  architectureFor,
  decoderGraph,
  memorySource,
  openBundle,
  referenceRuntime,
  type Value,
  type Values,
  writeSafetensors,
} from '@yumo/core';
import { describe, expect, test } from 'vitest';
import { initialValues } from './initial.ts';
import { evaluateLanguageModel, type TokenPrediction, windowsOf } from './language-evaluation.ts';

const context = 6;
const json = {
  model_type: 'gpt2',
  n_layer: 1,
  n_head: 2,
  n_embd: 8,
  n_positions: context,
  vocab_size: 5,
  initializer_range: 0.5,
};
const architecture = architectureFor(json);
const config = architecture.readConfig(json);
const { graph, parameters } = decoderGraph(architecture, config);
const weights: Values = initialValues(parameters, 7);

const openTiny = () =>
  openBundle(
    memorySource({ 'config.json': JSON.stringify(json), 'model.safetensors': writeSafetensors(weights) }, 'tiny'),
  );

/** Letters a–d, and é as the fifth. */
const letters = 'abcdé';
const tokenizer = {
  encodeIds: (text: string) => Int32Array.from(text, (c) => letters.indexOf(c)),
  decode: (ids: ArrayLike<number>) => Array.from(ids, (id) => letters[id]).join(''),
  vocabularySize: 5,
};

/** ln p of the last id after the ids before it, by the decoder's own graph. */
async function logProbability(before: readonly number[], id: number): Promise<number> {
  const program = await referenceRuntime.compile(graph);
  const [batch, n] = [1, before.length];
  const ints = (data: readonly number[]): Value => ({ dtype: 'int32', shape: [batch, n], data: Int32Array.from(data) });
  const { keyValueHeads, headSize } = architecture.cache(config);
  const empty: Value = { dtype: 'float32', shape: [batch, keyValueHeads, 0, headSize], data: new Float32Array() };
  const { logits } = await program.run(
    {
      ...weights,
      input_ids: ints(before),
      attention_mask: ints(before.map(() => 1)),
      position_ids: ints(before.map((_, i) => i)),
      'past_key_values.0.key': empty,
      'past_key_values.0.value': empty,
    },
    { outputs: ['logits'] },
  );
  const last = Array.from(logits!.data.slice(-5), Number);
  return last[id]! - Math.log(last.reduce((sum, x) => sum + Math.exp(x), 0));
}

describe('evaluateLanguageModel', () => {
  const text = 'abcdéabdcabéadc'; // 15 characters, 17 bytes, longer than two contexts
  const ids = [...tokenizer.encodeIds(text)];

  test.each([context, 4, 1])(
    'with stride %i every token but the first is predicted once, from the text before it in its window',
    async (stride) => {
      const predictions: TokenPrediction[] = [];
      const result = await evaluateLanguageModel(await openTiny(), tokenizer, [text, 'a', 'cab'], referenceRuntime, {
        stride,
        onToken: (p) => predictions.push(p),
      });
      const ofText = predictions.filter((p) => p.text === 0);
      expect(ofText.map((p) => p.position)).toEqual(ids.slice(1).map((_, i) => i + 1));
      let total = 0;
      for (const { position, id, logProbability: got } of ofText) {
        // The window that counts this position, found by stepping through the text.
        let end = context;
        while (end < position) end += stride;
        const start = Math.max(0, (stride < context ? Math.min(end, ids.length - 1) : end) - context);
        const expected = await logProbability(ids.slice(start, position), ids[position]!);
        expect(got).toBeCloseTo(expected, 10);
        expect(id).toBe(ids[position]);
        total -= expected;
      }
      for (const p of predictions.filter((q) => q.text === 2)) total -= p.logProbability;
      expect(result).toMatchObject({
        lossless: true,
        texts: 3,
        skippedTexts: 1,
        tokens: 16,
        characters: 16,
        bytes: 18,
        contextLength: context,
        stride,
      });
      expect(result.lossPerToken).toBeCloseTo(total / 16, 10);
      expect(result.perplexity).toBeCloseTo(Math.exp(total / 16), 8);
      expect(result.bitsPerByte).toBeCloseTo(total / 18 / Math.LN2, 10);
    },
  );

  test('a tokenizer of another model is refused with both sizes', async () => {
    const larger = { ...tokenizer, vocabularySize: 9 };
    await expect(evaluateLanguageModel(await openTiny(), larger, [text], referenceRuntime)).rejects.toMatchObject({
      code: 'TOKENIZER',
      message: expect.stringMatching(/9 tokens, the model knows 5/),
    });
  });

  test('texts without two tokens are an error, not a loss of NaN', async () => {
    await expect(evaluateLanguageModel(await openTiny(), tokenizer, ['a', ''], referenceRuntime)).rejects.toMatchObject(
      { code: 'DATA' },
    );
  });

  test('windows of any stride cover each prediction once', () => {
    for (const length of [2, 6, 7, 8, 23])
      for (const stride of [1, 3, 6]) {
        const covered = [...windowsOf(0, length, 6, stride)].flatMap(({ start, from, end }) => {
          expect(end - start).toBeLessThanOrEqual(6);
          return Array.from({ length: end - from }, (_, i) => from + i);
        });
        expect(covered).toEqual(Array.from({ length: length - 1 }, (_, i) => i));
      }
  });
});
