// Names in published checkpoints: which parameters they become, and what is left over.

import { describe, expect, it } from 'vitest';
import { matchParameters } from '../../src/checkpoint/parameters.ts';
import type { TensorFile } from '../../src/checkpoint/safetensors.ts';
import { headGraph } from '../../src/models/head-graph.ts';
import { modelFor } from '../../src/models/index.ts';

const sizes = {
  vocab_size: 11,
  hidden_size: 4,
  embedding_size: 4,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  intermediate_size: 6,
  max_position_embeddings: 8,
};
const configs: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  bert: sizes,
  roberta: sizes,
  albert: sizes,
  electra: sizes,
  modernbert: sizes,
  distilbert: { vocab_size: 11, dim: 4, n_layers: 1, n_heads: 2, hidden_dim: 6, max_position_embeddings: 8 },
  t5: { vocab_size: 11, d_model: 4, d_kv: 2, d_ff: 6, num_layers: 1, num_heads: 2 },
  bart: {
    vocab_size: 11,
    d_model: 4,
    encoder_layers: 1,
    decoder_layers: 1,
    encoder_attention_heads: 2,
    decoder_attention_heads: 2,
    encoder_ffn_dim: 6,
    decoder_ffn_dim: 6,
  },
};

/** How a file with these tensors fits a head; shapes are taken to be right. */
function fit(modelType: string, className: string, names: readonly string[]) {
  const model = modelFor({ model_type: modelType, ...configs[modelType] }, className);
  const { parameters } = headGraph(model);
  const file: TensorFile = {
    path: 'model.safetensors',
    names,
    metadata: {},
    has: (name) => names.includes(name),
    form: () => ({ dtype: 'float32', shape: [] }),
    read: () => Promise.reject(new Error('not read')),
  };
  const { missing, unexpected, ambiguous } = matchParameters(file, parameters, model.architecture);
  return { missing, unexpected, ambiguous };
}

const namesOf = (modelType: string, className: string): string[] =>
  headGraph(modelFor({ model_type: modelType, ...configs[modelType] }, className)).parameters.map((p) => p.name);

const nothingWrong = { missing: [], unexpected: [], ambiguous: [] };

describe('a file of bert-base: pre-training heads, gamma and beta, second copies, position numbers', () => {
  const published = [
    ...namesOf('bert', 'BertForPreTraining').map((n) =>
      n.replace(/LayerNorm\.weight$/, 'LayerNorm.gamma').replace(/LayerNorm\.bias$/, 'LayerNorm.beta'),
    ),
    'cls.predictions.decoder.weight',
    'cls.predictions.decoder.bias',
    'bert.embeddings.position_ids',
  ];
  it.each(['BertForPreTraining', 'BertForMaskedLM', 'BertForNextSentencePrediction', 'BertModel'])(
    'fits %s',
    (head) => {
      expect(fit('bert', head, published)).toEqual(nothingWrong);
    },
  );
  it('leaves a classifier only its own layer to learn', () => {
    expect(fit('bert', 'BertForSequenceClassification', published)).toEqual({
      ...nothingWrong,
      missing: ['classifier.weight', 'classifier.bias'],
    });
  });
});

describe('a file saved from the bare encoder, without prefix', () => {
  it.each([
    ['bert', 'BertModel', 'BertForTokenClassification', ['classifier.weight', 'classifier.bias']],
    ['roberta', 'RobertaModel', 'RobertaForTokenClassification', ['classifier.weight', 'classifier.bias']],
    ['albert', 'AlbertModel', 'AlbertForQuestionAnswering', ['qa_outputs.weight', 'qa_outputs.bias']],
    ['electra', 'ElectraModel', 'ElectraForTokenClassification', ['classifier.weight', 'classifier.bias']],
    ['distilbert', 'DistilBertModel', 'DistilBertForQuestionAnswering', ['qa_outputs.weight', 'qa_outputs.bias']],
    [
      'modernbert',
      'ModernBertModel',
      'ModernBertForTokenClassification',
      ['head.dense.weight', 'head.norm.weight', 'classifier.weight', 'classifier.bias'],
    ],
  ] as const)('%s: lacks only the head', (modelType, bare, head, missing) => {
    expect(fit(modelType, head, namesOf(modelType, bare))).toEqual({ ...nothingWrong, missing });
  });
});

describe('a file with the head, read by the bare encoder', () => {
  it.each([
    ['bert', 'BertForMaskedLM', 'BertModel'],
    ['roberta', 'RobertaForMaskedLM', 'RobertaModel'],
    ['albert', 'AlbertForMaskedLM', 'AlbertModel'],
    ['electra', 'ElectraForPreTraining', 'ElectraModel'],
    ['distilbert', 'DistilBertForMaskedLM', 'DistilBertModel'],
    ['modernbert', 'ModernBertForMaskedLM', 'ModernBertModel'],
    ['t5', 'T5ForConditionalGeneration', 'T5ForConditionalGeneration'],
  ] as const)('%s: fits', (modelType, head, bare) => {
    expect(fit(modelType, bare, namesOf(modelType, head))).toEqual(nothingWrong);
  });
});

it('second copies of tied matrices are not in the way', () => {
  const t5 = [
    ...namesOf('t5', 'T5ForConditionalGeneration'),
    'encoder.embed_tokens.weight',
    'decoder.embed_tokens.weight',
    'lm_head.weight',
  ];
  expect(fit('t5', 'T5ForConditionalGeneration', t5)).toEqual(nothingWrong);
  const bart = [
    ...namesOf('bart', 'BartForConditionalGeneration'),
    'model.encoder.embed_tokens.weight',
    'model.decoder.embed_tokens.weight',
    'lm_head.weight',
  ];
  expect(fit('bart', 'BartForConditionalGeneration', bart)).toEqual(nothingWrong);
});
