// T5 (Raffel et al. 2020, arXiv:1910.10683): an encoder and a decoder with relative positions, root-mean-square norms and no biases. v1.1 has a gated feed-forward layer and an output matrix of its own.

import type { Dim } from '../dimension.ts';
import { suggestion, YumoError } from '../errors.ts';
import { activation } from '../nn/activation.ts';
import { attention, causalMask, mergeHeads, paddingMask, splitHeads } from '../nn/attention.ts';
import { type Dropout, drop } from '../nn/dropout.ts';
import { embedding, embeddingTable } from '../nn/embedding.ts';
import { linear } from '../nn/linear.ts';
import { rmsNorm } from '../nn/norm.ts';
import { relativeBias } from '../nn/relative.ts';
import { normal, type Scope } from '../nn/scope.ts';
import { add, concat, matmul, mul, within } from '../ops/build.ts';
import { dim } from '../ops/compose.ts';
import type { Tensor } from '../tensor.ts';
import type {
  CrossDecoderInputs,
  CrossDecoderOutputs,
  Encoded,
  KeyValue,
  Seq2SeqArchitecture,
} from './architecture.ts';
import { configFields, foreignToAll, refuse } from './config.ts';
import { encoderHead, needed, positionsRead, seq2seqHead, sourceStates, textInputs } from './heads.ts';

/** The fields of T5's config.json that change the graph, under their names in the file. */
export interface T5Config {
  vocab_size: number;
  d_model: number;
  d_kv: number;
  d_ff: number;
  num_layers: number;
  num_decoder_layers: number;
  num_heads: number;
  relative_attention_num_buckets: number;
  relative_attention_max_distance: number;
  dropout_rate: number;
  layer_norm_epsilon: number;
  initializer_factor: number;
  /** From `feed_forward_proj`: `relu`, `gated-gelu` … */
  dense_act_fn: string;
  is_gated_act: boolean;
  tie_word_embeddings: boolean;
  pad_token_id: number | undefined;
  decoder_start_token_id: number;
}

function readConfig(json: Readonly<Record<string, unknown>>): T5Config {
  const f = configFields(json);
  refuse(json, foreignToAll);
  const num_layers = f.size('num_layers', 6);
  const feedForward = f.text('feed_forward_proj', 'relu');
  const [, gated, name] = /^(gated-)?(\w+)$/.exec(feedForward) ?? [];
  if (name === undefined)
    throw new YumoError(
      'CONFIG',
      `config.json: "feed_forward_proj" is "${feedForward}"${suggestion(feedForward, ['relu', 'gated-gelu', 'gated-silu'])}; it must be an activation, or gated-activation`,
      { feedForward },
    );
  return {
    vocab_size: f.size('vocab_size', 32128),
    d_model: f.size('d_model', 512),
    d_kv: f.size('d_kv', 64),
    d_ff: f.size('d_ff', 2048),
    num_layers,
    num_decoder_layers: f.size('num_decoder_layers', num_layers),
    num_heads: f.size('num_heads', 8),
    relative_attention_num_buckets: f.size('relative_attention_num_buckets', 32),
    relative_attention_max_distance: f.size('relative_attention_max_distance', 128),
    dropout_rate: f.rate('dropout_rate', 0.1),
    layer_norm_epsilon: f.number('layer_norm_epsilon', 1e-6),
    initializer_factor: f.number('initializer_factor', 1),
    dense_act_fn: gated && name === 'gelu' ? 'gelu_new' : name, // v1.1's "gelu" is the tanh form
    is_gated_act: gated !== undefined,
    tie_word_embeddings: f.flag('tie_word_embeddings', true),
    pad_token_id: f.optional('pad_token_id'),
    decoder_start_token_id: f.optional('decoder_start_token_id') ?? f.optional('pad_token_id') ?? 0,
  };
}

interface Context {
  readonly c: T5Config;
  readonly dropout: Dropout | undefined;
}

/** A projection without bias; standard deviations as in the original code: the scores are not divided by √size, so queries start smaller. */
const project = (s: Scope, x: Tensor, outputs: number, deviation: number, { c }: Context): Tensor =>
  linear(s, x, outputs, { bias: false, initializer: normal(c.initializer_factor * deviation) });

