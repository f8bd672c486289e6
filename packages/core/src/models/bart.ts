// BART (Lewis et al. 2019, arXiv:1910.13461): a post-norm encoder and decoder (Vaswani et al. 2017) with learned positions, trained to restore damaged text.

import type { Dim } from '../dimension.ts';
import { YumoError } from '../errors.ts';
import { activation } from '../nn/activation.ts';
import { attention, causalMask, mergeHeads, paddingMask, splitHeads } from '../nn/attention.ts';
import { type Dropout, drop } from '../nn/dropout.ts';
import { embedding, embeddingTable } from '../nn/embedding.ts';
import { linear } from '../nn/linear.ts';
import { layerNorm } from '../nn/norm.ts';
import { normal, type Scope, zeros } from '../nn/scope.ts';
import { add, cast, concat, equal, iota, matmul, max, mul, tanh, within } from '../ops/build.ts';
import { dim, unsqueeze } from '../ops/compose.ts';
import { integer, type Tensor } from '../tensor.ts';
import type {
  CrossDecoderInputs,
  CrossDecoderOutputs,
  Encoded,
  Head,
  InputForms,
  KeyValue,
  Seq2SeqArchitecture,
} from './architecture.ts';
import { configFields, foreignToAll, refuse, requireDivides } from './config.ts';
import {
  classified,
  inner,
  type Labelled,
  needed,
  positionsRead,
  readLabels,
  rowsAt,
  seq2seqHead,
  shiftRight,
  sourceStates,
  spanLabels,
  spans,
  type Top,
  textInputs,
  textLabels,
} from './heads.ts';

/** The fields of BART's config.json that change the graph, under their names in the file. */
export interface BartConfig extends Labelled {
  vocab_size: number;
  max_position_embeddings: number;
  d_model: number;
  encoder_layers: number;
  encoder_attention_heads: number;
  encoder_ffn_dim: number;
  decoder_layers: number;
  decoder_attention_heads: number;
  decoder_ffn_dim: number;
  activation_function: string;
  dropout: number;
  attention_dropout: number;
  activation_dropout: number;
  init_std: number;
  /** Embeddings are multiplied by √d_model. */
  scale_embedding: boolean;
  pad_token_id: number | undefined;
  eos_token_id: number;
  decoder_start_token_id: number;
  classifier_dropout: number;
  tie_word_embeddings: boolean;
}

/** Of both families: the pre-norm variants of mBART and Pegasus, and biases that no published file has. */
const foreign = { ...foreignToAll, normalize_before: false, add_final_layer_norm: false, add_bias_logits: false };

export function readBartConfig(json: Readonly<Record<string, unknown>>): BartConfig {
  refuse(json, foreign);
  const f = configFields(json);
  const d_model = f.size('d_model', 1024);
  const encoder_attention_heads = f.size('encoder_attention_heads', 16);
  const decoder_attention_heads = f.size('decoder_attention_heads', 16);
  const eos_token_id = f.optional('eos_token_id') ?? 2;
  requireDivides(['encoder_attention_heads', encoder_attention_heads], ['d_model', d_model]);
  requireDivides(['decoder_attention_heads', decoder_attention_heads], ['d_model', d_model]);
  return {
    vocab_size: f.size('vocab_size', 50265),
    max_position_embeddings: f.size('max_position_embeddings', 1024),
    d_model,
    encoder_layers: f.size('encoder_layers', 12),
    encoder_attention_heads,
    encoder_ffn_dim: f.size('encoder_ffn_dim', 4096),
    decoder_layers: f.size('decoder_layers', 12),
    decoder_attention_heads,
    decoder_ffn_dim: f.size('decoder_ffn_dim', 4096),
    activation_function: f.text('activation_function', 'gelu'),
    dropout: f.rate('dropout', 0.1),
    attention_dropout: f.rate('attention_dropout', 0),
    activation_dropout: f.rate('activation_dropout', 0),
    init_std: f.number('init_std', 0.02),
    scale_embedding: f.flag('scale_embedding', false),
    pad_token_id: f.optional('pad_token_id') ?? 1,
    eos_token_id,
    decoder_start_token_id: f.optional('decoder_start_token_id') ?? eos_token_id,
    classifier_dropout: f.rate('classifier_dropout', 0),
    tie_word_embeddings: f.flag('tie_word_embeddings', true),
    ...readLabels({ id2label: { 0: '', 1: '', 2: '' }, ...json }),
  };
}

