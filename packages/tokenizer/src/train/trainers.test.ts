import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BpeJson, Tokenizer, TokenizerError, type UnigramJson } from '../index.ts';
import {
  type TrainingProgress,
  trainBpe,
  trainByteLevelBpe,
  trainCharacters,
  trainUnigram,
  trainWordLevel,
  trainWordPiece,
} from './index.ts';

const text = [
  'The quick brown fox jumps over the lazy dog; the dog sleeps on.\n',
  '敏捷的棕色狐狸跳过懒惰的狗。狗还在睡觉。\n',
  "It's 5 o'clock, isn't it? Yes: 5 o'clock.\n",
];
const trainers = { trainBpe, trainByteLevelBpe, trainCharacters, trainUnigram, trainWordLevel, trainWordPiece };

describe('every trainer', () => {
  for (const [name, train] of Object.entries(trainers)) {
    it(`${name}: gives the same tokenizer for an array, a generator, a stream and arrays of lines`, async () => {
      async function* stream() {
        for (const line of text) yield line;
      }
      async function* batches() {
        yield text.slice(0, 1);
        yield text.slice(1);
      }
      const expected = (await train(text)).toJson();
      for (const source of [text.values(), stream(), batches()])
        expect((await train(source)).toJson()).toEqual(expected);
    });

    it(`${name}: gives a tokenizer.json that reads back equal and encodes alike`, async () => {
      const tokenizer = await train(text, { specialTokens: ['<s>', '<unk>', '[UNK]'] });
      const again = Tokenizer.fromJson(JSON.stringify(tokenizer.toJson()));
      expect(again.toJson()).toEqual(tokenizer.toJson());
      for (const line of text) expect([...again.encodeIds(line)]).toEqual([...tokenizer.encodeIds(line)]);
      expect([tokenizer.tokenToId('<s>'), tokenizer.tokenToId('<unk>')]).toEqual([0, 1]);
    });

    it(`${name}: accepts a text without words`, async () => {
      for (const nothing of [[], ['']])
        expect((await train(nothing, { specialTokens: ['<a>'] })).tokenToId('<a>')).toBeDefined();
    });

    it(`${name}: does not let lone surrogates or control characters through as anything but characters`, async () => {
      const odd = await train([
        '\ud800 a\udc00b \0\u0001 \ufeff\u0085 \u{1f600}\u200d\u{1f600} __proto__ constructor 0 1',
      ]);
      expect(Tokenizer.fromJson(JSON.stringify(odd.toJson())).toJson()).toEqual(odd.toJson());
    });

    it(`${name}: names an unknown option and the one that was meant, and a value out of range`, async () => {
      const misspelt: object = { vocabularysize: 5 };
      await expect(train(text, misspelt)).rejects.toThrow('no option "vocabularysize"; did you mean vocabularySize?');
      await expect(train(text, { vocabularySize: -3 })).rejects.toThrow(
        'vocabularySize: -3 is not a whole number from 1',
      );
      await expect(train(text, { specialTokens: ['a', 'a'] })).rejects.toThrow('specialTokens: item ');
      const numbers: Iterable<unknown> = ['a', 7];
      await expect(train(numbers as Iterable<string>)).rejects.toThrow('texts: item 1 is not a string but 7');
      await expect(train('one string' as unknown as string[])).rejects.toThrow(TokenizerError);
    });

    it(`${name}: stops when the signal says so, with the signal's reason, before it reads and while it reads`, async () => {
      await expect(train(text, { signal: AbortSignal.abort(new Error('not today')) })).rejects.toThrow('not today');
      const stop = new AbortController();
      let read = 0;
      async function* endless() {
        for (;;) {
          if (++read === 100) stop.abort(new Error('enough'));
          yield `line ${read} of an endless text`;
        }
      }
      await expect(train(endless(), { signal: stop.signal })).rejects.toThrow('enough');
    });
  }
});

