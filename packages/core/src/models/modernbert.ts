// ModernBERT (Warner et al. 2024, arXiv:2412.13663): BERT with rotary positions, normalisation before each part, gated layers, and windows in most layers (§2.1).

import { activation } from '../nn/activation.ts';
import { attention, mergeHeads, paddingMask, splitHeads, windowMask } from '../nn/attention.ts';
import { type Dropout, drop } from '../nn/dropout.ts';
import { embedding, embeddingTable } from '../nn/embedding.ts';
import { linear } from '../nn/linear.ts';
import { layerNorm } from '../nn/norm.ts';
import { type Rotary, rotary, rotate } from '../nn/position.ts';
import { normal, type Scope, zeros } from '../nn/scope.ts';
import { add, cast, div, iota, matmul, maximum, mul, slice, sum, within } from '../ops/build.ts';
import { dim, mean, unsqueeze } from '../ops/compose.ts';
import type { Tensor } from '../tensor.ts';
import type { Architecture, Encoded, NamedTensors } from './architecture.ts';
import { configFields, foreignToEncoders, refuse, requireDivides } from './config.ts';
import {
  classified,
  encoderHead,
  first,
  headsOver,
  type Labelled,
  labelledStates,
  multipleChoice,
  needed,
  readLabels,
  scored,
  spanLabels,
  spans,
  textInputs,
  textLabels,
  tokenLabels,
} from './heads.ts';
import { type LayerKind, layerKinds, readLayerKinds } from './layer-kinds.ts';
import { readRotary } from './rotary-config.ts';

/** The fields of ModernBERT's config.json that change the graph, under their names in the file. */
export interface ModernBertConfig extends Labelled {
  vocab_size: number;
  hidden_size: number;
  intermediate_size: number;
  num_hidden_layers: number;
  num_attention_heads: number;
  hidden_activation: string;
  max_position_embeddings: number;
  initializer_range: number;
  norm_eps: number;
  norm_bias: boolean;
  attention_bias: boolean;
  mlp_bias: boolean;
  decoder_bias: boolean;
  classifier_bias: boolean;
  classifier_activation: string;
  classifier_pooling: 'cls' | 'mean';
  attention_dropout: number;
  embedding_dropout: number;
  mlp_dropout: number;
  classifier_dropout: number;
  /** A token of a windowed layer sees half of so many to each side. */
  local_attention: number;
  layer_types: readonly LayerKind[];
  /** θ of the rotary positions, by the kind of layer. */
  rope_theta: Readonly<Record<LayerKind, number>>;
  pad_token_id: number | undefined;
  tie_word_embeddings: boolean;
}

type Json = Readonly<Record<string, unknown>>;

function readConfig(json: Json): ModernBertConfig {
  const f = configFields(json);
  const hidden_size = f.size('hidden_size', 768);
  const num_attention_heads = f.size('num_attention_heads', 12);
  const num_hidden_layers = f.size('num_hidden_layers', 22);
  requireDivides(['num_attention_heads', num_attention_heads], ['hidden_size', hidden_size]);
  refuse(json, foreignToEncoders);
  const every = f.size('global_attn_every_n_layers', 3);
  return {
    vocab_size: f.size('vocab_size', 50368),
    hidden_size,
    intermediate_size: f.size('intermediate_size', 1152),
    num_hidden_layers,
    num_attention_heads,
    hidden_activation: f.text('hidden_activation', 'gelu'),
    max_position_embeddings: f.size('max_position_embeddings', 8192),
    initializer_range: f.number('initializer_range', 0.02),
    norm_eps: f.number('norm_eps', 1e-5),
    norm_bias: f.flag('norm_bias', false),
    attention_bias: f.flag('attention_bias', false),
    mlp_bias: f.flag('mlp_bias', false),
    decoder_bias: f.flag('decoder_bias', true),
    classifier_bias: f.flag('classifier_bias', false),
    classifier_activation: f.text('classifier_activation', 'gelu'),
    classifier_pooling: f.choice('classifier_pooling', ['cls', 'mean'], 'cls'),
    attention_dropout: f.rate('attention_dropout', 0),
    embedding_dropout: f.rate('embedding_dropout', 0),
    mlp_dropout: f.rate('mlp_dropout', 0),
    classifier_dropout: f.rate('classifier_dropout', 0),
    local_attention: f.size('local_attention', 128),
    layer_types:
      readLayerKinds(json, num_hidden_layers) ??
      Array.from({ length: num_hidden_layers }, (_, i) => (i % every === 0 ? 'full_attention' : 'sliding_attention')),
    rope_theta: {
      full_attention: thetaOf(json, 'full_attention', 'global_rope_theta', 160_000),
      sliding_attention: thetaOf(json, 'sliding_attention', 'local_rope_theta', 10_000),
    },
    pad_token_id: json.pad_token_id === undefined ? undefined : f.optional('pad_token_id'),
    tie_word_embeddings: f.flag('tie_word_embeddings', true),
    ...readLabels(json),
  };
}

