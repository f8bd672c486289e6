// Folders of tiny random models of every kind, with tokenizers of ours, as other programs open them.

import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Tokenizer, trainByteLevelBpe, trainUnigram, trainWordPiece } from '@yumo/tokenizer';
import { writeSafetensors } from '../src/checkpoint/safetensors.ts';
import { uniformAt } from '../src/generate/sampling.ts';
import { headGraph } from '../src/models/head-graph.ts';
import { modelFor } from '../src/models/index.ts';
import { sizeOf, type Value } from '../src/value.ts';
import { sentences } from './sentences.ts';

type Json = Readonly<Record<string, unknown>>;

export { sentences };

/** Weights in ±0.4 drawn by name, norms around 1. */
export function randomHeadWeights(config: Json): Record<string, Value> {
  const model = modelFor(config);
  const { parameters } = headGraph(model);
  return Object.fromEntries(
    parameters.map(({ name, shape }, p) => [
      name,
      {
        dtype: 'float32',
        shape,
        data: Float32Array.from(
          { length: sizeOf(shape) },
          (_, i) => (uniformAt(29, p, i) - 0.5) * 0.8 + +/[nN]orm.*weight|ln.*weight/.test(name),
        ),
      } as Value,
    ]),
  );
}

const labels = { id2label: { 0: 'O', 1: 'B-PER', 2: 'I-PER', 3: 'B-LOC', 4: 'I-LOC' } };
const bertSizes = {
  hidden_size: 32,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  intermediate_size: 40,
  max_position_embeddings: 64,
};

export const configs = {
  bert: { model_type: 'bert', ...bertSizes, pad_token_id: 0 },
  albert: { model_type: 'albert', ...bertSizes, embedding_size: 16, pad_token_id: 0 },
  electra: { model_type: 'electra', ...bertSizes, embedding_size: 16, pad_token_id: 0 },
  roberta: { model_type: 'roberta', ...bertSizes, max_position_embeddings: 66, type_vocab_size: 1, pad_token_id: 1 },
  modernbert: { model_type: 'modernbert', ...bertSizes, local_attention: 8, pad_token_id: 0 },
  distilbert: {
    model_type: 'distilbert',
    dim: 32,
    n_layers: 2,
    n_heads: 4,
    hidden_dim: 40,
    max_position_embeddings: 64,
  },
  t5: {
    model_type: 't5',
    is_encoder_decoder: true,
    // A tied matrix makes a random model repeat its input.
    tie_word_embeddings: false,
    d_model: 32,
    d_kv: 8,
    d_ff: 40,
    num_layers: 2,
    num_decoder_layers: 3,
    num_heads: 4,
    pad_token_id: 0,
    eos_token_id: 1,
    decoder_start_token_id: 0,
  },
  bart: {
    model_type: 'bart',
    is_encoder_decoder: true,
    d_model: 32,
    max_position_embeddings: 64,
    encoder_layers: 2,
    decoder_layers: 2,
    encoder_attention_heads: 4,
    decoder_attention_heads: 4,
    encoder_ffn_dim: 40,
    decoder_ffn_dim: 40,
    pad_token_id: 1,
    bos_token_id: 0,
    eos_token_id: 2,
    decoder_start_token_id: 2,
  },
  marian: {
    model_type: 'marian',
    is_encoder_decoder: true,
    d_model: 32,
    max_position_embeddings: 64,
    encoder_layers: 2,
    decoder_layers: 2,
    encoder_attention_heads: 4,
    decoder_attention_heads: 4,
    encoder_ffn_dim: 40,
    decoder_ffn_dim: 40,
    activation_function: 'swish',
    pad_token_id: 1,
    eos_token_id: 2,
    decoder_start_token_id: 1,
    scale_embedding: true,
  },
} as const satisfies Record<string, Json>;

export const entityLabels = labels;

