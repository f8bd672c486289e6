// Behaviour of the tokenizer as a whole, on small vocabularies that can be checked by hand.
import { describe, expect, it } from 'vitest';
import { byteAlphabet, Tokenizer, TokenizerError, type TokenizerJson } from './index.ts';

const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };

/** Byte-level BPE with the merges h+e, l+l, Ġ+w and one special token. */
function byteLevel(): TokenizerJson {
  const tokens = [...byteAlphabet, 'he', 'll', 'Ġw', 'hell'];
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [{ id: 260, content: '<|end|>', ...flags }],
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
    post_processor: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: false, use_regex: true },
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges: ['h e', 'l l', 'Ġ w', 'he ll'],
    },
  };
}

/** WordPiece with [CLS] … [SEP] around. */
function wordPiece(): TokenizerJson {
  const tokens = [
    '[PAD]',
    '[UNK]',
    '[CLS]',
    '[SEP]',
    'one',
    'two',
    'three',
    '##teen',
    'play',
    '##ing',
    '[',
    ']',
    'sep',
  ];
  return {
    version: '1.0',
    added_tokens: ['[PAD]', '[UNK]', '[CLS]', '[SEP]'].map((content, id) => ({ id, content, ...flags })),
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: true,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: { type: 'BertProcessing', sep: ['[SEP]', 3], cls: ['[CLS]', 2] },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: { type: 'WordPiece', vocab: Object.fromEntries(tokens.map((token, id) => [token, id])) },
  };
}

