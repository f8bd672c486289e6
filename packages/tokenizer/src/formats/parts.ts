// Parts that the tokenizer.json of many models share.
import type {
  AddedTokenJson,
  DecoderJson,
  MetaspaceJson,
  NormalizerJson,
  PostProcessorJson,
  PreTokenizerJson,
  TemplatePiece,
  TokenizerJson,
} from './tokenizer-json.ts';

/** An added token of a file; by default special and matched before normalisation. */
export function added(id: number, content: string, flags: Partial<AddedTokenJson> = {}): AddedTokenJson {
  return { id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true, ...flags };
}

/**
 * A template written as text: `"[CLS] $A [SEP] $B:1 [SEP]:1"`, the number being the type id.
 *
 * @param id the ids of the special tokens.
 */
export function template(single: string, pair: string, id: (token: string) => number): PostProcessorJson {
  const special_tokens: Record<string, { id: string; ids: number[]; tokens: string[] }> = {};
  const pieces = (text: string): TemplatePiece[] =>
    text.split(' ').map((part) => {
      const [, name, type] = /^(.*?)(?::(\d+))?$/.exec(part) as unknown as [string, string, string?];
      const type_id = Number(type ?? 0);
      if (name === '$A' || name === '$B') return { Sequence: { id: name === '$A' ? 'A' : 'B', type_id } };
      special_tokens[name] = { id: name, ids: [id(name)], tokens: [name] };
      return { SpecialToken: { id: name, type_id } };
    });
  return { type: 'TemplateProcessing', single: pieces(single), pair: pieces(pair), special_tokens };
}

export const metaspace: MetaspaceJson = { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true };

export const byteLevel = { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true } as const;

/** Decoder of vocabularies that write spaces as U+2581 and unknown bytes as <0x00> … <0xFF>. */
export const byteFallbackDecoder: DecoderJson = {
  type: 'Sequence',
  decoders: [
    { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
    { type: 'ByteFallback' },
    { type: 'Fuse' },
    { type: 'Strip', content: ' ', start: 1, stop: 0 },
  ],
};

/** A whole tokenizer.json, in the order of keys that the reference writes. */
export function tokenizerJson(parts: {
  added: AddedTokenJson[];
  normalizer?: NormalizerJson | null;
  preTokenizer?: PreTokenizerJson | null;
  postProcessor?: PostProcessorJson | null;
  decoder?: DecoderJson | null;
  model: TokenizerJson['model'];
}): TokenizerJson {
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [...parts.added].sort((a, b) => a.id - b.id),
    normalizer: parts.normalizer ?? null,
    pre_tokenizer: parts.preTokenizer ?? null,
    post_processor: parts.postProcessor ?? null,
    decoder: parts.decoder ?? null,
    model: parts.model,
  };
}
