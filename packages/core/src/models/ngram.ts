// The feed-forward n-gram language model (Bengio et al. 2003, "A Neural Probabilistic Language Model", JMLR 3): the first one with learned word vectors. A small format of our own.

import { embedding, embeddingTable } from '../nn/embedding.ts';
import { linear } from '../nn/linear.ts';
import { normal, uniform } from '../nn/scope.ts';
import { add, reshape, tanh } from '../ops/build.ts';
import { dim } from '../ops/compose.ts';
import type { Architecture, Head } from './architecture.ts';
import { configFields } from './config.ts';
import { needed, scored } from './heads.ts';

export interface NgramConfig {
  vocab_size: number;
  embedding_size: number;
  hidden_size: number;
  /** n: the model reads n − 1 tokens. */
  order: number;
  /** The matrix W of equation 1, from word vectors straight to the output. */
  direct_connections: boolean;
}

function readConfig(json: Readonly<Record<string, unknown>>): NgramConfig {
  const f = configFields(json);
  return {
    vocab_size: f.size('vocab_size'),
    embedding_size: f.size('embedding_size'),
    hidden_size: f.size('hidden_size'),
    order: f.size('order'),
    direct_connections: f.flag('direct_connections', true),
  };
}

/** Equation 1: y = b + Wx + U tanh(d + Hx), x the vectors of the previous tokens side by side, oldest first. */
const languageModel: Head<NgramConfig> = {
  inputs: (c) => ({ input_ids: { dtype: 'int32', shape: ['batch', c.order - 1] } }),
  labels: () => ({ labels: { dtype: 'int32', shape: ['batch'] } }),
  build(s, inputs, c) {
    const inputIds = needed(inputs, 'input_ids');
    const table = embeddingTable(s.at('embedding'), c.vocab_size, c.embedding_size, normal(1));
    const width = (c.order - 1) * c.embedding_size;
    const x = reshape(embedding(table, inputIds), [dim(inputIds, 0), width]);
    const from = (size: number) => ({ initializer: uniform(1 / Math.sqrt(size)) });
    const hidden = tanh(linear(s.at('hidden'), x, c.hidden_size, from(width)));
    const y = linear(s.at('output'), hidden, c.vocab_size, from(c.hidden_size));
    const logits = c.direct_connections
      ? add(y, linear(s.at('direct'), x, c.vocab_size, { bias: false, ...from(width) }))
      : y;
    return { hidden, ...scored(logits, inputs.labels) };
  },
};

export const ngram: Architecture<NgramConfig> = {
  modelType: 'ngram-lm',
  readConfig,
  contextLength: (c) => c.order - 1,
  vocabularySize: (c) => c.vocab_size,
  heads: { NgramForCausalLM: languageModel },
  olderNames: [],
  ignoredNames: [],
};
