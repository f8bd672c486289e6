// ALBERT (Lan et al. 2019, arXiv:1909.11942): BERT with factorised embeddings (§3.1) and one set of layer parameters for all layers of a group.

import { activation } from '../nn/activation.ts';
import { attention, mergeHeads, paddingMask, splitHeads } from '../nn/attention.ts';
import { type Dropout, drop } from '../nn/dropout.ts';
import { embeddingTable } from '../nn/embedding.ts';
import { linear } from '../nn/linear.ts';
import { layerNorm } from '../nn/norm.ts';
import { normal, type Scope, zeros } from '../nn/scope.ts';
import { add, matmul, tanh, within } from '../ops/build.ts';
import { crossEntropy } from '../ops/compose.ts';
import type { Tensor } from '../tensor.ts';
import type { Architecture, Encoded, NamedTensors } from './architecture.ts';
import { type BertConfig, classify, embeddings, readBertConfig } from './bert.ts';
import { configFields } from './config.ts';
import {
  classified,
  encoderHead,
  first,
  headsOver,
  ids,
  labelledStates,
  multipleChoice,
  scored,
  segmentedInputs,
  spanLabels,
  spans,
  textLabels,
  tokenLabels,
} from './heads.ts';

export interface AlbertConfig extends BertConfig {
  num_hidden_groups: number;
  /** Layers of a group, applied one after the other each time. */
  inner_group_num: number;
}

function readConfig(json: Readonly<Record<string, unknown>>): AlbertConfig {
  const f = configFields(json);
  const defaults = { vocab_size: 30000, hidden_size: 4096, num_attention_heads: 64, intermediate_size: 16384 };
  const base = { ...defaults, hidden_act: 'gelu_new', hidden_dropout_prob: 0, attention_probs_dropout_prob: 0 };
  const c = readBertConfig({ ...base, ...json });
  const num_hidden_groups = f.size('num_hidden_groups', 1);
  return {
    ...c,
    embedding_size: f.size('embedding_size', 128),
    classifier_dropout: f.rate('classifier_dropout_prob', 0.1),
    num_hidden_groups,
    inner_group_num: f.size('inner_group_num', 1),
  };
}

/** BERT's layer under other names: both normalisations come after their residuals. */
function layer(
  s: Scope,
  x: Tensor,
  c: AlbertConfig,
  mask: Tensor | undefined,
  dropout: Dropout | undefined,
): { x: Tensor; probabilities: Tensor } {
  const initializer = normal(c.initializer_range);
  const at = s.at('attention');
  const heads = (name: string): Tensor =>
    splitHeads(linear(at.at(name), x, c.hidden_size, { initializer }), c.num_attention_heads);
  const { output, probabilities } = attention(heads('query'), heads('key'), heads('value'), {
    mask,
    dropout,
    dropoutRate: c.attention_probs_dropout_prob,
    place: at.path,
  });
  const dense = linear(at.at('dense'), mergeHeads(output), c.hidden_size, { initializer });
  const attended = add(x, drop(dropout, dense, c.hidden_dropout_prob, `${at.path}.dense`));
  const h = layerNorm(at.at('LayerNorm'), attended, c.layer_norm_eps);
  const wide = activation(c.hidden_act)(linear(s.at('ffn'), h, c.intermediate_size, { initializer }));
  const narrow = linear(s.at('ffn_output'), wide, c.hidden_size, { initializer });
  return { x: layerNorm(s.at('full_layer_layer_norm'), add(narrow, h), c.layer_norm_eps), probabilities };
}

function encode(s: Scope, inputs: NamedTensors, c: AlbertConfig, dropout: Dropout | undefined): Encoded {
  const e = s.at('encoder');
  const embedded = embeddings(s.at('embeddings'), inputs, c, dropout);
  let x = linear(e.at('embedding_hidden_mapping_in'), embedded, c.hidden_size, {
    initializer: normal(c.initializer_range),
  });
  const mask = inputs.attention_mask && paddingMask(inputs.attention_mask);
  const hiddenStates = [x];
  const attentions: Tensor[] = [];
  for (let i = 0; i < c.num_hidden_layers; i++) {
    const group = Math.floor(i / (c.num_hidden_layers / c.num_hidden_groups));
    for (let j = 0; j < c.inner_group_num; j++) {
      const at = e.at('albert_layer_groups').at(String(group)).at('albert_layers').at(String(j));
      // Each pass draws its own dropout masks, though the parameters are the same.
      const passDropout: Dropout | undefined = dropout && ((t, rate, place) => dropout(t, rate, `${place}.pass${i}`));
      const out = within(at.path, () => layer(at, x, c, mask, passDropout));
      x = out.x;
      attentions.push(out.probabilities);
    }
    hiddenStates.push(x);
  }
  return { hiddenStates, attentions };
}