function errorOf(run: () => unknown): TokenizerError {
  try {
    run();
  } catch (error) {
    if (error instanceof TokenizerError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('encoding', () => {
  const tokenizer = Tokenizer.fromJson(byteLevel());

  it('merges the pair of lowest rank first', () => {
    expect(tokenizer.encode('hello w').tokens).toEqual(['hell', 'o', 'Ġw']);
  });

  it('gives offsets in UTF-16 units of the original, each byte of a character pointing at the whole character', () => {
    const text = 'é👍!';
    const { offsets } = tokenizer.encode(text);
    const parts = Array.from({ length: offsets.length / 2 }, (_, i) => text.slice(offsets[2 * i], offsets[2 * i + 1]));
    expect(parts).toEqual(['é', 'é', '👍', '👍', '👍', '👍', '!']);
  });

  it('gives offsets in code points when asked', () => {
    expect([...tokenizer.encode('👍!', null, { offsetUnit: 'codePoint' }).offsets]).toEqual([
      0, 1, 0, 1, 0, 1, 0, 1, 1, 2,
    ]);
  });

  it('gives the same ids by encode and encodeIds', () => {
    for (const text of ['', 'hello world', ' \n\n x', 'café 你好 👍', 'a\ud800b']) {
      expect(tokenizer.encodeIds(text)).toEqual(tokenizer.encode(text).ids);
    }
  });

  it('encodes a batch as one by one', () => {
    const texts = ['hello', '', 'hell w'];
    expect(tokenizer.encodeBatch(texts)).toEqual(texts.map((text) => tokenizer.encode(text)));
  });

  it('marks texts, words and special tokens of a pair', () => {
    const encoding = Tokenizer.fromJson(wordPiece()).encode('One playing', 'thirteen two');
    expect(encoding.tokens).toEqual(['[CLS]', 'one', 'play', '##ing', '[SEP]', '[UNK]', 'two', '[SEP]']);
    expect([...encoding.typeIds]).toEqual([0, 0, 0, 0, 0, 1, 1, 1]);
    expect([...encoding.specialTokensMask]).toEqual([1, 0, 0, 0, 1, 0, 0, 1]);
    expect([...encoding.sequenceIds]).toEqual([-1, 0, 0, 0, -1, 1, 1, -1]);
    expect(encoding.wordToTokens(1)).toEqual([2, 4]);
    expect(encoding.wordToChars(1)).toEqual([4, 11]);
    expect(encoding.charToToken(5)).toBe(2);
    expect(encoding.charToToken(9, 1)).toBe(6);
    expect(encoding.charToWord(9, 1)).toBe(1);
    expect(encoding.tokenToChars(6)).toEqual([9, 12]);
    expect(encoding.tokenToChars(0)).toBeUndefined();
  });
});

describe('special tokens in text', () => {
  const tokenizer = Tokenizer.fromJson(byteLevel());

  it('are plain text unless the caller says otherwise', () => {
    expect([...tokenizer.encodeIds('a<|end|>')]).not.toContain(260);
    expect([...tokenizer.encode('a<|end|>').ids]).not.toContain(260);
    expect([...tokenizer.encodeIds('a<|end|>', { specialTokensInText: 'parse' })]).toEqual([97, 260]);
  });

  it('are not made by the model itself either', () => {
    const json = wordPiece();
    json.pre_tokenizer = { type: 'WhitespaceSplit' };
    json.normalizer = null;
    const careful = Tokenizer.fromJson(json);
    expect(careful.encode('one [SEP] two').tokens).toEqual(['[CLS]', 'one', '[UNK]', 'two', '[SEP]']);
    expect(careful.encode('one [SEP] two', null, { specialTokensInText: 'parse' }).tokens).toEqual([
      '[CLS]',
      'one',
      '[SEP]',
      'two',
      '[SEP]',
    ]);
  });
});

describe('truncation and padding', () => {
  const tokenizer = Tokenizer.fromJson(wordPiece());
  const text = 'one two three one two three one two';

  it('keeps what is cut off as windows that overlap by the stride and cover the text', () => {
    const encoding = tokenizer.encode(text, null, { truncation: { maxLength: 5, stride: 1 } });
    const windows = [encoding, ...encoding.overflowing].map(({ tokens }) => tokens.slice(1, -1).join(' '));
    expect(windows).toEqual(['one two three', 'three one two', 'two three one', 'one two']);
  });

  it('cuts from the left when asked', () => {
    const encoding = tokenizer.encode(text, null, { truncation: { maxLength: 4, direction: 'Left' } });
    expect(encoding.tokens).toEqual(['[CLS]', 'one', 'two', '[SEP]']);
    expect([...encoding.offsets].slice(2, 4)).toEqual([text.lastIndexOf('one'), text.lastIndexOf('one') + 3]);
  });

  it('refuses what cannot be done', () => {
    const message = (options: object) =>
      errorOf(() => tokenizer.encode(text, null, { truncation: { maxLength: 5, ...options } })).message;
    expect(message({ maxLength: 1 })).toContain('no room for the 2 special tokens');
    expect(message({ stride: 3 })).toContain('stride 3 must be less than the 3 tokens');
    expect(message({ strategy: 'OnlySecond' })).toContain('Second sequence not provided');
  });

  it('pads a batch to its longest, rounded up', () => {
    const batch = tokenizer.encodeBatch(['one', 'one two three'], {
      padding: { multipleOf: 4, token: '[PAD]', id: 0 },
    });
    expect(batch.map(({ length }) => length)).toEqual([8, 8]);
    expect([...batch[0]!.attentionMask]).toEqual([1, 1, 1, 0, 0, 0, 0, 0]);
  });
});

describe('decoding', () => {
  const tokenizer = Tokenizer.fromJson(byteLevel());

  it('gives the text back', () => {
    for (const text of ['hello world', '  é 你好 👍🏽\n', ''])
      expect(tokenizer.decode(tokenizer.encodeIds(text))).toBe(text);
  });

  it('leaves special tokens out when asked', () => {
    const ids = tokenizer.encodeIds('he<|end|>', { specialTokensInText: 'parse' });
    expect(tokenizer.decode(ids)).toBe('he<|end|>');
    expect(tokenizer.decode(ids, { skipSpecialTokens: true })).toBe('he');
  });

  it('never streams half a character', () => {
    const stream = tokenizer.decodeStream();
    const parts = [...tokenizer.encodeIds('a👍你!')].map((id) => stream.push(id));
    expect(parts).toEqual(['a', '', '', '', '👍', '', '', '你', '!']);
    expect(stream.end()).toBe('');
  });

  it('streams what never becomes a character as U+FFFD at the end', () => {
    const stream = tokenizer.decodeStream();
    expect(stream.push(tokenizer.encodeIds('👍')[0]!)).toBe('');
    expect(stream.end()).toBe('\ufffd');
  });

  it('names an id that has no token', () => {
    const error = errorOf(() => tokenizer.decode([1, 999]));
    expect(error.code).toBe('ARGUMENT');
    expect(error.message).toContain('id 999 has no token; ids are from 0 to 260');
  });
});

describe('files', () => {
  it('are written as they were read', () => {
    expect(Tokenizer.fromJson(byteLevel()).toJson()).toEqual(byteLevel());
    expect(Tokenizer.fromJson(JSON.stringify(wordPiece())).toJson()).toEqual(wordPiece());
  });

  it('tell the largest id, added tokens included', () => {
    expect(Tokenizer.fromJson(byteLevel()).vocabularySize).toBe(261);
  });

  const broken: [string, (json: TokenizerJson) => unknown, string, string][] = [
    [
      'unknown component',
      (j) => ({ ...j, normalizer: { type: 'Lowercas' } }),
      'UNKNOWN',
      'my.json: normalizer.type: "Lowercas" is not known; did you mean "Lowercase"?',
    ],
    [
      'missing model',
      (j) => ({ ...j, model: undefined }),
      'FORMAT',
      'my.json: model: expected an object, found nothing',
    ],
    [
      'ill-typed field',
      (j) => ({ ...j, pre_tokenizer: { type: 'Digits', individual_digits: 1 } }),
      'FORMAT',
      'my.json: pre_tokenizer.individual_digits: expected true or false, found 1',
    ],
    [
      'two tokens with one id',
      (j) => ({ ...j, model: { ...j.model, vocab: { a: 1, b: 1 } } }),
      'VOCABULARY',
      'my.json: model.vocab: id 1 belongs to two tokens, "a" and "b"',
    ],
    [
      'merge of a missing token',
      (j) => ({ ...j, model: { ...j.model, merges: ['h zz'] } }),
      'VOCABULARY',
      'my.json: model.merges[0]: "h" + "zz" needs the token "zz"',
    ],
    [
      'merge that is no pair',
      (j) => ({ ...j, model: { ...j.model, merges: [['h']] } }),
      'FORMAT',
      'my.json: model.merges[0]: expected two tokens, found ["h"]',
    ],
    [
      'pattern without equal',
      (j) => ({
        ...j,
        pre_tokenizer: { type: 'Split', pattern: { Regex: '\\Gx' }, behavior: 'Isolated', invert: false },
      }),
      'PATTERN',
      'my.json: pre_tokenizer.pattern.Regex',
    ],
    ['other version', (j) => ({ ...j, version: '2.0' }), 'FORMAT', 'my.json.version: expected "1.0", found "2.0"'],
  ];
  for (const [what, change, code, message] of broken) {
    it(`with an error are refused by name: ${what}`, () => {
      const error = errorOf(() => Tokenizer.fromJson(change(byteLevel()) as TokenizerJson, { file: 'my.json' }));
      expect(error.code).toBe(code);
      expect(error.message).toContain(message);
    });
  }

  it('that are not JSON are refused by name', () => {
    expect(errorOf(() => Tokenizer.fromJson('{"version"', { file: 'my.json' })).message).toContain(
      'my.json: not valid JSON',
    );
  });
});