const bertTokens = {
  tokenizer_class: 'BertTokenizer',
  unk_token: '[UNK]',
  sep_token: '[SEP]',
  pad_token: '[PAD]',
  cls_token: '[CLS]',
  mask_token: '[MASK]',
};
const robertaTokens = {
  tokenizer_class: 'RobertaTokenizer',
  bos_token: '<s>',
  eos_token: '</s>',
  unk_token: '<unk>',
  sep_token: '</s>',
  pad_token: '<pad>',
  cls_token: '<s>',
  mask_token: '<mask>',
};
const frame = (single: readonly string[], pair: readonly string[], ids: Readonly<Record<string, number>>) => ({
  type: 'TemplateProcessing' as const,
  single: single.map((id) =>
    id === '$A' ? { Sequence: { id: 'A' as const, type_id: 0 } } : { SpecialToken: { id, type_id: 0 } },
  ),
  pair: pair.map((id) =>
    id.startsWith('$')
      ? { Sequence: { id: id.slice(1) as 'A' | 'B', type_id: 0 } }
      : { SpecialToken: { id, type_id: 0 } },
  ),
  special_tokens: Object.fromEntries(Object.entries(ids).map(([id, n]) => [id, { id, ids: [n], tokens: [id] }])),
});

const made = {
  wordpiece: () => trainWordPiece(sentences, { vocabularySize: 160 }),
  bpe: () =>
    trainByteLevelBpe(sentences, {
      vocabularySize: 320,
      specialTokens: ['<s>', '<pad>', '</s>', '<unk>', '<mask>'],
      postProcessor: frame(['<s>', '$A', '</s>'], ['<s>', '$A', '</s>', '</s>', '$B', '</s>'], { '<s>': 0, '</s>': 2 }),
    }),
  unigram: () =>
    trainUnigram(sentences, {
      vocabularySize: 120,
      unknownToken: '<unk>',
      specialTokens: ['<pad>', '</s>', '<unk>'],
      postProcessor: frame(['$A', '</s>'], ['$A', '</s>', '$B', '</s>'], { '</s>': 1 }),
    }),
  marian: () =>
    trainUnigram(sentences, {
      vocabularySize: 120,
      unknownToken: '<unk>',
      specialTokens: ['<unk>', '<pad>', '</s>'],
      postProcessor: frame(['$A', '</s>'], ['$A', '</s>', '$B', '</s>'], { '</s>': 2 }),
    }),
} satisfies Record<string, () => Promise<Tokenizer>>;

const kinds = {
  bert: ['wordpiece', bertTokens],
  albert: ['wordpiece', bertTokens],
  electra: ['wordpiece', bertTokens],
  distilbert: ['wordpiece', bertTokens],
  modernbert: ['wordpiece', bertTokens],
  roberta: ['bpe', robertaTokens],
  bart: ['bpe', { ...robertaTokens, tokenizer_class: 'BartTokenizer' }],
  t5: ['unigram', { tokenizer_class: 'T5Tokenizer', unk_token: '<unk>', pad_token: '<pad>', eos_token: '</s>' }],
  marian: [
    'marian',
    { tokenizer_class: 'PreTrainedTokenizerFast', unk_token: '<unk>', pad_token: '<pad>', eos_token: '</s>' },
  ],
} as const;

/** Writes the folder of a tiny model and returns its path. */
export async function tinyFolder(family: keyof typeof configs, className: string, more: Json = {}): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), `yumo-${family}-`));
  const [kind, tokens] = kinds[family];
  const tokenizer = await made[kind]();
  const base = { ...configs[family], vocab_size: tokenizer.vocabularySize, architectures: [className], ...more };
  const named = (base as Json).id2label as Readonly<Record<string, string>> | undefined;
  const config = {
    ...base,
    ...(named ? { label2id: Object.fromEntries(Object.entries(named).map(([id, label]) => [label, Number(id)])) } : {}),
  };
  const maximum = 'max_position_embeddings' in config ? 64 : 512;
  const files: Record<string, string | Uint8Array> = {
    'config.json': JSON.stringify(config),
    'model.safetensors': writeSafetensors(randomHeadWeights(config)),
    'tokenizer.json': JSON.stringify(tokenizer.toJson()),
    'tokenizer_config.json': JSON.stringify({ ...tokens, model_max_length: maximum }),
  };
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  return folder;
}