/** One side of the model: where it lies, its sizes, and how it embeds. */
interface Stack {
  readonly s: Scope;
  readonly c: BartConfig;
  readonly heads: number;
  readonly ffn: number;
  readonly dropout: Dropout | undefined;
}

/** Embedded ids, `[batch, time, d_model]`: what BART and Marian do differently. */
export type Embed<C> = (root: Scope, stack: Scope, inputIds: Tensor, past: Dim, c: C) => Tensor;

const keysAndValues = (s: Scope, x: Tensor, { c, heads }: Stack): KeyValue => {
  const project = (name: string): Tensor =>
    splitHeads(linear(s.at(name), x, c.d_model, { initializer: normal(c.init_std) }), heads);
  return { key: project('k_proj'), value: project('v_proj') };
};

/** Multi-head attention of x over keys and values, output projection included. */
function attend(s: Scope, x: Tensor, { key, value }: KeyValue, mask: Tensor | undefined, { c, heads, dropout }: Stack) {
  const initializer = normal(c.init_std);
  const q = splitHeads(linear(s.at('q_proj'), x, c.d_model, { initializer }), heads);
  const { output, probabilities } = attention(q, key, value, {
    mask,
    dropout,
    dropoutRate: c.attention_dropout,
    place: s.path,
  });
  return { output: linear(s.at('out_proj'), mergeHeads(output), c.d_model, { initializer }), probabilities };
}

/** Not a field of the configuration. */
const epsilon = 1e-5;

/** norm(x + y). The norm stands beside the sub-layer in the checkpoint. */
const residual = (norm: Scope, x: Tensor, y: Tensor, { c, dropout }: Stack): Tensor =>
  layerNorm(norm, add(x, drop(dropout, y, c.dropout, norm.path)), epsilon);

function feedForward(s: Scope, x: Tensor, stack: Stack): Tensor {
  const { c, ffn, dropout } = stack;
  const initializer = normal(c.init_std);
  const h = activation(c.activation_function)(linear(s.at('fc1'), x, ffn, { initializer }));
  const y = linear(s.at('fc2'), drop(dropout, h, c.activation_dropout, `${s.path}.fc1`), c.d_model, { initializer });
  return residual(s.at('final_layer_norm'), x, y, stack);
}

export const encoder =
  <C extends BartConfig>(embed: Embed<C>): Seq2SeqArchitecture<C>['encode'] =>
  (root, { inputIds, attentionMask, dropout }, c): Encoded => {
    const s = root.at('model').at('encoder');
    const stack: Stack = { s, c, heads: c.encoder_attention_heads, ffn: c.encoder_ffn_dim, dropout };
    const mask = attentionMask && paddingMask(attentionMask);
    const hiddenStates = [drop(dropout, embed(root, s, inputIds, 0, c), c.dropout, s.path)];
    const attentions: Tensor[] = [];
    for (let i = 0; i < c.encoder_layers; i++) {
      const at = s.at('layers').at(String(i));
      within(at.path, () => {
        const x = hiddenStates[i]!;
        const self = at.at('self_attn');
        const { output, probabilities } = attend(self, x, keysAndValues(self, x, stack), mask, stack);
        hiddenStates.push(feedForward(at, residual(at.at('self_attn_layer_norm'), x, output, stack), stack));
        attentions.push(probabilities);
      });
    }
    return { hiddenStates, attentions };
  };

