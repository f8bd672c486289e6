// Fields of config.json that change what a model computes: honoured, or refused by name.

import { expect, it } from 'vitest';
import { uniformAt } from '../../src/generate/sampling.ts';
import { evaluateTensors } from '../../src/graph/evaluate.ts';
import { modelFor } from '../../src/models/index.ts';
import { activation } from '../../src/nn/activation.ts';
import { parameterScope } from '../../src/nn/scope.ts';
import { tensor } from '../../src/tensor.ts';
import { sizeOf, type Value, value } from '../../src/value.ts';

type Json = Readonly<Record<string, unknown>>;
const sizes = {
  vocab_size: 11,
  hidden_size: 8,
  num_attention_heads: 2,
  intermediate_size: 12,
  max_position_embeddings: 16,
};
const llamaLike: Json = { ...sizes, num_hidden_layers: 2 };
const bartLike: Json = {
  ...{ vocab_size: 11, d_model: 8, encoder_layers: 1, decoder_layers: 1, max_position_embeddings: 16 },
  ...{ encoder_attention_heads: 2, decoder_attention_heads: 2, encoder_ffn_dim: 12, decoder_ffn_dim: 12 },
};
const int = (rows: readonly (readonly number[])[]): Value => ({
  dtype: 'int32',
  shape: [rows.length, rows[0]!.length],
  data: Int32Array.from(rows.flat()),
});

/** One output of a model with random weights, in double precision. */
function computed(
  config: Json,
  given: Readonly<Record<string, Value>>,
  output = 'logits',
  className?: string,
): Float64Array {
  const { head, config: read } = modelFor(config, className);
  const scope = parameterScope();
  const inputs = Object.fromEntries(Object.entries(given).map(([name, v]) => [name, tensor(name, v.dtype, v.shape)]));
  const tensors = head.build(scope, inputs, read);
  const weights = Object.fromEntries(
    scope.parameters.map(({ name, shape }, p) => [
      name,
      value(
        'float32',
        shape,
        Float32Array.from({ length: sizeOf(shape) }, (_, i) => uniformAt(3, p, i) - 0.5),
      ),
    ]),
  );
  return evaluateTensors([tensors[output]!], { ...given, ...weights })[0]!.data as Float64Array;
}

/** Does the last position's answer depend on the first token? */
function seesFirst(config: Json): boolean {
  const last = (first: number) => computed(config, { input_ids: int([[first, 4, 5, 6, 7]]) }).slice(-11);
  return last(1).some((x, i) => x !== last(2)[i]);
}

it('the window of Mistral and Qwen2 holds in the layers that have one, and there only', () => {
  const mistral = { model_type: 'mistral', ...llamaLike };
  // Two layers of window 2 reach two positions back, of window 3 four.
  expect(seesFirst({ ...mistral, sliding_window: 2 })).toBe(false);
  expect(seesFirst({ ...mistral, sliding_window: 3 })).toBe(true);
  expect(seesFirst({ ...mistral, sliding_window: null })).toBe(true);
  const mixed = { layer_types: ['full_attention', 'sliding_attention'] };
  expect(seesFirst({ ...mistral, sliding_window: 2, ...mixed })).toBe(true);
  const qwen2 = { model_type: 'qwen2', ...llamaLike, sliding_window: 2 };
  expect(seesFirst(qwen2)).toBe(true);
  expect(seesFirst({ ...qwen2, use_sliding_window: true })).toBe(true); // from layer 28 on
  expect(seesFirst({ ...qwen2, use_sliding_window: true, max_window_layers: 1 })).toBe(true);
  expect(seesFirst({ ...qwen2, use_sliding_window: true, max_window_layers: 0 })).toBe(false);
});

it.each(['t5', 'bart', 'marian'])('%s: hidden positions of the target change nothing', (model_type) => {
  const t5 = { model_type, vocab_size: 11, d_model: 8, d_kv: 4, d_ff: 12, num_layers: 1, num_heads: 2 };
  const config = model_type === 't5' ? t5 : { model_type, ...bartLike, pad_token_id: 0, decoder_start_token_id: 0 };
  const last = (hidden: number) =>
    computed(config, {
      input_ids: int([[3, 4, 5]]),
      decoder_input_ids: int([[hidden, 6, 7]]),
      decoder_attention_mask: int([[0, 1, 1]]),
    }).slice(-11);
  expect(last(1)).toEqual(last(2));
});