const keyOrValue = (s: Scope, x: Tensor, at: Context): Tensor =>
  splitHeads(project(s, x, at.c.num_heads * at.c.d_kv, at.c.d_model ** -0.5, at), at.c.num_heads);

/** Attention of x over keys and values, without 1/√size; its output is added to x by the caller. */
function attend(s: Scope, x: Tensor, { key, value }: KeyValue, mask: Tensor | undefined, at: Context) {
  const { num_heads, d_kv, d_model } = at.c;
  const q = splitHeads(project(s.at('q'), x, num_heads * d_kv, (d_model * d_kv) ** -0.5, at), num_heads);
  const options = { scale: 1, mask, dropout: at.dropout, dropoutRate: at.c.dropout_rate, place: s.path };
  const { output, probabilities } = attention(q, key, value, options);
  return { output: project(s.at('o'), mergeHeads(output), d_model, (num_heads * d_kv) ** -0.5, at), probabilities };
}

const keysAndValues = (s: Scope, x: Tensor, at: Context): KeyValue => ({
  key: keyOrValue(s.at('k'), x, at),
  value: keyOrValue(s.at('v'), x, at),
});

/** x + f(norm x), the form of every sub-layer (§2.1). */
function residual<T extends { readonly output: Tensor }>(
  s: Scope,
  x: Tensor,
  at: Context,
  f: (h: Tensor) => T,
): T & { x: Tensor } {
  const inside = f(rmsNorm(s.at('layer_norm'), x, at.c.layer_norm_epsilon));
  return { ...inside, x: add(x, drop(at.dropout, inside.output, at.c.dropout_rate, s.path)) };
}

function feedForward(s: Scope, x: Tensor, at: Context): { output: Tensor } {
  const { d_model, d_ff, is_gated_act, dense_act_fn, dropout_rate } = at.c;
  const act = activation(dense_act_fn);
  const wide = (name: string): Tensor => project(s.at(name), x, d_ff, d_model ** -0.5, at);
  const h = is_gated_act ? mul(act(wide('wi_0')), wide('wi_1')) : act(wide('wi'));
  return { output: project(s.at('wo'), drop(at.dropout, h, dropout_rate, s.path), d_model, d_ff ** -0.5, at) };
}

const sharedTable = (s: Scope, c: T5Config): Tensor =>
  embeddingTable(s.at('shared'), c.vocab_size, c.d_model, normal(c.initializer_factor));

/** The first block's biases serve all blocks of its stack. */
function positionBias(stack: Scope, queries: Dim, past: Dim, bidirectional: boolean, c: T5Config): Tensor {
  const s = stack.at('block').at('0').at('layer').at('0').at('SelfAttention').at('relative_attention_bias');
  const initializer = normal(c.initializer_factor * c.d_model ** -0.5);
  const table = s.param('weight', [c.relative_attention_num_buckets, c.num_heads], initializer);
  return relativeBias(table, queries, past, {
    buckets: c.relative_attention_num_buckets,
    maxDistance: c.relative_attention_max_distance,
    bidirectional,
  });
}

function encode(
  s: Scope,
  { inputIds, attentionMask, dropout }: Parameters<Seq2SeqArchitecture<T5Config>['encode']>[1],
  c: T5Config,
): Encoded {
  const stack = s.at('encoder');
  const at: Context = { c, dropout };
  const bias = positionBias(stack, dim(inputIds, 1), 0, true, c);
  const mask = attentionMask ? add(bias, paddingMask(attentionMask)) : bias;
  const hiddenStates = [drop(dropout, embedding(sharedTable(s, c), inputIds), c.dropout_rate, stack.path)];
  const attentions: Tensor[] = [];
  for (let i = 0; i < c.num_layers; i++) {
    const layer = (j: number): Scope => stack.at('block').at(String(i)).at('layer').at(String(j));
    within(layer(0).path, () => {
      const self = layer(0).at('SelfAttention');
      const attended = residual(layer(0), hiddenStates[i]!, at, (h) =>
        attend(self, h, keysAndValues(self, h, at), mask, at),
      );
      const out = residual(layer(1), attended.x, at, (h) => feedForward(layer(1).at('DenseReluDense'), h, at));
      hiddenStates.push(out.x);
      attentions.push(attended.probabilities);
    });
  }
  return { hiddenStates: normalised(stack, hiddenStates, at), attentions };
}

