// GPT-2 (Radford et al. 2019, "Language Models are Unsupervised Multitask Learners"): a pre-norm decoder with learned positions and a tied output matrix.

import type { Dim } from '../dimension.ts';
import { activation } from '../nn/activation.ts';
import { attention, causalAttention, causalMask, mergeHeads } from '../nn/attention.ts';
import { type Dropout, drop } from '../nn/dropout.ts';
import { embedding, embeddingTable } from '../nn/embedding.ts';
import { conv1d, linear } from '../nn/linear.ts';
import { layerNorm } from '../nn/norm.ts';
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

/** The fields of GPT-2's config.json that change the graph, under their names in the file. */
export interface Gpt2Config extends Labelled {
  vocab_size: number;
  n_positions: number;
  n_embd: number;
  n_layer: number;
  n_head: number;
  n_inner: number;
  activation_function: string;
  layer_norm_epsilon: number;
  initializer_range: number;
  embd_pdrop: number;
  attn_pdrop: number;
  resid_pdrop: number;
  scale_attn_weights: boolean;
  scale_attn_by_inverse_layer_idx: boolean;
  tie_word_embeddings: boolean;
  pad_token_id: number | undefined;
  /** Dropout before the classes of a token. */
  classifier_dropout: number;
}

function readConfig(json: Readonly<Record<string, unknown>>): Gpt2Config {
  const f = configFields(json);
  const n_embd = f.size('n_embd', 768);
  const n_head = f.size('n_head', 12);
  requireDivides(['n_head', n_head], ['n_embd', n_embd]);
  // `reorder_and_upcast_attn` orders the same arithmetic for half precision; `summary_*` belong to a head that is not here.
  refuse(json, { ...foreignToAll, add_cross_attention: false });
  return {
    vocab_size: f.size('vocab_size', 50257),
    n_positions: f.size('n_positions', 1024),
    n_embd,
    n_layer: f.size('n_layer', 12),
    n_head,
    n_inner: f.size('n_inner', 4 * n_embd),
    activation_function: f.text('activation_function', 'gelu_new'),
    layer_norm_epsilon: f.number('layer_norm_epsilon', 1e-5),
    initializer_range: f.number('initializer_range', 0.02),
    embd_pdrop: f.rate('embd_pdrop', 0.1),
    attn_pdrop: f.rate('attn_pdrop', 0.1),
    resid_pdrop: f.rate('resid_pdrop', 0.1),
    scale_attn_weights: f.flag('scale_attn_weights', true),
    scale_attn_by_inverse_layer_idx: f.flag('scale_attn_by_inverse_layer_idx', false),
    tie_word_embeddings: f.flag('tie_word_embeddings', true),
    pad_token_id: f.optional('pad_token_id'),
    classifier_dropout: f.rate('classifier_dropout', f.rate('hidden_dropout', 0.1)),
    ...readLabels(json),
  };
}

/** What the blocks share: masks and the past are the same for training (none) and decoding (cache). */
interface Context {
  readonly mask: Tensor | undefined;
  readonly past: KeyValue | undefined;
  readonly layer: number;
  readonly dropout: Dropout | undefined;
}

/** Pre-norm decoder block (§2.3). `[batch, time, n_embd]` → the same. */
function block(
  s: Scope,
  x: Tensor,
  c: Gpt2Config,
  at: Context,
): { x: Tensor; present: KeyValue; probabilities: Tensor } {
  const attended = selfAttention(s.at('attn'), layerNorm(s.at('ln_1'), x, c.layer_norm_epsilon), c, at);
  const h = add(x, drop(at.dropout, attended.output, c.resid_pdrop, `${s.path}.attn`));
  const y = mlp(s.at('mlp'), layerNorm(s.at('ln_2'), h, c.layer_norm_epsilon), c);
  return { ...attended, x: add(h, drop(at.dropout, y, c.resid_pdrop, `${s.path}.mlp`)) };
}

function selfAttention(s: Scope, x: Tensor, c: Gpt2Config, { mask, past, layer, dropout }: Context) {
  const [batch, time] = [dim(x, 0), dim(x, 1)];
  const size = c.n_embd / c.n_head;
  // The checkpoint keeps q, k and v side by side in one matrix, [n_embd, 3 · n_embd]; one transpose takes all heads apart: [batch, 3 · head, time, size].
  const all = transpose(
    reshape(conv1d(s.at('c_attn'), x, 3 * c.n_embd, normal(c.initializer_range)), [batch, time, 3 * c.n_head, size]),
    [0, 2, 1, 3],
  );
  const part = (i: number): Tensor => slice(all, 1, i * c.n_head, (i + 1) * c.n_head);
  const [q, newKey, newValue] = [part(0), part(1), part(2)];
  const key = past ? concat([past.key, newKey], 2) : newKey;
  const value = past ? concat([past.value, newValue], 2) : newValue;
  const scale = (c.scale_attn_weights ? 1 / Math.sqrt(size) : 1) / (c.scale_attn_by_inverse_layer_idx ? layer + 1 : 1);
  const options = { scale, dropout, dropoutRate: c.attn_pdrop, place: `${s.path}.attn_dropout` };
  const { output, probabilities } = mask
    ? attention(q, key, value, { ...options, mask })
    : causalAttention(q, key, value, options);
  return {
    output: conv1d(s.at('c_proj'), mergeHeads(output), c.n_embd, residual(c)),
    present: { key, value },
    probabilities,
  };
}

