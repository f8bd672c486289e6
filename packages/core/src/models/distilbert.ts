// DistilBERT (Sanh et al. 2019, arXiv:1910.01108): BERT with half the layers, no segments and no pooler (§3), taught by BERT.

import { activation } from '../nn/activation.ts';
import { attention, mergeHeads, paddingMask, splitHeads } from '../nn/attention.ts';
import { type Dropout, drop } from '../nn/dropout.ts';
import { embedding, embeddingTable } from '../nn/embedding.ts';
import { linear } from '../nn/linear.ts';
import { layerNorm } from '../nn/norm.ts';
import { normal, type Scope, sines, zeros } from '../nn/scope.ts';
import { add, iota, matmul, relu, within } from '../ops/build.ts';
import { dim, unsqueeze } from '../ops/compose.ts';
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

/** The fields of DistilBERT's config.json that change the graph, under their names in the file. */
export interface DistilBertConfig extends Labelled {
  vocab_size: number;
  max_position_embeddings: number;
  n_layers: number;
  n_heads: number;
  dim: number;
  hidden_dim: number;
  activation: string;
  initializer_range: number;
  dropout: number;
  attention_dropout: number;
  qa_dropout: number;
  seq_classif_dropout: number;
  pad_token_id: number | undefined;
  /** The positions are the sines of Vaswani et al. 2017, stored in the file and not trained. */
  sinusoidal_pos_embds: boolean;
  tie_word_embeddings: boolean;
}

/** Not a field of the configuration. */
const epsilon = 1e-12;

function readConfig(json: Readonly<Record<string, unknown>>): DistilBertConfig {
  const f = configFields(json);
  const width = f.size('dim', 768);
  const n_heads = f.size('n_heads', 12);
  requireDivides(['n_heads', n_heads], ['dim', width]);
  refuse(json, foreignToEncoders);
  return {
    vocab_size: f.size('vocab_size', 30522),
    max_position_embeddings: f.size('max_position_embeddings', 512),
    n_layers: f.size('n_layers', 6),
    n_heads,
    dim: width,
    hidden_dim: f.size('hidden_dim', 4 * 768),
    activation: f.text('activation', 'gelu'),
    initializer_range: f.number('initializer_range', 0.02),
    dropout: f.rate('dropout', 0.1),
    attention_dropout: f.rate('attention_dropout', 0.1),
    qa_dropout: f.rate('qa_dropout', 0.1),
    seq_classif_dropout: f.rate('seq_classif_dropout', 0.2),
    pad_token_id: json.pad_token_id === undefined ? 0 : f.optional('pad_token_id'), // null means none
    sinusoidal_pos_embds: f.flag('sinusoidal_pos_embds', false),
    tie_word_embeddings: f.flag('tie_word_embeddings', true),
    ...readLabels(json),
  };
}

const wordTable = (s: Scope, c: DistilBertConfig): Tensor =>
  embeddingTable(s, c.vocab_size, c.dim, normal(c.initializer_range));

/** Attention, then the feed-forward layer, each normalised after its residual. */
function layer(
  s: Scope,
  x: Tensor,
  c: DistilBertConfig,
  mask: Tensor | undefined,
  dropout: Dropout | undefined,
): { x: Tensor; probabilities: Tensor } {
  const initializer = normal(c.initializer_range);
  const at = s.at('attention');
  const heads = (name: string): Tensor => splitHeads(linear(at.at(name), x, c.dim, { initializer }), c.n_heads);
  const { output, probabilities } = attention(heads('q_lin'), heads('k_lin'), heads('v_lin'), {
    mask,
    dropout,
    dropoutRate: c.attention_dropout,
    place: at.path,
  });
  const attended = linear(at.at('out_lin'), mergeHeads(output), c.dim, { initializer });
  const h = layerNorm(s.at('sa_layer_norm'), add(attended, x), epsilon);
  const wide = activation(c.activation)(linear(s.at('ffn').at('lin1'), h, c.hidden_dim, { initializer }));
  const narrow = drop(
    dropout,
    linear(s.at('ffn').at('lin2'), wide, c.dim, { initializer }),
    c.dropout,
    `${s.path}.ffn`,
  );
  return { x: layerNorm(s.at('output_layer_norm'), add(narrow, h), epsilon), probabilities };
}

