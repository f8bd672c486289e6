// ELECTRA (Clark et al. 2020, arXiv:2003.10555): BERT's encoder behind narrower embeddings. A small generator replaces tokens; the discriminator, which is kept, says which.

import { addDims } from '../dimension.ts';
import { suggestion, YumoError } from '../errors.ts';
import { activation } from '../nn/activation.ts';
import { type Dropout, drop } from '../nn/dropout.ts';
import { embeddingTable } from '../nn/embedding.ts';
import { linear } from '../nn/linear.ts';
import { binaryCrossEntropy } from '../nn/losses.ts';
import { layerNorm } from '../nn/norm.ts';
import { normal, type Scope, zeros } from '../nn/scope.ts';
import { add, cast, matmul, slice } from '../ops/build.ts';
import { dim, mean, squeeze } from '../ops/compose.ts';
import type { Tensor } from '../tensor.ts';
import type { Architecture, Encoded, NamedTensors } from './architecture.ts';
import { type BertConfig, classify, embeddings, layers, readBertConfig } from './bert.ts';
import { configFields } from './config.ts';
import {
  classified,
  encoderHead,
  first,
  headsOver,
  labelledStates,
  multipleChoice,
  scored,
  segmentedInputs,
  spanLabels,
  spans,
  textLabels,
  tokenLabels,
} from './heads.ts';

const summaries = ['first', 'last', 'mean', 'cls_index'] as const;

export interface ElectraConfig extends BertConfig {
  /** How multiple choice makes one vector of a text. `cls_index` reads the last position, as transformers does where no index is given. */
  summary_type: (typeof summaries)[number];
  /** A linear map of that vector. */
  summary_use_proj: boolean;
  /** After the map, or instead of it; none by default. */
  summary_activation: string;
  summary_first_dropout: number;
  summary_last_dropout: number;
}

function readConfig(json: Readonly<Record<string, unknown>>): ElectraConfig {
  const c = readBertConfig({ hidden_size: 256, num_attention_heads: 4, intermediate_size: 1024, ...json });
  const f = configFields(json);
  const kind = f.text('summary_type', 'first');
  const summary_type = summaries.find((known) => known === kind);
  if (!summary_type)
    throw new YumoError(
      'CONFIG',
      `config.json: "summary_type" is "${kind}"${suggestion(kind, summaries)}; known: ${summaries.join(', ')}`,
      { kind },
    );
  return {
    ...c,
    embedding_size: f.size('embedding_size', 128),
    summary_type,
    summary_use_proj: f.flag('summary_use_proj', true),
    summary_activation: json.summary_activation === undefined ? 'gelu' : f.text('summary_activation', 'linear'),
    summary_first_dropout: f.rate('summary_first_dropout', 0),
    summary_last_dropout: f.rate('summary_last_dropout', 0.1),
  };
}

function encode(s: Scope, inputs: NamedTensors, c: ElectraConfig, dropout: Dropout | undefined): Encoded {
  const x = embeddings(s.at('embeddings'), inputs, c, dropout);
  const wide =
    c.embedding_size === c.hidden_size
      ? x
      : linear(s.at('embeddings_project'), x, c.hidden_size, { initializer: normal(c.initializer_range) });
  return layers(s, wide, inputs, c, dropout);
}

/** §2: was this token replaced? One logit a position, `[batch, sequence]`. */
function replaced(s: Scope, x: Tensor, c: ElectraConfig): Tensor {
  const at = s.at('discriminator_predictions');
  const initializer = normal(c.initializer_range);
  const h = activation(c.hidden_act)(linear(at.at('dense'), x, c.hidden_size, { initializer }));
  return squeeze(linear(at.at('dense_prediction'), h, 1, { initializer }), 2);
}