describe('the longest token', () => {
  const worn = /^##/;
  const lengthsOf = (tokenizer: Tokenizer, special: readonly string[]) => {
    const { vocab } = tokenizer.toJson().model;
    const tokens = Array.isArray(vocab) ? vocab.map(([token]) => token as string) : Object.keys(vocab);
    return tokens.filter((token) => !special.includes(token)).map((token) => [...token.replace(worn, '')].length);
  };
  for (const most of [1, 2, 3]) {
    it(`is as long as was asked for: ${most}`, async () => {
      const special = ['[UNK]', '<unk>'];
      const options = { specialTokens: special, maxTokenLength: most };
      for (const train of [trainBpe, trainByteLevelBpe, trainWordPiece])
        expect(Math.max(...lengthsOf(await train(text, options), special))).toBe(most);
      const pieces = await trainUnigram(text, { specialTokens: special, maxPieceLength: most });
      expect(Math.max(...lengthsOf(pieces, special))).toBe(most);
    });
  }
});

describe('progress', () => {
  it('is reported stage by stage, and ends each stage with its total', async () => {
    const events: TrainingProgress[] = [];
    await trainByteLevelBpe(text, { onProgress: (event) => events.push(event) });
    const ends = events.filter(({ done, total }) => done === total);
    expect(ends.map(({ stage }) => stage)).toEqual(['counting', 'pairs', 'merging']);
  });

  it('is called while merges are learned, and a signal stops the learning', async () => {
    const stop = new AbortController();
    const many = Array.from({ length: 60_000 }, (_, i) => `w${(i * 2_654_435_761) % 4_294_967_296}`);
    const training = trainBpe(many, {
      vocabularySize: 1_000_000,
      signal: stop.signal,
      onProgress: ({ stage }) => stage === 'merging' && stop.abort(new Error('stopped while merging')),
    });
    await expect(training).rejects.toThrow('stopped while merging');
  });
});

describe('byte-level BPE', () => {
  it('encodes any text and decodes it to the same text, trained on something else', async () => {
    const tokenizer = await trainByteLevelBpe(text, { vocabularySize: 300 });
    expect(tokenizer.vocabularySize).toBe(300);
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), (any) => {
        expect(tokenizer.decode(tokenizer.encodeIds(any))).toBe(any);
      }),
    );
  });

  it('learns the same merges when the split is given as a pattern before the bytes', async () => {
    const pattern = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
    const bytes = { type: 'ByteLevel' as const, add_prefix_space: false, trim_offsets: true, use_regex: false };
    const split = { type: 'Split' as const, pattern: { Regex: pattern }, behavior: 'Isolated' as const, invert: false };
    const usual = (await trainByteLevelBpe(text)).toJson().model as BpeJson;
    for (const parts of [
      [split, bytes],
      [split, bytes, { type: 'Whitespace' as const }],
    ]) {
      const preTokenizer = { type: 'Sequence' as const, pretokenizers: parts.slice(0, 2) };
      const own = (await trainByteLevelBpe(text, { preTokenizer })).toJson().model as BpeJson;
      expect(own.merges).toEqual(usual.merges);
      expect(own.vocab).toEqual(usual.vocab);
    }
  });

  it('keeps special tokens first and never learns them from text', async () => {
    const tokenizer = await trainByteLevelBpe(['<eos><eos><eos> eos eos'], {
      specialTokens: ['<eos>'],
      vocabularySize: 260,
    });
    expect(tokenizer.tokenToId('<eos>')).toBe(0);
    expect([...tokenizer.encodeIds('<eos>')]).not.toContain(0);
    expect([...tokenizer.encodeIds('<eos>', { specialTokensInText: 'parse' })]).toEqual([0]);
  });
});

describe('characters', () => {
  it('are numbered by code point, as sorted(set(text)) does, and come back joined', async () => {
    const tokenizer = await trainCharacters(['hello world\n', 'ça 中文\u{1f600}']);
    const sorted = [...new Set('hello world\nça 中文\u{1f600}')].sort((a, b) => a.codePointAt(0)! - b.codePointAt(0)!);
    expect(sorted.map((character) => tokenizer.tokenToId(character))).toEqual(sorted.map((_, id) => id));
    expect(tokenizer.vocabularySize).toBe(sorted.length);
    expect(tokenizer.decode(tokenizer.encodeIds('hello 中文\u{1f600}\n'))).toBe('hello 中文\u{1f600}\n');
  });

  it('are cut as byte-level BPE without merges cuts ASCII text', async () => {
    const ascii = "To be, or not to be:\n\tthat's the question.";
    const [characters, bytes] = [
      await trainCharacters([ascii]),
      await trainByteLevelBpe([ascii], { vocabularySize: 256 }),
    ];
    expect(characters.encode(ascii).offsets).toEqual(bytes.encode(ascii).offsets);
  });

  it('keep the commonest when there is no room for all', async () => {
    const tokenizer = await trainCharacters(['aaaabbbccd'], { vocabularySize: 3, unknownToken: '<unk>' });
    expect(Object.keys((tokenizer.toJson().model as BpeJson).vocab)).toEqual(['<unk>', 'a', 'b']);
    expect([...tokenizer.encodeIds('abd')]).toEqual([1, 2, 0]);
  });
});

