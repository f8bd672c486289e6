// Which tokens of a vocabulary have which part to play.

import { YumoError } from '@yumo/core';
import type { Tokenizer } from '@yumo/tokenizer';
import type { TokenRole } from '../objectives/objective.ts';

/** Names that vocabularies give to roles, the commonest first. */
const names: Readonly<Record<TokenRole, readonly string[]>> = {
  padding: ['[PAD]', '<pad>', '<|padding|>'],
  start: ['[CLS]', '<s>', '<|startoftext|>'],
  end: ['[SEP]', '</s>', '<|endoftext|>', '<|im_end|>'],
  mask: ['[MASK]', '<mask>'],
  unknown: ['[UNK]', '<unk>'],
};

/** Id of a role's token, if the vocabulary has one. */
export function tokenOf(tokenizer: Pick<Tokenizer, 'tokenToId'>, role: TokenRole): number | undefined {
  for (const name of names[role]) {
    const id = tokenizer.tokenToId(name);
    if (id !== undefined) return id;
  }
  return undefined;
}

/** @throws YumoError `TOKENIZER` when the vocabulary has none. */
export function neededToken(tokenizer: Pick<Tokenizer, 'tokenToId'>, role: TokenRole, who: string): number {
  const id = tokenOf(tokenizer, role);
  if (id === undefined)
    throw new YumoError(
      'TOKENIZER',
      `objective ${who}: the tokenizer has no ${role} token (${names[role].join(', ')}); train one (word-piece, unigram, byte-level-bpe), or add it`,
      { role },
    );
  return id;
}

/** Names of the roles in a tokenizer that is trained here. */
export const roleName = (role: TokenRole, family: 'bert' | 'sentencepiece'): string =>
  names[role][family === 'bert' ? 0 : 1]!;

/** Fields of an encoder's config.json. The end is that of a sentence, which BART's classifier reads. @throws YumoError `TOKENIZER` */
export function encoderFields(
  tokenizer: Pick<Tokenizer, 'tokenToId'>,
  who: string,
): { readonly pad_token_id: number; readonly eos_token_id?: number } {
  const end = tokenOf(tokenizer, 'end');
  return { pad_token_id: neededToken(tokenizer, 'padding', who), ...(end === undefined ? {} : { eos_token_id: end }) };
}

/** Fields of an encoder-decoder's config.json: it begins to write with the padding token, as T5 and Marian do. */
export const encoderDecoderFields = (tokenizer: Tokenizer, who: string): Readonly<Record<string, unknown>> => {
  const padding = neededToken(tokenizer, 'padding', who);
  return {
    pad_token_id: padding,
    eos_token_id: neededToken(tokenizer, 'end', who),
    decoder_start_token_id: padding,
    is_encoder_decoder: true,
  };
};
