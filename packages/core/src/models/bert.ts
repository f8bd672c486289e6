// BERT (Devlin et al. 2018, arXiv:1810.04805): a post-norm encoder that sees both sides, with segments, learned positions and many heads.

import { activation } from '../nn/activation.ts';
import { attention, mergeHeads, paddingMask, splitHeads } from '../nn/attention.ts';
import { type Dropout, drop } from '../nn/dropout.ts';
import { embedding, embeddingTable } from '../nn/embedding.ts';
import { linear } from '../nn/linear.ts';
import { layerNorm } from '../nn/norm.ts';
import { normal, type Scope, zeros } from '../nn/scope.ts';
import { add, iota, matmul, slice, tanh, within } from '../ops/build.ts';
import { crossEntropy, dim, unsqueeze } from '../ops/compose.ts';
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
  segmentedInputs,
  spanLabels,
  spans,
  textLabels,
  tokenLabels,
} from './heads.ts';

/** The fields of BERT's config.json that change the graph, under their names in the file. */
export interface BertConfig extends Labelled {
  vocab_size: number;
  hidden_size: number;
  /** Width of the look-up tables; ELECTRA's is smaller than the layers'. */
  embedding_size: number;
  num_hidden_layers: number;
  num_attention_heads: number;
  intermediate_size: number;
  hidden_act: string;
  max_position_embeddings: number;
  type_vocab_size: number;
  layer_norm_eps: number;
  initializer_range: number;
  hidden_dropout_prob: number;
  attention_probs_dropout_prob: number;
  classifier_dropout: number;
  pad_token_id: number | undefined;
  /** The output matrix of the masked language model is the word embeddings'. */
  tie_word_embeddings: boolean;
}

export function readBertConfig(json: Readonly<Record<string, unknown>>): BertConfig {
  const f = configFields(json);
  const hidden_size = f.size('hidden_size', 768);
  const num_attention_heads = f.size('num_attention_heads', 12);
  requireDivides(['num_attention_heads', num_attention_heads], ['hidden_size', hidden_size]);
  refuse(json, { ...foreignToEncoders, position_embedding_type: 'absolute' });
  const hidden_dropout_prob = f.rate('hidden_dropout_prob', 0.1);
  return {
    vocab_size: f.size('vocab_size', 30522),
    hidden_size,
    embedding_size: hidden_size,
    num_hidden_layers: f.size('num_hidden_layers', 12),
    num_attention_heads,
    intermediate_size: f.size('intermediate_size', 3072),
    hidden_act: f.text('hidden_act', 'gelu'),
    max_position_embeddings: f.size('max_position_embeddings', 512),
    type_vocab_size: f.size('type_vocab_size', 2),
    layer_norm_eps: f.number('layer_norm_eps', 1e-12),
    initializer_range: f.number('initializer_range', 0.02),
    hidden_dropout_prob,
    attention_probs_dropout_prob: f.rate('attention_probs_dropout_prob', 0.1),
    classifier_dropout: f.rate('classifier_dropout', hidden_dropout_prob),
    pad_token_id: json.pad_token_id === undefined ? 0 : f.optional('pad_token_id'), // null means none
    tie_word_embeddings: f.flag('tie_word_embeddings', true),
    ...readLabels(json),
  };
}

/** Token + segment + position, normalised (§3, "Input/Output Representations"). `[batch, sequence, embedding_size]`. */
export function embeddings(
  s: Scope,
  inputs: NamedTensors,
  c: BertConfig,
  dropout: Dropout | undefined,
  positions: (table: Tensor, inputIds: Tensor) => Tensor = fromZero,
): Tensor {
  const inputIds = needed(inputs, 'input_ids');
  const table = (name: string, rows: number): Tensor =>
    embeddingTable(s.at(name), rows, c.embedding_size, normal(c.initializer_range));
  const words = embedding(table('word_embeddings', c.vocab_size), inputIds, c.pad_token_id);
  const places = table('position_embeddings', c.max_position_embeddings);
  const segments = table('token_type_embeddings', c.type_vocab_size);
  const segment = inputs.token_type_ids ? embedding(segments, inputs.token_type_ids) : slice(segments, 0, 0, 1);
  const place = inputs.position_ids ? embedding(places, inputs.position_ids) : positions(places, inputIds);
  const x = layerNorm(s.at('LayerNorm'), add(add(words, segment), place), c.layer_norm_eps);
  return drop(dropout, x, c.hidden_dropout_prob, s.path);
}