/** Back to the width of the embeddings, then the product with them. `[batch, sequence, vocab_size]`. */
function predictions(s: Scope, x: Tensor, c: AlbertConfig): Tensor {
  const at = s.at('predictions');
  const initializer = normal(c.initializer_range);
  const dense = activation(c.hidden_act)(linear(at.at('dense'), x, c.embedding_size, { initializer }));
  const h = layerNorm(at.at('LayerNorm'), dense, c.layer_norm_eps);
  const words = c.tie_word_embeddings ? s.at('albert').at('embeddings').at('word_embeddings') : at.at('decoder');
  const table = embeddingTable(words, c.vocab_size, c.embedding_size, initializer);
  return add(matmul(h, table, { transposeB: true }), at.param('bias', [c.vocab_size], zeros));
}

/** tanh(W · the first position's state). `[batch, hidden]`. */
const pooled = (s: Scope, x: Tensor, c: AlbertConfig): Tensor =>
  tanh(linear(s.at('albert').at('pooler'), first(x), c.hidden_size, { initializer: normal(c.initializer_range) }));

const head = headsOver('albert', encode, segmentedInputs);

export const albert: Architecture<AlbertConfig> = {
  modelType: 'albert',
  readConfig,
  contextLength: (c) => c.max_position_embeddings,
  vocabularySize: (c) => c.vocab_size,
  heads: {
    AlbertModel: encoderHead(encode, segmentedInputs),
    AlbertForMaskedLM: head(tokenLabels, (s, x, inputs, c) =>
      scored(predictions(s, labelledStates(x, inputs), c), inputs.labels),
    ),
    AlbertForPreTraining: head(
      { ...tokenLabels, sentence_order_label: ids('batch') },
      (s, x, { labels, sentence_order_label: order }, c, dropout) => {
        const prediction_logits = predictions(s, x, c);
        // §3.1: are the two segments in their order? Class 0: they are.
        const sop_logits = classify(s.at('sop_classifier').at('classifier'), pooled(s, x, c), 2, c, dropout);
        const loss = labels && order && add(crossEntropy(prediction_logits, labels), crossEntropy(sop_logits, order));
        return { prediction_logits, sop_logits, ...(loss ? { loss } : {}) };
      },
    ),
    AlbertForSequenceClassification: head(textLabels, (s, x, { labels }, c, dropout) =>
      classified(classify(s.at('classifier'), pooled(s, x, c), c.num_labels, c, dropout), labels, c),
    ),
    AlbertForTokenClassification: head(tokenLabels, (s, x, { labels }, c, dropout) =>
      scored(classify(s.at('classifier'), x, c.num_labels, c, dropout), labels),
    ),
    AlbertForQuestionAnswering: head(spanLabels, (s, x, inputs, c) =>
      spans(linear(s.at('qa_outputs'), x, 2, { initializer: normal(c.initializer_range) }), inputs),
    ),
    AlbertForMultipleChoice: multipleChoice(
      head({}, (s, x, _, c, dropout) => ({ logits: classify(s.at('classifier'), pooled(s, x, c), 1, c, dropout) })),
    ),
  },
  // Second copies of the tied matrix and its bias, in files saved by PyTorch.
  olderNames: [
    [/^predictions\.decoder\.bias$/, 'predictions.bias'],
    [/^predictions\.decoder\.weight$/, 'albert.embeddings.word_embeddings.weight'],
  ],
  // Position numbers of older files; the pre-training heads that albert-*-v2 carry along.
  ignoredNames: [/(^|\.)embeddings\.position_ids$/, /(^|\.)pooler\./, /^(predictions|sop_classifier)\./],
};
