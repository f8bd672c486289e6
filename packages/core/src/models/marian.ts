// Marian (Junczys-Dowmunt et al. 2018, arXiv:1804.00344), the translation models of OPUS-MT: the Transformer of Vaswani et al. 2017 with static sinusoidal positions.

import { embeddingTable } from '../nn/embedding.ts';
import { sinusoidal } from '../nn/position.ts';
import { normal, type Scope } from '../nn/scope.ts';
import { add, iota } from '../ops/build.ts';
import { dim, unsqueeze } from '../ops/compose.ts';
import type { Tensor } from '../tensor.ts';
import type { Seq2SeqArchitecture } from './architecture.ts';
import { type BartConfig, decoder, type Embed, encoder, readBartConfig, tiedLogits, tokens } from './bart.ts';
import { configFields } from './config.ts';
import { seq2seqHead } from './heads.ts';

export interface MarianConfig extends BartConfig {
  decoder_vocab_size: number;
  /** One embedding matrix for source and target. */
  share_encoder_decoder_embeddings: boolean;
}

function readConfig(json: Readonly<Record<string, unknown>>): MarianConfig {
  const f = configFields(json);
  const c = readBartConfig({ vocab_size: 58101, decoder_start_token_id: 58100, pad_token_id: 58100, ...json });
  return {
    ...c,
    decoder_vocab_size: f.size('decoder_vocab_size', c.vocab_size),
    share_encoder_decoder_embeddings: f.flag('share_encoder_decoder_embeddings', true),
  };
}

/** The matrix of one side: shared, or its own. */
function table(root: Scope, side: 'encoder' | 'decoder', c: MarianConfig): Tensor {
  const m = root.at('model');
  const at = c.share_encoder_decoder_embeddings ? m.at('shared') : m.at(side).at('embed_tokens');
  return embeddingTable(at, side === 'encoder' ? c.vocab_size : c.decoder_vocab_size, c.d_model, normal(c.init_std));
}

const embed =
  (side: 'encoder' | 'decoder'): Embed<MarianConfig> =>
  (root, _stack, inputIds, past, c) =>
    add(tokens(table(root, side, c), inputIds, c), sinusoidal(unsqueeze(iota(dim(inputIds, 1), past), 0), c.d_model));

const encode = encoder(embed('encoder'));
const decode = decoder(embed('decoder'), (root, x, c: MarianConfig) =>
  tiedLogits(root, x, table(root, 'decoder', c), c.decoder_vocab_size),
);

export const marian: Seq2SeqArchitecture<MarianConfig> = {
  modelType: 'marian',
  className: 'MarianMTModel',
  readConfig,
  heads: { MarianMTModel: seq2seqHead(encode, decode, (c) => c.decoder_start_token_id) },
  encode,
  decode,
  cache: (c) => ({
    layers: c.decoder_layers,
    keyValueHeads: c.decoder_attention_heads,
    headSize: c.d_model / c.decoder_attention_heads,
  }),
  hiddenSize: (c) => c.d_model,
  contextLength: (c) => c.max_position_embeddings,
  vocabularySize: (c) => c.decoder_vocab_size,
  decoderStart: (c) => c.decoder_start_token_id,
  // Copies of the shared matrix, in files saved by PyTorch.
  olderNames: [
    [/^model\.(encoder|decoder)\.embed_tokens\.weight$|^lm_head\.weight$/, 'model.shared.weight'],
    [/^lm_head\.weight$/, 'model.decoder.embed_tokens.weight'],
  ],
  // The positions are a formula.
  ignoredNames: [/\.embed_positions\.weight$/],
};