/** The decoder's stack, without logits. */
const decoderStates =
  <C extends BartConfig>(embed: Embed<C>) =>
  (root: Scope, inputs: CrossDecoderInputs, c: C): Omit<CrossDecoderOutputs, 'logits'> => {
    const { inputIds, attentionMask, encoderAttentionMask, past, cross: known, dropout } = inputs;
    const s = root.at('model').at('decoder');
    const stack: Stack = { s, c, heads: c.decoder_attention_heads, ffn: c.decoder_ffn_dim, dropout };
    const before: Dim = past?.[0] ? dim(past[0].key, 2) : 0;
    const mask = causalMask({ queries: dim(inputIds, 1), past: before, attentionMask });
    const crossMask = encoderAttentionMask && paddingMask(encoderAttentionMask);
    const hiddenStates = [drop(dropout, embed(root, s, inputIds, before, c), c.dropout, s.path)];
    const [present, cross, attentions, crossAttentions]: [KeyValue[], KeyValue[], Tensor[], Tensor[]] = [
      [],
      [],
      [],
      [],
    ];
    for (let i = 0; i < c.decoder_layers; i++) {
      const at = s.at('layers').at(String(i));
      within(at.path, () => {
        const x = hiddenStates[i]!;
        const self = at.at('self_attn');
        const now = keysAndValues(self, x, stack);
        const earlier = past?.[i];
        const all = earlier
          ? { key: concat([earlier.key, now.key], 2), value: concat([earlier.value, now.value], 2) }
          : now;
        const attended = attend(self, x, all, mask, stack);
        const h = residual(at.at('self_attn_layer_norm'), x, attended.output, stack);
        const other = at.at('encoder_attn');
        const source = known?.[i] ?? keysAndValues(other, sourceStates(inputs), stack);
        const crossed = attend(other, h, source, crossMask, stack);
        hiddenStates.push(feedForward(at, residual(at.at('encoder_attn_layer_norm'), h, crossed.output, stack), stack));
        present.push(all);
        cross.push(source);
        attentions.push(attended.probabilities);
        crossAttentions.push(crossed.probabilities);
      });
    }
    return { present, cross, hiddenStates, attentions, crossAttentions };
  };

export const decoder =
  <C extends BartConfig>(
    embed: Embed<C>,
    output: (root: Scope, x: Tensor, c: C) => Tensor,
  ): Seq2SeqArchitecture<C>['decode'] =>
  (root, inputs, c) => {
    const states = decoderStates(embed)(root, inputs, c);
    return { ...states, logits: output(root, positionsRead(states, inputs), c) };
  };

/** Token embeddings, scaled where the configuration says so. The padding row learns nothing from look-ups. */
export function tokens(table: Tensor, inputIds: Tensor, c: BartConfig): Tensor {
  const x = embedding(table, inputIds, c.pad_token_id);
  return c.scale_embedding ? mul(x, Math.sqrt(c.d_model)) : x;
}

/** x Eᵀ plus a bias that is not trained (zeros, but in converted models). E is the target's embedding matrix, or `lm_head` where they are not tied. */
export function outputLogits(root: Scope, x: Tensor, words: Scope, vocabulary: number, c: BartConfig): Tensor {
  const at = c.tie_word_embeddings ? words : root.at('lm_head');
  const table = embeddingTable(at, vocabulary, c.d_model, normal(c.init_std));
  return add(matmul(x, table, { transposeB: true }), root.param('final_logits_bias', [1, vocabulary], zeros, 'fixed'));
}

const shared = (root: Scope): Scope => root.at('model').at('shared');

/** Learned positions begin at row 2 of their table, as the first two were once special. */
const positionOffset = 2;

const embed: Embed<BartConfig> = (root, stack, inputIds, past, c) => {
  const rows = c.max_position_embeddings + positionOffset;
  const table = embeddingTable(stack.at('embed_positions'), rows, c.d_model, normal(c.init_std));
  const words = embeddingTable(shared(root), c.vocab_size, c.d_model, normal(c.init_std));
  const positions = add(iota(dim(inputIds, 1), past), integer(positionOffset));
  const x = add(tokens(words, inputIds, c), embedding(table, unsqueeze(positions, 0)));
  return layerNorm(stack.at('layernorm_embedding'), x, epsilon);
};