/** The generator's masked language model: `[batch, sequence, vocab_size]`. */
function predictions(s: Scope, x: Tensor, c: ElectraConfig): Tensor {
  const at = s.at('generator_predictions');
  const initializer = normal(c.initializer_range);
  const dense = activation('gelu')(linear(at.at('dense'), x, c.embedding_size, { initializer }));
  const h = layerNorm(at.at('LayerNorm'), dense, c.layer_norm_eps);
  const output = s.at('generator_lm_head');
  const words = c.tie_word_embeddings ? s.at('electra').at('embeddings').at('word_embeddings') : output;
  const table = embeddingTable(words, c.vocab_size, c.embedding_size, initializer);
  return add(matmul(h, table, { transposeB: true }), output.param('bias', [c.vocab_size], zeros));
}

/** Dense and GELU on the first position's state, then the classes. `[batch, num_labels]`. */
function textClasses(s: Scope, x: Tensor, c: ElectraConfig, dropout: Dropout | undefined): Tensor {
  const at = s.at('classifier');
  const begin = drop(dropout, first(x), c.classifier_dropout, at.path);
  const dense = linear(at.at('dense'), begin, c.hidden_size, { initializer: normal(c.initializer_range) });
  return classify(at.at('out_proj'), activation('gelu')(dense), c.num_labels, c, dropout);
}

/** One vector of a text and one number from it, `[batch, 1]`. The mean is over padding too, as the models were trained. */
function summarised(s: Scope, x: Tensor, c: ElectraConfig, dropout: Dropout | undefined): Tensor {
  const at = s.at('sequence_summary');
  const last = (): Tensor => squeeze(slice(x, 1, addDims(dim(x, 1), -1), dim(x, 1)), 1);
  const vectors = { first: () => first(x), last, mean: () => mean(x, [1]), cls_index: last };
  const initializer = normal(c.initializer_range);
  const begin = drop(dropout, vectors[c.summary_type](), c.summary_first_dropout, at.path);
  const mapped = c.summary_use_proj ? linear(at.at('summary'), begin, c.hidden_size, { initializer }) : begin;
  const end = drop(dropout, activation(c.summary_activation)(mapped), c.summary_last_dropout, `${at.path}.last`);
  return linear(s.at('classifier'), end, 1, { initializer });
}

const head = headsOver('electra', encode, segmentedInputs);

export const electra: Architecture<ElectraConfig> = {
  modelType: 'electra',
  readConfig,
  contextLength: (c) => c.max_position_embeddings,
  vocabularySize: (c) => c.vocab_size,
  heads: {
    ElectraModel: encoderHead(encode, segmentedInputs),
    ElectraForPreTraining: head(tokenLabels, (s, x, { labels, attention_mask: mask }, c) =>
      scored(replaced(s, x, c), labels, (logits, y) =>
        binaryCrossEntropy(logits, cast(y, 'float32'), { counts: mask && cast(mask, 'float32') }),
      ),
    ),
    ElectraForMaskedLM: head(tokenLabels, (s, x, inputs, c) =>
      scored(predictions(s, labelledStates(x, inputs), c), inputs.labels),
    ),
    ElectraForSequenceClassification: head(textLabels, (s, x, { labels }, c, dropout) =>
      classified(textClasses(s, x, c, dropout), labels, c),
    ),
    ElectraForTokenClassification: head(tokenLabels, (s, x, { labels }, c, dropout) =>
      scored(classify(s.at('classifier'), x, c.num_labels, c, dropout), labels),
    ),
    ElectraForQuestionAnswering: head(spanLabels, (s, x, inputs, c) =>
      spans(linear(s.at('qa_outputs'), x, 2, { initializer: normal(c.initializer_range) }), inputs),
    ),
    ElectraForMultipleChoice: multipleChoice(
      head({}, (s, x, _, c, dropout) => ({ logits: summarised(s, x, c, dropout) })),
    ),
  },
  olderNames: [[/^generator_lm_head\.weight$/, 'electra.embeddings.word_embeddings.weight']], // the tied matrix's second copy
  // Position numbers of older files; the pre-training heads that the published checkpoints carry along.
  ignoredNames: [
    /(^|\.)embeddings\.position_ids$/,
    /^(discriminator_predictions|generator_predictions|generator_lm_head)\./,
  ],
};
