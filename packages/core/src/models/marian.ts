// Marian (Junczys-Dowmunt et al. 2018, arXiv:1804.00344), the translation models of OPUS-MT: the Transformer of Vaswani et al. 2017 with static sinusoidal positions.

import { embeddingTable } from '../nn/embedding.ts';
import { sinusoidal } from '../nn/position.ts';
import { normal, type Scope } from '../nn/scope.ts';
import { add, iota } from '../ops/build.ts';
import { dim, unsqueeze } from '../ops/compose.ts';
import type { Seq2SeqArchitecture } from './architecture.ts';
import { type BartConfig, decoder, type Embed, encoder, outputLogits, readBartConfig, tokens } from './bart.ts';
import { configFields, refuse } from './config.ts';
import { seq2seqHead } from './heads.ts';

export interface MarianConfig extends BartConfig {
  decoder_vocab_size: number;
  /** One embedding matrix for source and target. */
  share_encoder_decoder_embeddings: boolean;
}

function readConfig(json: Readonly<Record<string, unknown>>): MarianConfig {
  refuse(json, { static_position_embeddings: true, normalize_embedding: false });
  const f = configFields(json);
  const c = readBartConfig({ vocab_size: 58101, decoder_start_token_id: 58100, pad_token_id: 58100, ...json });
  return {
    ...c,
    decoder_vocab_size: f.size('decoder_vocab_size', c.vocab_size),
    share_encoder_decoder_embeddings: f.flag('share_encoder_decoder_embeddings', true),
  };
}

type Side = 'encoder' | 'decoder';

/** Where the embeddings of one side lie: shared, or its own. */
function words(root: Scope, side: Side, c: MarianConfig): Scope {
  const m = root.at('model');
  return c.share_encoder_decoder_embeddings ? m.at('shared') : m.at(side).at('embed_tokens');
}
const vocabulary = (side: Side, c: MarianConfig): number => (side === 'encoder' ? c.vocab_size : c.decoder_vocab_size);

const embed =
  (side: Side): Embed<MarianConfig> =>
  (root, _stack, inputIds, past, c) => {
    const table = embeddingTable(words(root, side, c), vocabulary(side, c), c.d_model, normal(c.init_std));
    const positions = unsqueeze(iota(dim(inputIds, 1), past), 0);
    return add(tokens(table, inputIds, c), sinusoidal(positions, c.d_model));
  };

const encode = encoder(embed('encoder'));
const decode = decoder(embed('decoder'), (root, x, c: MarianConfig) =>
  outputLogits(root, x, words(root, 'decoder', c), vocabulary('decoder', c), c),
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
