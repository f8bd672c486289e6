// LSTM models (Hochreiter & Schmidhuber 1997; as language model: Sundermeyer et al. 2012): embedding → LSTM → linear. A small format of our own.

import { drop } from '../nn/dropout.ts';
import { embedding, embeddingTable } from '../nn/embedding.ts';
import { linear } from '../nn/linear.ts';
import { lstm } from '../nn/recurrent.ts';
import { normal, type Scope, uniform } from '../nn/scope.ts';
import { cast, concat, slice } from '../ops/build.ts';
import { dim, squeeze } from '../ops/compose.ts';
import type { Tensor } from '../tensor.ts';
import type { Architecture, Head, HeadOptions, NamedTensors } from './architecture.ts';
import { configFields } from './config.ts';
import { classified, type Labelled, needed, readLabels, scored, textInputs, textLabels, tokenLabels } from './heads.ts';

export interface LstmConfig extends Labelled {
  vocab_size: number;
  embedding_size: number;
  hidden_size: number;
  num_layers: number;
  bidirectional: boolean;
  dropout: number;
}

function readConfig(json: Readonly<Record<string, unknown>>): LstmConfig {
  const f = configFields(json);
  const hidden_size = f.size('hidden_size');
  return {
    vocab_size: f.size('vocab_size'),
    embedding_size: f.size('embedding_size', hidden_size),
    hidden_size,
    num_layers: f.size('num_layers', 1),
    bidirectional: f.flag('bidirectional', false),
    dropout: f.rate('dropout', 0),
    ...readLabels(json),
  };
}

/** Ids → outputs of the last layer `[batch, time, directions · hidden]` and all last states. */
function encode(s: Scope, inputs: NamedTensors, c: LstmConfig, { dropout }: HeadOptions = {}) {
  const table = embeddingTable(s.at('embedding'), c.vocab_size, c.embedding_size, normal(1));
  const x = drop(dropout, embedding(table, needed(inputs, 'input_ids')), c.dropout, 'embedding');
  return lstm(s.at('lstm'), x, {
    hidden: c.hidden_size,
    layers: c.num_layers,
    bidirectional: c.bidirectional,
    h0: inputs.h0,
    c0: inputs.c0,
    mask: inputs.attention_mask && cast(inputs.attention_mask, 'float32'),
    dropout,
    dropoutRate: c.dropout,
  });
}

const output = (s: Scope, x: Tensor, outputs: number, c: LstmConfig, { dropout }: HeadOptions = {}): Tensor =>
  linear(s, drop(dropout, x, c.dropout, s.path), outputs, { initializer: uniform(1 / Math.sqrt(c.hidden_size)) });

/** Logits of the next token at every position; labels are the next tokens already. */
const languageModel: Head<LstmConfig> = {
  inputs: (c) => {
    const state = { dtype: 'float32', shape: [c.num_layers, 'batch', c.hidden_size] } as const;
    return { ...textInputs, h0: state, c0: state };
  },
  labels: () => tokenLabels,
  build(s, inputs, c, options) {
    const { outputs, h, c: cells } = encode(s, inputs, c, options);
    const logits = output(s.at('output'), outputs, c.vocab_size, c, options);
    return { last_hidden_state: outputs, h_n: h, c_n: cells, ...scored(logits, inputs.labels) };
  },
};

/** Classes from the last layer's last states, forward and backward. */
const classifier: Head<LstmConfig> = {
  inputs: () => textInputs,
  labels: textLabels,
  build(s, inputs, c, options) {
    const { outputs, h, c: cells } = encode(s, inputs, c, options);
    const all = dim(h, 0) as number; // layers · directions
    const state = (i: number): Tensor => squeeze(slice(h, 0, i, i + 1), 0);
    const pooled = c.bidirectional ? concat([state(all - 2), state(all - 1)], 1) : state(all - 1);
    const logits = output(s.at('classifier'), pooled, c.num_labels, c, options);
    return { last_hidden_state: outputs, pooled, h_n: h, c_n: cells, ...classified(logits, inputs.labels, c) };
  },
};

const family = (modelType: string, heads: Readonly<Record<string, Head<LstmConfig>>>): Architecture<LstmConfig> => ({
  modelType,
  readConfig,
  contextLength: () => undefined,
  vocabularySize: (c) => c.vocab_size,
  heads,
  olderNames: [],
  ignoredNames: [],
});

export const lstmLm = family('lstm-lm', { LstmForCausalLM: languageModel });
export const lstmClassifier = family('lstm-classifier', { LstmForSequenceClassification: classifier });