/** Positions 0, 1, … of every row. */
const fromZero = (table: Tensor, inputIds: Tensor): Tensor => embedding(table, unsqueeze(iota(dim(inputIds, 1)), 0));

/** Attention, then the feed-forward layer, each normalised after its residual (Vaswani et al. 2017, §3.1). */
function layer(
  s: Scope,
  x: Tensor,
  c: BertConfig,
  mask: Tensor | undefined,
  dropout: Dropout | undefined,
): { x: Tensor; probabilities: Tensor } {
  const initializer = normal(c.initializer_range);
  const { output, probabilities } = selfAttention(s.at('attention').at('self'), x, c, mask, dropout);
  const h = residual(s.at('attention').at('output'), output, x, c, dropout);
  const wide = activation(c.hidden_act)(
    linear(s.at('intermediate').at('dense'), h, c.intermediate_size, { initializer }),
  );
  return { x: residual(s.at('output'), wide, h, c, dropout), probabilities };
}

function selfAttention(s: Scope, x: Tensor, c: BertConfig, mask: Tensor | undefined, dropout: Dropout | undefined) {
  const heads = (name: string): Tensor =>
    splitHeads(
      linear(s.at(name), x, c.hidden_size, { initializer: normal(c.initializer_range) }),
      c.num_attention_heads,
    );
  const { output, probabilities } = attention(heads('query'), heads('key'), heads('value'), {
    mask,
    dropout,
    dropoutRate: c.attention_probs_dropout_prob,
    place: s.path,
  });
  return { output: mergeHeads(output), probabilities };
}

function residual(s: Scope, y: Tensor, x: Tensor, c: BertConfig, dropout: Dropout | undefined): Tensor {
  const dense = linear(s.at('dense'), y, c.hidden_size, { initializer: normal(c.initializer_range) });
  return layerNorm(s.at('LayerNorm'), add(drop(dropout, dense, c.hidden_dropout_prob, s.path), x), c.layer_norm_eps);
}

/** The stack of layers over embedded text. */
export function layers(
  s: Scope,
  embedded: Tensor,
  { attention_mask }: NamedTensors,
  c: BertConfig,
  dropout: Dropout | undefined,
): Encoded {
  const mask = attention_mask && paddingMask(attention_mask);
  const hiddenStates = [embedded];
  const attentions: Tensor[] = [];
  for (let i = 0; i < c.num_hidden_layers; i++) {
    const at = s.at('encoder').at('layer').at(String(i));
    const out = within(at.path, () => layer(at, hiddenStates[i]!, c, mask, dropout));
    hiddenStates.push(out.x);
    attentions.push(out.probabilities);
  }
  return { hiddenStates, attentions };
}

const encode = (s: Scope, inputs: NamedTensors, c: BertConfig, dropout: Dropout | undefined): Encoded =>
  layers(s, embeddings(s.at('embeddings'), inputs, c, dropout), inputs, c, dropout);

/** tanh(W · the first position's state): what the next-sentence task trains. `[batch, hidden]`. */
function pooled(s: Scope, x: Tensor, c: BertConfig): Tensor {
  return tanh(
    linear(s.at('bert').at('pooler').at('dense'), first(x), c.hidden_size, {
      initializer: normal(c.initializer_range),
    }),
  );
}