it('a regression of several numbers, and one without a named problem, read their labels as numbers', () => {
  const bert: Json = { model_type: 'bert', ...sizes, num_hidden_layers: 1 };
  const labels = (config: Json) => {
    const { head, config: read } = modelFor(config, 'BertForSequenceClassification');
    return head.labels(read).labels;
  };
  expect(labels({ ...bert, num_labels: 3, problem_type: 'regression' })).toEqual({
    dtype: 'float32',
    shape: ['batch', 3],
  });
  expect(labels({ ...bert, num_labels: 1 })).toEqual({ dtype: 'float32', shape: ['batch'] });
  expect(labels({ ...bert, num_labels: 2 })).toEqual({ dtype: 'int32', shape: ['batch'] });
});

it('the summary of ELECTRA is made as the configuration says', () => {
  const electra: Json = { model_type: 'electra', ...sizes, num_hidden_layers: 1, embedding_size: 8 };
  const feeds = { input_ids: { ...int([[1, 2, 3]]), shape: [1, 1, 3] } };
  const scores = (more: Json) => computed({ ...electra, ...more }, feeds, 'logits', 'ElectraForMultipleChoice')[0]!;
  const all = [
    {},
    { summary_type: 'last' },
    { summary_type: 'mean' },
    { summary_activation: null },
    { summary_use_proj: false },
  ];
  expect(new Set(all.map(scores)).size).toBe(all.length);
  // Without an index the last position is read, as transformers does.
  expect(scores({ summary_type: 'cls_index' })).toBe(scores({ summary_type: 'last' }));
  expect(() => scores({ summary_type: 'attn' })).toThrow('"summary_type" is "attn"');
});

it('laplace is the distribution function of N(1/√2, 1/4π)', () => {
  const x = tensor('x', 'float32', [3]);
  const at = { dtype: 'float32' as const, shape: [3], data: Float32Array.of(Math.SQRT1_2, -4, 4) };
  const [y] = evaluateTensors([activation('laplace')(x)], { x: at });
  [0.5, 0, 1].forEach((wanted, i) => void expect(y!.data[i]).toBeCloseTo(wanted, 6));
});

it.each([
  ['bert', { is_decoder: true }],
  ['bert', { add_cross_attention: true }],
  ['bert', { position_embedding_type: 'relative_key' }],
  ['bert', { pruned_heads: { 0: [1] } }],
  ['roberta', { is_decoder: true }],
  ['distilbert', { pruned_heads: { 1: [0] } }],
  ['gpt2', { add_cross_attention: true }],
  ['llama', { sliding_window: 8 }],
  ['llama', { quantization_config: { quant_method: 'gptq' } }],
  ['llama', { partial_rotary_factor: 0.5 }],
  ['mistral', { layer_types: ['full_attention', 'chunked_attention'] }],
  ['mistral', { attention_bias: true }],
  ['qwen2', { layer_types: ['full_attention', 'sliding_attention'] }], // its window is off
  ['bart', { normalize_before: true }],
  ['bart', { static_position_embeddings: true }],
  ['bart', { normalize_embedding: false }],
  ['marian', { static_position_embeddings: false }],
  ['marian', { normalize_embedding: true }],
] as const)('%s refuses %o by name', (model_type, field) => {
  const config = {
    model_type,
    ...llamaLike,
    ...(model_type === 'bart' || model_type === 'marian' ? bartLike : {}),
    ...field,
  };
  expect(() => modelFor(config)).toThrow(Object.keys(field)[0]!);
});

it('what published files of BART and Marian say about their form is accepted', () => {
  const said = { normalize_before: false, add_final_layer_norm: false, extra_pos_embeddings: 2 };
  modelFor({ model_type: 'bart', ...bartLike, ...said, normalize_embedding: true, static_position_embeddings: false });
  modelFor({
    model_type: 'marian',
    ...bartLike,
    ...said,
    normalize_embedding: false,
    static_position_embeddings: true,
  });
});