function mlp(s: Scope, x: Tensor, c: Gpt2Config): Tensor {
  const h = activation(c.activation_function)(conv1d(s.at('c_fc'), x, c.n_inner, normal(c.initializer_range)));
  return conv1d(s.at('c_proj'), h, c.n_embd, residual(c));
}

/** §2.3: weights of layers that write to the residual stream start smaller by 1/√(number of such layers). */
const residual = (c: Gpt2Config) => normal(c.initializer_range / Math.sqrt(2 * c.n_layer));

const wordTable = (s: Scope, c: Gpt2Config): Tensor =>
  embeddingTable(s.at('transformer').at('wte'), c.vocab_size, c.n_embd, normal(c.initializer_range));

/** Embeddings and the stack of blocks. */
function decode(
  s: Scope,
  { inputIds, attentionMask, positionIds, past, dropout }: DecoderInputs,
  c: Gpt2Config,
): Omit<DecoderOutputs, 'logits'> {
  const t = s.at('transformer');
  const time = dim(inputIds, 1);
  const before: Dim = past?.[0] ? dim(past[0].key, 2) : 0;
  const table = wordTable(s, c);
  const positions = embeddingTable(t.at('wpe'), c.n_positions, c.n_embd, normal(c.initializer_range));
  let x = add(embedding(table, inputIds), embedding(positions, positionIds ?? unsqueeze(iota(time, before), 0)));
  x = drop(dropout, x, c.embd_pdrop, t.path);
  // Without padding and past the mask is a constant that attention builds for its blocks.
  const mask = attentionMask || past ? causalMask({ queries: time, past: before, attentionMask }) : undefined;

  const hiddenStates = [x];
  const present: KeyValue[] = [];
  const attentions: Tensor[] = [];
  for (let layer = 0; layer < c.n_layer; layer++) {
    const at = t.at('h').at(String(layer));
    const out = within(at.path, () => block(at, x, c, { mask, past: past?.[layer], layer, dropout }));
    x = out.x;
    hiddenStates.push(x);
    present.push(out.present);
    attentions.push(out.probabilities);
  }
  hiddenStates[c.n_layer] = layerNorm(t.at('ln_f'), x, c.layer_norm_epsilon);
  return { present, hiddenStates, attentions };
}

function causalLm(s: Scope, inputs: DecoderInputs, c: Gpt2Config): DecoderOutputs {
  const out = decode(s, inputs, c);
  const table = c.tie_word_embeddings
    ? wordTable(s, c)
    : s.at('lm_head').param('weight', [c.vocab_size, c.n_embd], normal(c.initializer_range));
  return { ...out, logits: matmul(positionsRead(out, inputs), table, { transposeB: true }) };
}

/** A linear map without bias; read at the last position of a text. */
const score = (s: Scope, x: Tensor, c: Gpt2Config): Tensor =>
  linear(s.at('score'), x, c.num_labels, { bias: false, initializer: normal(c.initializer_range) });

export const gpt2: CausalLmArchitecture<Gpt2Config> = {
  modelType: 'gpt2',
  className: 'GPT2LMHeadModel',
  readConfig,
  heads: {
    GPT2LMHeadModel: causalLmHead(causalLm),
    GPT2ForSequenceClassification: lastTokenClassifier(decode, score),
    GPT2ForTokenClassification: tokenClassifier(decode, 'classifier'),
    GPT2Model: decoderHead(decode),
  },
  causalLm,
  cache: (c) => ({ layers: c.n_layer, keyValueHeads: c.n_head, headSize: c.n_embd / c.n_head }),
  contextLength: (c) => c.n_positions,
  vocabularySize: (c) => c.vocab_size,
  // The first published checkpoints (gpt2, distilgpt2 on the hub) have no prefix.
  olderNames: [[/^(wte|wpe|h|ln_f)\./, 'transformer.$1.']],
  // Stored causal masks of the same checkpoints; `lm_head.weight` where it repeats the tied matrix.
  ignoredNames: [/\.attn\.(masked_)?bias$/, /^lm_head\.weight$/],
};