/** §3.1, task 1: a dense layer, then the product with the word embeddings. `[batch, sequence, vocab_size]`. */
function predictions(s: Scope, x: Tensor, c: BertConfig): Tensor {
  const at = s.at('cls').at('predictions');
  const transform = at.at('transform');
  const dense = linear(transform.at('dense'), x, c.hidden_size, { initializer: normal(c.initializer_range) });
  const h = layerNorm(transform.at('LayerNorm'), activation(c.hidden_act)(dense), c.layer_norm_eps);
  const words = c.tie_word_embeddings ? s.at('bert').at('embeddings').at('word_embeddings') : at.at('decoder');
  const table = embeddingTable(words, c.vocab_size, c.embedding_size, normal(c.initializer_range));
  return add(matmul(h, table, { transposeB: true }), at.param('bias', [c.vocab_size], zeros));
}

/** §3.1, task 2: does the second text follow the first? Class 0: it does. `[batch, 2]`. */
const followed = (s: Scope, x: Tensor, c: BertConfig): Tensor =>
  linear(s.at('cls').at('seq_relationship'), pooled(s, x, c), 2, { initializer: normal(c.initializer_range) });

/** One linear map to `outputs` numbers, after dropout. */
export function classify(
  s: Scope,
  x: Tensor,
  outputs: number,
  c: Pick<BertConfig, 'classifier_dropout' | 'initializer_range'>,
  dropout: Dropout | undefined,
): Tensor {
  return linear(s, drop(dropout, x, c.classifier_dropout, s.path), outputs, {
    initializer: normal(c.initializer_range),
  });
}

const head = headsOver('bert', encode, segmentedInputs);
const nextSentence = { next_sentence_label: { dtype: 'int32', shape: ['batch'] } } as const;

export const bert: Architecture<BertConfig> = {
  modelType: 'bert',
  readConfig: readBertConfig,
  contextLength: (c) => c.max_position_embeddings,
  vocabularySize: (c) => c.vocab_size,
  heads: {
    BertModel: encoderHead(encode, segmentedInputs),
    BertForMaskedLM: head(tokenLabels, (s, x, inputs, c) =>
      scored(predictions(s, labelledStates(x, inputs), c), inputs.labels),
    ),
    BertForNextSentencePrediction: head({ labels: nextSentence.next_sentence_label }, (s, x, { labels }, c) =>
      scored(followed(s, x, c), labels),
    ),
    BertForPreTraining: head({ ...tokenLabels, ...nextSentence }, (s, x, inputs, c) => {
      const { labels, next_sentence_label: next } = inputs;
      const prediction_logits = predictions(s, labelledStates(x, inputs), c);
      const seq_relationship_logits = followed(s, x, c);
      return {
        prediction_logits,
        seq_relationship_logits,
        ...(labels && next
          ? { loss: add(crossEntropy(prediction_logits, labels), crossEntropy(seq_relationship_logits, next)) }
          : {}),
      };
    }),
    BertForSequenceClassification: head(textLabels, (s, x, { labels }, c, dropout) =>
      classified(classify(s.at('classifier'), pooled(s, x, c), c.num_labels, c, dropout), labels, c),
    ),
    BertForTokenClassification: head(tokenLabels, (s, x, { labels }, c, dropout) =>
      scored(classify(s.at('classifier'), x, c.num_labels, c, dropout), labels),
    ),
    BertForQuestionAnswering: head(spanLabels, (s, x, inputs, c) =>
      spans(linear(s.at('qa_outputs'), x, 2, { initializer: normal(c.initializer_range) }), inputs),
    ),
    BertForMultipleChoice: multipleChoice(
      head({}, (s, x, _, c, dropout) => ({ logits: classify(s.at('classifier'), pooled(s, x, c), 1, c, dropout) })),
    ),
  },
  // cls.predictions.decoder.*: second copies of the tied matrix and its bias, in files saved by PyTorch.
  olderNames: [
    [/^cls\.predictions\.decoder\.bias$/, 'cls.predictions.bias'],
    [/^cls\.predictions\.decoder\.weight$/, 'bert.embeddings.word_embeddings.weight'],
  ],
  // Position numbers of older files; the pre-training heads that bert-base-* carry along.
  ignoredNames: [
    /(^|\.)embeddings\.position_ids$/,
    /^cls\.seq_relationship\./,
    /(^|\.)pooler\./,
    /^cls\.predictions\./,
  ],
};