function encode(s: Scope, inputs: NamedTensors, c: DistilBertConfig, dropout: Dropout | undefined): Encoded {
  const inputIds = needed(inputs, 'input_ids');
  const places = s.at('embeddings').at('position_embeddings');
  const table = c.sinusoidal_pos_embds
    ? places.param('weight', [c.max_position_embeddings, c.dim], sines, 'fixed')
    : embeddingTable(places, c.max_position_embeddings, c.dim, normal(c.initializer_range));
  const positions = inputs.position_ids ?? unsqueeze(iota(dim(inputIds, 1)), 0);
  const sum = add(
    embedding(wordTable(s.at('embeddings').at('word_embeddings'), c), inputIds, c.pad_token_id),
    embedding(table, positions),
  );
  const embedded = layerNorm(s.at('embeddings').at('LayerNorm'), sum, epsilon);
  const hiddenStates = [drop(dropout, embedded, c.dropout, s.at('embeddings').path)];
  const attentions: Tensor[] = [];
  const mask = inputs.attention_mask && paddingMask(inputs.attention_mask);
  for (let i = 0; i < c.n_layers; i++) {
    const at = s.at('transformer').at('layer').at(String(i));
    const out = within(at.path, () => layer(at, hiddenStates[i]!, c, mask, dropout));
    hiddenStates.push(out.x);
    attentions.push(out.probabilities);
  }
  return { hiddenStates, attentions };
}

/** Dense, activation, normalised, then the product with the word embeddings. `[batch, sequence, vocab_size]`. */
function predictions(s: Scope, x: Tensor, c: DistilBertConfig): Tensor {
  const dense = linear(s.at('vocab_transform'), x, c.dim, { initializer: normal(c.initializer_range) });
  const h = layerNorm(s.at('vocab_layer_norm'), activation(c.activation)(dense), epsilon);
  const output = s.at('vocab_projector');
  const words = c.tie_word_embeddings ? s.at('distilbert').at('embeddings').at('word_embeddings') : output;
  return add(matmul(h, wordTable(words, c), { transposeB: true }), output.param('bias', [c.vocab_size], zeros));
}

/** A linear map to `outputs` numbers, after dropout. */
function classify(
  s: Scope,
  x: Tensor,
  outputs: number,
  c: DistilBertConfig,
  dropout: Dropout | undefined,
  rate: number,
): Tensor {
  return linear(s, drop(dropout, x, rate, s.path), outputs, { initializer: normal(c.initializer_range) });
}

/** ReLU(W · the first position's state), then the classes. `[batch, outputs]`. */
function textClasses(s: Scope, x: Tensor, outputs: number, c: DistilBertConfig, dropout: Dropout | undefined): Tensor {
  const dense = relu(linear(s.at('pre_classifier'), first(x), c.dim, { initializer: normal(c.initializer_range) }));
  return classify(s.at('classifier'), dense, outputs, c, dropout, c.seq_classif_dropout);
}

const head = headsOver('distilbert', encode, textInputs);

export const distilbert: Architecture<DistilBertConfig> = {
  modelType: 'distilbert',
  readConfig,
  contextLength: (c) => c.max_position_embeddings,
  vocabularySize: (c) => c.vocab_size,
  heads: {
    DistilBertModel: encoderHead(encode, textInputs),
    DistilBertForMaskedLM: head(tokenLabels, (s, x, inputs, c) =>
      scored(predictions(s, labelledStates(x, inputs), c), inputs.labels),
    ),
    DistilBertForSequenceClassification: head(textLabels, (s, x, { labels }, c, dropout) =>
      classified(textClasses(s, x, c.num_labels, c, dropout), labels, c),
    ),
    DistilBertForTokenClassification: head(tokenLabels, (s, x, { labels }, c, dropout) =>
      scored(classify(s.at('classifier'), x, c.num_labels, c, dropout, c.dropout), labels),
    ),
    DistilBertForQuestionAnswering: head(spanLabels, (s, x, inputs, c, dropout) =>
      spans(classify(s.at('qa_outputs'), x, 2, c, dropout, c.qa_dropout), inputs),
    ),
    DistilBertForMultipleChoice: multipleChoice(
      head({}, (s, x, _, c, dropout) => ({ logits: textClasses(s, x, 1, c, dropout) })),
    ),
  },
  olderNames: [[/^vocab_projector\.weight$/, 'distilbert.embeddings.word_embeddings.weight']], // the tied matrix's second copy
  ignoredNames: [/(^|\.)embeddings\.position_ids$/, /^vocab_(transform|layer_norm|projector)\./],
};
