// GPT-NeoX (Black et al. 2022, arXiv:2204.06745), the graph of Pythia too: a decoder whose attention and feed-forward layer read the same input, with part of each head rotated.

import { addDims, type Dim } from '../dimension.ts';
import { activation } from '../nn/activation.ts';
import { attention, causalAttention, causalMask, mergeHeads } from '../nn/attention.ts';
import { type Dropout, drop } from '../nn/dropout.ts';
import { embedding, embeddingTable } from '../nn/embedding.ts';
import { linear } from '../nn/linear.ts';
import { layerNorm } from '../nn/norm.ts';
import { type Rotary, type RotaryScaling, rotary, rotate } from '../nn/position.ts';
import { normal, type Scope } from '../nn/scope.ts';
import { add, concat, iota, matmul, reshape, slice, transpose, within } from '../ops/build.ts';
import { dim, unsqueeze } from '../ops/compose.ts';
import type { Tensor } from '../tensor.ts';
import type { CausalLmArchitecture, DecoderInputs, DecoderOutputs, KeyValue } from './architecture.ts';
import { configFields, foreignToAll, refuse, requireDivides } from './config.ts';
import {
  causalLmHead,
  decoderHead,
  type Labelled,
  lastTokenClassifier,
  positionsRead,
  readLabels,
  tokenClassifier,
} from './heads.ts';
import { countedKeys, readRotary, rotaryContext } from './rotary-config.ts';

/** The fields of config.json that change the graph, under their names in the file. */
export interface GptNeoXConfig extends Labelled {
  vocab_size: number;
  max_position_embeddings: number;
  hidden_size: number;
  intermediate_size: number;
  num_hidden_layers: number;
  num_attention_heads: number;
  hidden_act: string;
  /** Share of each head that is rotated. */
  rotary_pct: number;
  rotary_emb_base: number;
  rope_scaling: RotaryScaling | null;
  layer_norm_eps: number;
  initializer_range: number;
  attention_dropout: number;
  hidden_dropout: number;
  attention_bias: boolean;
  use_parallel_residual: boolean;
  tie_word_embeddings: boolean;
  pad_token_id: number | undefined;
  /** Dropout before the classes of a token. */
  classifier_dropout: number;
}

function readConfig(json: Readonly<Record<string, unknown>>): GptNeoXConfig {
  const f = configFields(json);
  const hidden_size = f.size('hidden_size', 6144);
  const num_attention_heads = f.size('num_attention_heads', 64);
  requireDivides(['num_attention_heads', num_attention_heads], ['hidden_size', hidden_size]);
  refuse(json, foreignToAll);
  const names = { base: 'rotary_emb_base', share: 'rotary_pct' };
  const rotation = readRotary(json, { base: 10000, share: 0.25 }, names);
  return {
    vocab_size: f.size('vocab_size', 50432),
    max_position_embeddings: f.size('max_position_embeddings', 2048),
    hidden_size,
    intermediate_size: f.size('intermediate_size', 24576),
    num_hidden_layers: f.size('num_hidden_layers', 44),
    num_attention_heads,
    hidden_act: f.text('hidden_act', 'gelu'),
    rotary_pct: rotation.share,
    rotary_emb_base: rotation.base,
    rope_scaling: rotation.scaling,
    layer_norm_eps: f.number('layer_norm_eps', 1e-5),
    initializer_range: f.number('initializer_range', 0.02),
    attention_dropout: f.rate('attention_dropout', 0),
    hidden_dropout: f.rate('hidden_dropout', 0),
    attention_bias: f.flag('attention_bias', true),
    use_parallel_residual: f.flag('use_parallel_residual', true),
    tie_word_embeddings: f.flag('tie_word_embeddings', false),
    pad_token_id: f.optional('pad_token_id'),
    classifier_dropout: f.rate('classifier_dropout', 0.1),
    ...readLabels(json),
  };
}

interface Context {
  readonly mask: Tensor | undefined;
  readonly past: KeyValue | undefined;
  readonly rotary: Rotary;
  readonly dropout: Dropout | undefined;
}

/** §2.1: x + attention(norm₁ x) + mlp(norm₂ x); or one after the other, as GPT-2 does. */
function block(
  s: Scope,
  x: Tensor,
  c: GptNeoXConfig,
  at: Context,
): { x: Tensor; present: KeyValue; probabilities: Tensor } {
  const attended = selfAttention(s.at('attention'), layerNorm(s.at('input_layernorm'), x, c.layer_norm_eps), c, at);
  const h = add(x, drop(at.dropout, attended.output, c.hidden_dropout, `${s.path}.attention.dense`));
  const read = c.use_parallel_residual ? x : h;
  const y = mlp(s.at('mlp'), layerNorm(s.at('post_attention_layernorm'), read, c.layer_norm_eps), c);
  return { ...attended, x: add(h, drop(at.dropout, y, c.hidden_dropout, `${s.path}.mlp`)) };
}

