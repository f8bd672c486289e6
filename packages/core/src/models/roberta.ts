// RoBERTa (Liu et al. 2019, arXiv:1907.11692): BERT's encoder, trained longer and without the next-sentence task. Its positions begin behind the padding row.

import { activation } from '../nn/activation.ts';
import { type Dropout, drop } from '../nn/dropout.ts';
import { embedding, embeddingTable } from '../nn/embedding.ts';
import { linear } from '../nn/linear.ts';
import { layerNorm } from '../nn/norm.ts';
import { normal, type Scope, zeros } from '../nn/scope.ts';
import { add, cast, cumsum, equal, matmul, mul, not, tanh } from '../ops/build.ts';
import { integer, type Tensor } from '../tensor.ts';
import type { Architecture, Encoded, NamedTensors } from './architecture.ts';
import { type BertConfig, classify, embeddings, layers, readBertConfig } from './bert.ts';
import {
  classified,
  encoderHead,
  first,
  headsOver,
  labelledStates,
  multipleChoice,
  scored,
  spanLabels,
  spans,
  textInputs,
  textLabels,
  tokenLabels,
} from './heads.ts';

export interface RobertaConfig extends BertConfig {
  pad_token_id: number;
}

function readConfig(json: Readonly<Record<string, unknown>>): RobertaConfig {
  const c = readBertConfig({ vocab_size: 50265, pad_token_id: 1, ...json });
  return { ...c, pad_token_id: c.pad_token_id ?? 1 };
}

/** Real tokens count from pad_token_id + 1; padding stays at pad_token_id, whose row learns nothing. */
const behindPadding =
  ({ pad_token_id }: RobertaConfig) =>
  (table: Tensor, inputIds: Tensor): Tensor => {
    const real = cast(not(equal(inputIds, integer(pad_token_id))), 'int32');
    return embedding(table, add(mul(cumsum(real, 1), real), integer(pad_token_id)), pad_token_id);
  };

function encode(s: Scope, inputs: NamedTensors, c: RobertaConfig, dropout: Dropout | undefined): Encoded {
  const x = embeddings(s.at('embeddings'), inputs, c, dropout, behindPadding(c));
  return layers(s, x, inputs, c, dropout);
}

/** Dense, GELU, normalised, then the product with the word embeddings. `[batch, sequence, vocab_size]`. */
function predictions(s: Scope, x: Tensor, c: RobertaConfig): Tensor {
  const at = s.at('lm_head');
  const initializer = normal(c.initializer_range);
  const dense = linear(at.at('dense'), x, c.hidden_size, { initializer });
  const h = layerNorm(at.at('layer_norm'), activation('gelu')(dense), c.layer_norm_eps);
  const words = c.tie_word_embeddings ? s.at('roberta').at('embeddings').at('word_embeddings') : at.at('decoder');
  const table = embeddingTable(words, c.vocab_size, c.embedding_size, initializer);
  return add(matmul(h, table, { transposeB: true }), at.param('bias', [c.vocab_size], zeros));
}

/** tanh(W · the first position's state), then the classes. `[batch, num_labels]`. */
function textClasses(s: Scope, x: Tensor, c: RobertaConfig, dropout: Dropout | undefined): Tensor {
  const at = s.at('classifier');
  const begin = drop(dropout, first(x), c.classifier_dropout, at.path);
  const dense = tanh(linear(at.at('dense'), begin, c.hidden_size, { initializer: normal(c.initializer_range) }));
  return classify(at.at('out_proj'), dense, c.num_labels, c, dropout);
}

/** BERT's pooler, which only multiple choice has. */
const pooled = (s: Scope, x: Tensor, c: RobertaConfig): Tensor =>
  tanh(
    linear(s.at('roberta').at('pooler').at('dense'), first(x), c.hidden_size, {
      initializer: normal(c.initializer_range),
    }),
  );

const head = headsOver('roberta', encode, textInputs);

export const roberta: Architecture<RobertaConfig> = {
  modelType: 'roberta',
  readConfig,
  contextLength: (c) => c.max_position_embeddings - c.pad_token_id - 1,
  vocabularySize: (c) => c.vocab_size,
  heads: {
    RobertaModel: encoderHead(encode, textInputs),
    RobertaForMaskedLM: head(tokenLabels, (s, x, inputs, c) =>
      scored(predictions(s, labelledStates(x, inputs), c), inputs.labels),
    ),
    RobertaForSequenceClassification: head(textLabels, (s, x, { labels }, c, dropout) =>
      classified(textClasses(s, x, c, dropout), labels, c),
    ),
    RobertaForTokenClassification: head(tokenLabels, (s, x, { labels }, c, dropout) =>
      scored(classify(s.at('classifier'), x, c.num_labels, c, dropout), labels),
    ),
    RobertaForQuestionAnswering: head(spanLabels, (s, x, inputs, c) =>
      spans(linear(s.at('qa_outputs'), x, 2, { initializer: normal(c.initializer_range) }), inputs),
    ),
    RobertaForMultipleChoice: multipleChoice(
      head({}, (s, x, _, c, dropout) => ({ logits: classify(s.at('classifier'), pooled(s, x, c), 1, c, dropout) })),
    ),
  },
  // Second copies of the tied matrix and its bias, in files saved by PyTorch.
  olderNames: [
    [/^lm_head\.decoder\.bias$/, 'lm_head.bias'],
    [/^lm_head\.decoder\.weight$/, 'roberta.embeddings.word_embeddings.weight'],
  ],
  // Position numbers of older files; the pooler and the language-model head that roberta-base carries along.
  ignoredNames: [/(^|\.)embeddings\.position_ids$/, /(^|\.)pooler\./, /^lm_head\./],
};