/** Older files name θ for both kinds of layer; transformers 5 keeps a set of numbers for each. */
function thetaOf(json: Json, kind: LayerKind, field: string, fallback: number): number {
  const sets = json.rope_parameters;
  const own = typeof sets === 'object' && sets !== null ? (sets as Json)[kind] : undefined;
  const rotation = readRotary(
    own === undefined ? { [field]: json[field] } : { rope_parameters: own },
    { base: fallback, share: 1 },
    { base: field, share: 'partial_rotary_factor' },
  );
  refuse(
    { rope_scaling: rotation.scaling?.kind ?? json.rope_scaling, partial_rotary_factor: rotation.share },
    { rope_scaling: false, partial_rotary_factor: 1 },
  );
  return rotation.base;
}

const norm = (s: Scope, x: Tensor, c: ModernBertConfig): Tensor => layerNorm(s, x, c.norm_eps, { bias: c.norm_bias });

/** What writes into the residual stream starts smaller the more layers write into it (Appendix A). */
const outward = (c: ModernBertConfig) => normal(c.initializer_range / Math.sqrt(2 * c.num_hidden_layers));

const wordTable = (s: Scope, c: ModernBertConfig): Tensor =>
  embeddingTable(s, c.vocab_size, c.hidden_size, normal(c.initializer_range));

interface Surroundings {
  readonly mask: Tensor | undefined;
  readonly turn: Rotary;
  readonly dropout: Dropout | undefined;
}

/** Attention, then a gated feed-forward layer, each of the normalised states and added to them. */
function layer(s: Scope, x: Tensor, c: ModernBertConfig, isFirst: boolean, at: Surroundings) {
  // The embeddings come normalised.
  const { output, probabilities } = selfAttention(s.at('attn'), isFirst ? x : norm(s.at('attn_norm'), x, c), c, at);
  const h = add(x, output);
  return { x: add(h, mlp(s.at('mlp'), norm(s.at('mlp_norm'), h, c), c, at.dropout)), probabilities };
}

function selfAttention(s: Scope, x: Tensor, c: ModernBertConfig, { mask, turn, dropout }: Surroundings) {
  const options = { bias: c.attention_bias };
  const all = linear(s.at('Wqkv'), x, 3 * c.hidden_size, { ...options, initializer: normal(c.initializer_range) });
  const third = (i: number): Tensor =>
    splitHeads(slice(all, 2, i * c.hidden_size, (i + 1) * c.hidden_size), c.num_attention_heads);
  const { output, probabilities } = attention(rotate(third(0), turn), rotate(third(1), turn), third(2), {
    mask,
    dropout,
    dropoutRate: c.attention_dropout,
    place: s.path,
  });
  const out = linear(s.at('Wo'), mergeHeads(output), c.hidden_size, { ...options, initializer: outward(c) });
  return { output: drop(dropout, out, c.attention_dropout, `${s.path}.output`), probabilities };
}

/** Wo(act(x₁) · x₂), where x₁ and x₂ are the halves of Wi x (Shazeer 2020, arXiv:2002.05202). */
function mlp(s: Scope, x: Tensor, c: ModernBertConfig, dropout: Dropout | undefined): Tensor {
  const both = linear(s.at('Wi'), x, 2 * c.intermediate_size, {
    bias: c.mlp_bias,
    initializer: normal(c.initializer_range),
  });
  const half = (i: number): Tensor => slice(both, 2, i * c.intermediate_size, (i + 1) * c.intermediate_size);
  const gated = mul(activation(c.hidden_activation)(half(0)), half(1));
  return linear(s.at('Wo'), drop(dropout, gated, c.mlp_dropout, s.path), c.hidden_size, {
    bias: c.mlp_bias,
    initializer: outward(c),
  });
}