function selfAttention(s: Scope, x: Tensor, c: GptNeoXConfig, { mask, past, rotary: turn, dropout }: Context) {
  const [batch, time] = [dim(x, 0), dim(x, 1)];
  const heads = c.num_attention_heads;
  const size = c.hidden_size / heads;
  const options = { bias: c.attention_bias, initializer: normal(c.initializer_range) };
  // The checkpoint keeps query, key and value of one head side by side: [heads, 3, size]. One transpose takes them apart: [3, batch, heads, time, size].
  const all = transpose(
    reshape(linear(s.at('query_key_value'), x, 3 * c.hidden_size, options), [batch, time, heads, 3, size]),
    [3, 0, 2, 1, 4],
  );
  const part = (i: number): Tensor => reshape(slice(all, 0, i, i + 1), [batch, heads, time, size]);
  const [q, newKey, newValue] = [rotate(part(0), turn), rotate(part(1), turn), part(2)];
  const key = past ? concat([past.key, newKey], 2) : newKey;
  const value = past ? concat([past.value, newValue], 2) : newValue;
  const attending = { dropout, dropoutRate: c.attention_dropout, place: s.path };
  const { output, probabilities } = mask
    ? attention(q, key, value, { ...attending, mask })
    : causalAttention(q, key, value, attending);
  return {
    output: linear(s.at('dense'), mergeHeads(output), c.hidden_size, options),
    present: { key, value },
    probabilities,
  };
}

function mlp(s: Scope, x: Tensor, c: GptNeoXConfig): Tensor {
  const initializer = normal(c.initializer_range);
  const h = activation(c.hidden_act)(linear(s.at('dense_h_to_4h'), x, c.intermediate_size, { initializer }));
  return linear(s.at('dense_4h_to_h'), h, c.hidden_size, { initializer });
}

const wordTable = (s: Scope, c: GptNeoXConfig): Tensor =>
  embeddingTable(s.at('gpt_neox').at('embed_in'), c.vocab_size, c.hidden_size, normal(c.initializer_range));

/** Embeddings and the stack of blocks. */
function decode(
  s: Scope,
  { inputIds, attentionMask, positionIds, past, dropout }: DecoderInputs,
  c: GptNeoXConfig,
): Omit<DecoderOutputs, 'logits'> {
  const m = s.at('gpt_neox');
  const time = dim(inputIds, 1);
  const before: Dim = past?.[0] ? dim(past[0].key, 2) : 0;
  let x = drop(dropout, embedding(wordTable(s, c), inputIds), c.hidden_dropout, m.path);
  const turn = rotary(positionIds ?? unsqueeze(iota(time, before), 0), addDims(before, time), {
    base: c.rotary_emb_base,
    size: Math.floor((c.hidden_size / c.num_attention_heads) * c.rotary_pct),
    scaling: c.rope_scaling,
  });
  const mask = attentionMask || past ? causalMask({ queries: time, past: before, attentionMask }) : undefined;

  const hiddenStates = [x];
  const present: KeyValue[] = [];
  const attentions: Tensor[] = [];
  for (let layer = 0; layer < c.num_hidden_layers; layer++) {
    const at = m.at('layers').at(String(layer));
    const out = within(at.path, () => block(at, x, c, { mask, past: past?.[layer], rotary: turn, dropout }));
    x = out.x;
    hiddenStates.push(x);
    present.push(out.present);
    attentions.push(out.probabilities);
  }
  hiddenStates[c.num_hidden_layers] = layerNorm(m.at('final_layer_norm'), x, c.layer_norm_eps);
  return { present, hiddenStates, attentions };
}

function causalLm(s: Scope, inputs: DecoderInputs, c: GptNeoXConfig): DecoderOutputs {
  const out = decode(s, inputs, c);
  const table = c.tie_word_embeddings
    ? wordTable(s, c)
    : s.at('embed_out').param('weight', [c.vocab_size, c.hidden_size], normal(c.initializer_range));
  return { ...out, logits: matmul(positionsRead(out, inputs), table, { transposeB: true }) };
}

/** A linear map without bias; read at the last position of a text. */
const score = (s: Scope, x: Tensor, c: GptNeoXConfig): Tensor =>
  linear(s.at('score'), x, c.num_labels, { bias: false, initializer: normal(c.initializer_range) });

export const gptNeoX: CausalLmArchitecture<GptNeoXConfig> = {
  modelType: 'gpt_neox',
  className: 'GPTNeoXForCausalLM',
  readConfig,
  heads: {
    GPTNeoXForCausalLM: causalLmHead(causalLm),
    GPTNeoXForSequenceClassification: lastTokenClassifier(decode, score),
    GPTNeoXForTokenClassification: tokenClassifier(decode, 'classifier'),
    GPTNeoXModel: decoderHead(decode),
  },
  causalLm,
  cache: (c) => ({
    layers: c.num_hidden_layers,
    keyValueHeads: c.num_attention_heads,
    headSize: c.hidden_size / c.num_attention_heads,
    window: countedKeys(c.max_position_embeddings, c.rope_scaling),
  }),
  contextLength: (c) => rotaryContext(c.max_position_embeddings, c.rope_scaling),
  vocabularySize: (c) => c.vocab_size,
  // Saved from the model without its head: no prefix.
  olderNames: [[/^(embed_in|layers|final_layer_norm)\./, 'gpt_neox.$1.']],
  // Masks and tables that pythia-* store.
  ignoredNames: [/\.attention\.(bias|masked_bias|rotary_emb\.inv_freq)$/, /^embed_out\.weight$/],
};
