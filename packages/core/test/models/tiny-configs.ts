// The smallest interesting model of each family, its weights, and what is fed to its heads.

import type { InputForms } from '../../src/models/architecture.ts';
import type { Parameter } from '../../src/nn/scope.ts';
import type { Value } from '../../src/value.ts';
import { random } from '../cases.ts';

const bertLike = {
  vocab_size: 23,
  hidden_size: 12,
  embedding_size: 8,
  num_hidden_layers: 2,
  num_attention_heads: 3,
  intermediate_size: 20,
  max_position_embeddings: 16,
  num_labels: 3,
};
const llamaLike = { ...bertLike, num_attention_heads: 2, pad_token_id: 0 };
const bartLike = {
  vocab_size: 23,
  d_model: 12,
  encoder_layers: 1,
  decoder_layers: 2,
  encoder_attention_heads: 3,
  decoder_attention_heads: 2,
  encoder_ffn_dim: 20,
  decoder_ffn_dim: 16,
  max_position_embeddings: 16,
  pad_token_id: 1,
};
const recurrent = { vocab_size: 23, embedding_size: 5, hidden_size: 6, num_layers: 2, num_labels: 3 };

/** The smallest interesting configuration of each family. */
export const tiny: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  gpt2: { vocab_size: 23, n_positions: 16, n_embd: 12, n_layer: 2, n_head: 3, num_labels: 3, pad_token_id: 0 },
  llama: llamaLike,
  mistral: { ...llamaLike, sliding_window: 3 },
  qwen2: llamaLike,
  gpt_neox: { ...llamaLike, use_parallel_residual: false, rotary_pct: 0.4 },
  bert: bertLike,
  distilbert: {
    vocab_size: 23,
    dim: 12,
    n_layers: 2,
    n_heads: 3,
    hidden_dim: 20,
    max_position_embeddings: 16,
    num_labels: 3,
  },
  roberta: { ...bertLike, type_vocab_size: 1 },
  albert: { ...bertLike, num_hidden_groups: 2, inner_group_num: 2 },
  electra: bertLike,
  modernbert: { ...bertLike, local_attention: 4, global_attn_every_n_layers: 2, classifier_pooling: 'mean' },
  t5: {
    vocab_size: 23,
    d_model: 12,
    d_kv: 3,
    d_ff: 20,
    num_layers: 2,
    num_heads: 2,
    feed_forward_proj: 'gated-silu',
    pad_token_id: 0,
  },
  bart: bartLike,
  marian: { ...bartLike, share_encoder_decoder_embeddings: false, decoder_vocab_size: 19 },
  'lstm-lm': recurrent,
  'lstm-classifier': { ...recurrent, bidirectional: true },
  'ngram-lm': { vocab_size: 23, embedding_size: 5, hidden_size: 6, order: 4 },
};

/** Weights in ±0.5, one stream a parameter. */
export const weights = (parameters: readonly Parameter[]): Record<string, Value> =>
  Object.fromEntries(
    parameters.map(({ name, shape }, i) => {
      const next = random(i + 1);
      const data = Float32Array.from({ length: shape.reduce((n, d) => n * d, 1) }, () => next() - 0.5);
      return [name, { dtype: 'float32', shape, data }];
    }),
  );

/** Inputs of a head: ids below 19, two padded positions in the last row, labels that every head has classes for. */
export function feedsFor(forms: InputForms, sizes: Readonly<Record<string, number>>): Record<string, Value> {
  const next = random(99);
  return Object.fromEntries(
    Object.entries(forms).map(([name, { dtype, shape }]) => {
      const dims = shape.map((d) => (typeof d === 'number' ? d : sizes[d]!));
      const length = dims.reduce((n, d) => n * d, 1);
      const sequence = dims.at(-1)!;
      const entry = (i: number): number => {
        if (name === 'attention_mask') return +(i < length - 2);
        if (name === 'position_ids') return i % sequence;
        if (name === 'token_type_ids') return +(i % sequence > 2);
        if (/label|positions/.test(name)) return Math.floor(next() * 2);
        return dtype === 'float32' ? next() : 2 + Math.floor(next() * 17);
      };
      const data = Array.from({ length }, (_, i) => entry(i));
      return [name, { dtype, shape: dims, data: dtype === 'int32' ? Int32Array.from(data) : Float32Array.from(data) }];
    }),
  );
}