describe('WordPiece', () => {
  it('puts [CLS] and [SEP] around a text, for BERT', async () => {
    const tokenizer = await trainWordPiece(text, { vocabularySize: 200 });
    const { tokens } = tokenizer.encode('the dog');
    expect([tokens[0], tokens.at(-1)]).toEqual(['[CLS]', '[SEP]']);
    expect(tokenizer.decode(tokenizer.encodeIds('The lazy dog'), { skipSpecialTokens: true })).toBe('the lazy dog');
  });
});

describe('Unigram', () => {
  it('has every character of the text and the unknown token, and decodes to the text', async () => {
    const tokenizer = await trainUnigram(text, { vocabularySize: 120 });
    const { vocab, unk_id: unknown } = tokenizer.toJson().model as UnigramJson;
    expect(vocab[unknown!]).toEqual(['<unk>', 0]);
    for (const character of new Set(text.join('').replaceAll(' ', '▁').normalize('NFKC'))) {
      expect(tokenizer.tokenToId(character)).toBeDefined();
    }
    expect(tokenizer.decode(tokenizer.encodeIds('the lazy fox'))).toBe('the lazy fox');
  });

  it('ends, with fewer pieces than asked for, when the text has no more', async () => {
    const tokenizer = await trainUnigram(['ab ab abc'], { vocabularySize: 5000 });
    expect(tokenizer.vocabularySize).toBeLessThan(20);
  });

  it('wants a shrinking factor between 0 and 1', async () => {
    await expect(trainUnigram(text, { shrinkingFactor: 1 })).rejects.toThrow(
      'shrinkingFactor: 1 is not a number above 0 and below 1',
    );
  });
});

describe('a segmenter', () => {
  const segment = (line: string) => line.match(/敏捷|棕色|狐狸|懒惰|睡觉|[a-zA-Z]+|[\s\S]/gu) ?? [];

  it('keeps tokens inside the words that it finds', async () => {
    const lines = ['敏捷的棕色狐狸跳过懒惰的狗。', '棕色狐狸在睡觉。', '懒惰的狗在睡觉，棕色狐狸跳过。'];
    const many = lines.flatMap((line) => [line, `一${line}`, `二${line}`]);
    const words = lines.flatMap(segment);
    for (const train of [trainBpe, trainByteLevelBpe]) {
      const tokensOf = (tokenizer: Tokenizer) =>
        Array.from({ length: tokenizer.vocabularySize }, (_, id) => tokenizer.decode([id])).filter((t) =>
          /^\p{Script=Han}{2,}$/u.test(t),
        );
      const crosses = (token: string) => !words.some((word) => word.includes(token));
      expect(tokensOf(await train(many, { vocabularySize: 400 })).some(crosses)).toBe(true);
      const segmented = tokensOf(await train(many, { segment, vocabularySize: 400 }));
      expect(segmented.length).toBeGreaterThan(0);
      expect(segmented.filter(crosses)).toEqual([]);
    }
  });

  it('changes nothing for words between spaces', async () => {
    const plain = (await trainByteLevelBpe([text[0]!])).toJson();
    const segmented = (
      await trainByteLevelBpe([text[0]!], { segment: (line) => line.match(/\w+|[^\w]/g) ?? [] })
    ).toJson();
    expect(segmented).toEqual(plain);
  });

  it('must give every character back', async () => {
    await expect(trainBpe(['a b'], { segment: (line) => line.split(' ') })).rejects.toThrow(
      'segment: the parts must put together the text, which they do up to place 1 only',
    );
  });
});