/** The last state after the stack's final norm. */
function normalised(stack: Scope, states: readonly Tensor[], { c, dropout }: Context): Tensor[] {
  const last = rmsNorm(stack.at('final_layer_norm'), states.at(-1)!, c.layer_norm_epsilon);
  return [...states.slice(0, -1), drop(dropout, last, c.dropout_rate, `${stack.path}.final`)];
}

function decode(s: Scope, inputs: CrossDecoderInputs, c: T5Config): CrossDecoderOutputs {
  const { inputIds, attentionMask, encoderAttentionMask, past, cross: known, dropout } = inputs;
  const stack = s.at('decoder');
  const at: Context = { c, dropout };
  const time = dim(inputIds, 1);
  const before: Dim = past?.[0] ? dim(past[0].key, 2) : 0;
  const bias = positionBias(stack, time, before, false, c);
  const causal = causalMask({ queries: time, past: before, attentionMask });
  const mask = causal ? add(bias, causal) : bias;
  const crossMask = encoderAttentionMask && paddingMask(encoderAttentionMask);
  const states = [drop(dropout, embedding(sharedTable(s, c), inputIds), c.dropout_rate, stack.path)];
  const [present, cross, attentions, crossAttentions]: [KeyValue[], KeyValue[], Tensor[], Tensor[]] = [[], [], [], []];
  for (let i = 0; i < c.num_decoder_layers; i++) {
    const layer = (j: number): Scope => stack.at('block').at(String(i)).at('layer').at(String(j));
    within(layer(0).path, () => {
      const self = layer(0).at('SelfAttention');
      const attended = residual(layer(0), states[i]!, at, (h) => {
        const now = keysAndValues(self, h, at);
        const earlier = past?.[i];
        const all = earlier
          ? { key: concat([earlier.key, now.key], 2), value: concat([earlier.value, now.value], 2) }
          : now;
        present.push(all);
        return attend(self, h, all, mask, at);
      });
      const other = layer(1).at('EncDecAttention');
      const source = known?.[i] ?? keysAndValues(other, sourceStates(inputs), at);
      const crossed = residual(layer(1), attended.x, at, (h) => attend(other, h, source, crossMask, at));
      const out = residual(layer(2), crossed.x, at, (h) => feedForward(layer(2).at('DenseReluDense'), h, at));
      states.push(out.x);
      cross.push(source);
      attentions.push(attended.probabilities);
      crossAttentions.push(crossed.probabilities);
    });
  }
  const hiddenStates = normalised(stack, states, at);
  const read = positionsRead({ hiddenStates, attentions }, inputs);
  // The released code scales the logits of a tied matrix, whose rows start with deviation 1, by 1/√d_model.
  const logits = c.tie_word_embeddings
    ? matmul(read, sharedTable(s, c), { transposeB: true, scale: c.d_model ** -0.5 })
    : project(s.at('lm_head'), read, c.vocab_size, 1, at);
  return { logits, present, cross, hiddenStates, attentions, crossAttentions };
}

export const t5: Seq2SeqArchitecture<T5Config> = {
  modelType: 't5',
  className: 'T5ForConditionalGeneration',
  readConfig,
  heads: {
    T5ForConditionalGeneration: seq2seqHead(encode, decode, (c) => c.decoder_start_token_id),
    T5EncoderModel: encoderHead(
      (s, inputs, c, dropout) =>
        encode(s, { inputIds: needed(inputs, 'input_ids'), attentionMask: inputs.attention_mask, dropout }, c),
      textInputs,
    ),
  },
  encode,
  decode,
  cache: (c) => ({ layers: c.num_decoder_layers, keyValueHeads: c.num_heads, headSize: c.d_kv }),
  hiddenSize: (c) => c.d_model,
  contextLength: () => undefined,
  vocabularySize: (c) => c.vocab_size,
  decoderStart: (c) => c.decoder_start_token_id,
  // Copies of the one embedding matrix, in files saved by PyTorch.
  olderNames: [[/^(encoder|decoder)\.embed_tokens\.weight$/, 'shared.weight']],
  // t5-small and its siblings store a bias that cross-attention does not have; a tied output matrix is stored twice.
  ignoredNames: [/EncDecAttention\.relative_attention_bias\.weight$/, /^lm_head\.weight$/],
};