function encode(s: Scope, inputs: NamedTensors, c: ModernBertConfig, dropout: Dropout | undefined): Encoded {
  const inputIds = needed(inputs, 'input_ids');
  const time = dim(inputIds, 1);
  const e = s.at('embeddings');
  const words = embedding(wordTable(e.at('tok_embeddings'), c), inputIds, c.pad_token_id);
  const embedded = drop(dropout, norm(e.at('norm'), words, c), c.embedding_dropout, e.path);
  const positions = inputs.position_ids ?? unsqueeze(iota(time), 0);
  const padding = inputs.attention_mask && paddingMask(inputs.attention_mask);
  const surroundings = (kind: LayerKind): Surroundings => {
    const turn = rotary(positions, time, {
      base: c.rope_theta[kind],
      size: c.hidden_size / c.num_attention_heads,
    });
    if (kind === 'full_attention') return { mask: padding, turn, dropout };
    const window = windowMask(time, Math.floor(c.local_attention / 2));
    return { mask: padding ? add(window, padding) : window, turn, dropout };
  };
  const byKind = new Map(layerKinds.filter((k) => c.layer_types.includes(k)).map((k) => [k, surroundings(k)]));
  const hiddenStates = [embedded];
  const attentions: Tensor[] = [];
  let x = embedded;
  for (const [i, kind] of c.layer_types.entries()) {
    const at = s.at('layers').at(String(i));
    const out = within(at.path, () => layer(at, x, c, i === 0, byKind.get(kind)!));
    x = out.x;
    hiddenStates.push(x);
    attentions.push(out.probabilities);
  }
  hiddenStates[c.num_hidden_layers] = norm(s.at('final_norm'), x, c);
  return { hiddenStates, attentions };
}

/** What every task reads: dense, activation, normalised. `[..., hidden]` → the same. */
function prepared(s: Scope, x: Tensor, c: ModernBertConfig): Tensor {
  const h = s.at('head');
  const dense = linear(h.at('dense'), x, c.hidden_size, { bias: c.classifier_bias, initializer: outward(c) });
  return norm(h.at('norm'), activation(c.classifier_activation)(dense), c);
}

/** The product with the word embeddings. `[batch, sequence, vocab_size]`. */
function predictions(s: Scope, x: Tensor, c: ModernBertConfig): Tensor {
  const decoder = s.at('decoder');
  const table = wordTable(c.tie_word_embeddings ? s.at('model').at('embeddings').at('tok_embeddings') : decoder, c);
  const logits = matmul(prepared(s, x, c), table, { transposeB: true });
  return c.decoder_bias ? add(logits, decoder.param('bias', [c.vocab_size], zeros)) : logits;
}

/** A linear map to `outputs` numbers, after dropout. */
function classify(s: Scope, x: Tensor, outputs: number, c: ModernBertConfig, dropout: Dropout | undefined): Tensor {
  const at = s.at('classifier');
  return linear(at, drop(dropout, prepared(s, x, c), c.classifier_dropout, at.path), outputs, {
    initializer: normal(c.hidden_size ** -0.5),
  });
}

/** One state for a text: the first one's, or the mean of the real ones. `[batch, hidden]`. */
function pooled(x: Tensor, { attention_mask }: NamedTensors, c: ModernBertConfig): Tensor {
  if (c.classifier_pooling === 'cls') return first(x);
  if (!attention_mask) return mean(x, [1]);
  const real = unsqueeze(cast(attention_mask, 'float32'), -1);
  return div(sum(mul(x, real), [1]), maximum(sum(real, [1]), 1));
}

const head = headsOver('model', encode, textInputs);

export const modernbert: Architecture<ModernBertConfig> = {
  modelType: 'modernbert',
  readConfig,
  contextLength: (c) => c.max_position_embeddings,
  vocabularySize: (c) => c.vocab_size,
  heads: {
    ModernBertModel: encoderHead(encode, textInputs),
    ModernBertForMaskedLM: head(tokenLabels, (s, x, inputs, c) =>
      scored(predictions(s, labelledStates(x, inputs), c), inputs.labels),
    ),
    ModernBertForSequenceClassification: head(textLabels, (s, x, inputs, c, dropout) =>
      classified(classify(s, pooled(x, inputs, c), c.num_labels, c, dropout), inputs.labels, c),
    ),
    ModernBertForTokenClassification: head(tokenLabels, (s, x, { labels }, c, dropout) =>
      scored(classify(s, x, c.num_labels, c, dropout), labels),
    ),
    ModernBertForQuestionAnswering: head(spanLabels, (s, x, inputs, c, dropout) =>
      spans(classify(s, x, 2, c, dropout), inputs),
    ),
    ModernBertForMultipleChoice: multipleChoice(
      head({}, (s, x, inputs, c, dropout) => ({ logits: classify(s, pooled(x, inputs, c), 1, c, dropout) })),
    ),
  },
  olderNames: [[/^decoder\.weight$/, 'model.embeddings.tok_embeddings.weight']], // the tied matrix's second copy
  // The language-model head that ModernBERT-base carries along.
  ignoredNames: [/^(head|decoder)\./],
};
