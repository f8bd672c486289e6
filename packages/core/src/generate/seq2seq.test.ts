// Encoder-decoder decoding with both caches against the model without one; padding of sources; limits.

import { describe, expect, it } from 'vitest';
import { openBundle } from '../checkpoint/folder.ts';
import { writeSafetensors } from '../checkpoint/safetensors.ts';
import { memorySource } from '../checkpoint/source.ts';
import { evaluateTensors } from '../graph/evaluate.ts';
import { seq2seqFor } from '../models/index.ts';
import { parameterScope } from '../nn/scope.ts';
import { referenceRuntime } from '../runtimes/reference.ts';
import { tensor } from '../tensor.ts';
import { sizeOf, type Value, value } from '../value.ts';
import type { GenerateOptions } from './continue.ts';
import { logSoftmaxOf } from './processors.ts';
import { uniformAt } from './sampling.ts';
import { Seq2SeqLm } from './seq2seq.ts';

const t5 = {
  model_type: 't5',
  vocab_size: 17,
  d_model: 16,
  d_kv: 8,
  d_ff: 20,
  num_layers: 2,
  num_heads: 2,
  relative_attention_num_buckets: 8,
  relative_attention_max_distance: 16,
  decoder_start_token_id: 0,
  pad_token_id: 0,
  eos_token_id: 1,
};
const bart = {
  model_type: 'bart',
  vocab_size: 17,
  d_model: 16,
  max_position_embeddings: 9,
  encoder_layers: 2,
  decoder_layers: 2,
  encoder_attention_heads: 2,
  decoder_attention_heads: 4,
  encoder_ffn_dim: 20,
  decoder_ffn_dim: 20,
  decoder_start_token_id: 2,
  pad_token_id: 1,
  eos_token_id: 3,
};

const architectureOf = (config: Readonly<Record<string, unknown>>) => {
  const architecture = seq2seqFor(config);
  return { architecture, config: architecture.readConfig(config) };
};

/** The whole model at once: no cache, no padding. */
function whole(json: Readonly<Record<string, unknown>>, source: readonly number[], target: readonly number[]) {
  const { architecture, config } = architectureOf(json);
  const scope = parameterScope();
  const ids = (name: string, n: number) => tensor(name, 'int32', [1, n]);
  const states = architecture.encode(scope, { inputIds: ids('source', source.length) }, config).hiddenStates.at(-1)!;
  const out = architecture.decode(
    scope,
    { inputIds: ids('target', target.length), encoderHiddenStates: states },
    config,
  );
  return { parameters: scope.parameters, logits: out.logits, vocabulary: architecture.vocabularySize(config) };
}

function weightsOf(json: Readonly<Record<string, unknown>>): Record<string, Value> {
  return Object.fromEntries(
    whole(json, [4], [2]).parameters.map(({ name, shape }, p) => [
      name,
      {
        dtype: 'float32',
        shape,
        data: Float32Array.from({ length: sizeOf(shape) }, (_, i) => uniformAt(23, p, i) - 0.5 + +/norm/.test(name)),
      } as Value,
    ]),
  );
}

function scoresWithoutCache(json: Readonly<Record<string, unknown>>, source: number[], target: number[]): Float64Array {
  const { logits, vocabulary } = whole(json, source, target);
  const feeds = {
    source: value('int32', [1, source.length], source),
    target: value('int32', [1, target.length], target),
  };
  const [numbers] = evaluateTensors([logits], { ...weightsOf(json), ...feeds });
  return logSoftmaxOf(Float64Array.from(numbers!.data.slice(-vocabulary)));
}

const load = async (json: Readonly<Record<string, unknown>>): Promise<Seq2SeqLm> =>
  Seq2SeqLm.load(
    await openBundle(
      memorySource({ 'config.json': JSON.stringify(json), 'model.safetensors': writeSafetensors(weightsOf(json)) }),
    ),
    referenceRuntime,
  );

async function targets(lm: Seq2SeqLm, sources: number[][], options: GenerateOptions): Promise<number[][]> {
  const rows: number[][] = sources.map(() => []);
  for await (const step of lm.generate(sources, options)) if (step.kind === 'token') rows[step.row]!.push(step.id);
  return rows;
}
const greedy = { temperature: 0, maxNewTokens: 6, endTokens: [] };
const sources = [[5], [7, 4, 9, 12], [8, 8]];

describe.each([t5, bart])('$model_type', (json) => {
  it('with its caches chooses what the model without them finds likeliest', async () => {
    const lm = await load(json);
    const [target] = await targets(lm, [sources[1]!], greedy);
    const row = [json.decoder_start_token_id];
    for (const id of target!) {
      const scores = scoresWithoutCache(json, sources[1]!, row);
      expect(id).toBe(scores.indexOf(Math.max(...scores)));
      row.push(id);
    }
    expect(row).toHaveLength(7);
  });

  it('gives each source of a batch what it gives it alone', async () => {
    const lm = await load(json);
    const together = await targets(lm, sources, greedy);
    for (const [i, source] of sources.entries()) expect(together[i]).toEqual((await targets(lm, [source], greedy))[0]);
  });

  it('searches with beams in a batch as it does alone', async () => {
    const lm = await load(json);
    const options = { beams: 3, returnSequences: 3, maxNewTokens: 5 };
    const together = await lm.beamSearch(sources, options);
    for (const [i, source] of sources.entries()) {
      const [alone] = await lm.beamSearch([source], options);
      expect(together[i]!.map((r) => r.ids)).toEqual(alone!.map((r) => r.ids));
      for (const [j, r] of alone!.entries()) expect(together[i]![j]!.score).toBeCloseTo(r.score, 10);
    }
  });
});

describe('limits', () => {
  it('a source longer than the context is refused, a target ends with it', async () => {
    const lm = await load(bart);
    await expect(targets(lm, [new Array<number>(10).fill(4)], greedy)).rejects.toMatchObject({ code: 'CONTEXT' });
    const [target] = await targets(lm, [[4]], { temperature: 0, endTokens: [] });
    expect(target).toHaveLength(9);
  });

  it('a model without a context asks for one', async () => {
    const lm = await load(t5);
    await expect(targets(lm, [[4]], { temperature: 0 })).rejects.toMatchObject({ code: 'CONFIG' });
    await expect(lm.beamSearch([[4]], { beams: 2 })).rejects.toMatchObject({ code: 'CONFIG' });
  });
});