const encode = encoder(embed);
const decode = decoder(embed, (root, x, c) => outputLogits(root, x, shared(root), c.vocab_size, c));

/** §3.1, 3.2: the text goes into both stacks, into the decoder moved right by one; its states are read. */
const textHead = (labels: (c: BartConfig) => InputForms, top: Top<BartConfig>): Head<BartConfig> => ({
  inputs: () => textInputs,
  labels,
  build(s, given, c, { dropout } = {}) {
    const [inputIds, attentionMask] = [needed(given, 'input_ids'), given.attention_mask];
    const source = encode(s, { inputIds, attentionMask, dropout }, c);
    const out = decoderStates(embed)(
      s,
      {
        inputIds: shiftRight(inputIds, c.decoder_start_token_id, c.pad_token_id ?? 1),
        encoderHiddenStates: source.hiddenStates.at(-1),
        encoderAttentionMask: attentionMask,
        dropout,
      },
      c,
    );
    return {
      ...inner(source, 'encoder_'),
      ...inner(out, 'decoder_'),
      ...top(s, out.hiddenStates.at(-1)!, given, c, dropout),
    };
  },
});

/** Two layers on the state of the last end token. `[batch, num_labels]`. */
function textClasses(s: Scope, x: Tensor, inputIds: Tensor, c: BartConfig, dropout: Dropout | undefined): Tensor {
  const at = s.at('classification_head');
  const initializer = normal(c.init_std);
  const ends = cast(equal(inputIds, integer(c.eos_token_id)), 'float32');
  const places = mul(ends, cast(iota(dim(inputIds, 1)), 'float32'));
  const last = rowsAt(x, cast(max(places, [1]), 'int32'));
  const dense = linear(at.at('dense'), drop(dropout, last, c.classifier_dropout, at.path), c.d_model, { initializer });
  const h = drop(dropout, tanh(dense), c.classifier_dropout, `${at.path}.dense`);
  return linear(at.at('out_proj'), h, c.num_labels, { initializer });
}

export const bart: Seq2SeqArchitecture<BartConfig> = {
  modelType: 'bart',
  className: 'BartForConditionalGeneration',
  readConfig(json) {
    // What sets Marian apart, in configurations that name it.
    refuse(json, { static_position_embeddings: false, normalize_embedding: true });
    if (json.normalize_embedding === false)
      throw new YumoError('CONFIG', 'config.json: "normalize_embedding" is false, which BART does not have', {});
    return readBartConfig(json);
  },
  heads: {
    BartForConditionalGeneration: seq2seqHead(encode, decode, (c) => c.decoder_start_token_id),
    BartForSequenceClassification: textHead(textLabels, (s, x, { input_ids, labels }, c, dropout) =>
      classified(textClasses(s, x, input_ids!, c, dropout), labels, c),
    ),
    BartForQuestionAnswering: textHead(
      () => spanLabels,
      (s, x, inputs, c) => spans(linear(s.at('qa_outputs'), x, 2, { initializer: normal(c.init_std) }), inputs),
    ),
  },
  encode,
  decode,
  cache: (c) => ({
    layers: c.decoder_layers,
    keyValueHeads: c.decoder_attention_heads,
    headSize: c.d_model / c.decoder_attention_heads,
  }),
  hiddenSize: (c) => c.d_model,
  contextLength: (c) => c.max_position_embeddings,
  vocabularySize: (c) => c.vocab_size,
  decoderStart: (c) => c.decoder_start_token_id,
  // Copies of the one embedding matrix, in files saved by PyTorch.
  olderNames: [[/^(model\.)?(encoder|decoder)\.embed_tokens\.weight$|^lm_head\.weight$/, 'model.shared.weight']],
  // The language-model head beside a classifier.
  ignoredNames: [/^final_logits_bias$/],
};
