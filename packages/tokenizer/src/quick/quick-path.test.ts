// The quick path against the general one: every column equal.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { randomNumbers, randomText } from '../../test/random-text.ts';
import { tokenizerData } from '../../test/shared-data.ts';
import { ranksToJson, readRanks } from '../formats/tiktoken.ts';
import { Tokenizer, type TokenizerJson } from '../index.ts';
import { readNormalizer } from '../normalizers.ts';
import { readPreTokenizer } from '../pre-tokenizers.ts';
import { type Parts, quickPathOf } from './quick-path.ts';
import { cl100kPattern, o200kPattern, qwen2Pattern } from './scanners.ts';

const read = (file: string) => readFileSync(join(tokenizerData!, file), 'utf8');
const json = (file: string) => JSON.parse(read(file)) as TokenizerJson;
const special = { '<|endoftext|>': 100257, '<|im start|>': 100264 };
const withPrefix = (tokenizer: TokenizerJson): TokenizerJson => ({
  ...tokenizer,
  pre_tokenizer: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
});
const withNfc = (tokenizer: TokenizerJson): TokenizerJson => ({ ...tokenizer, normalizer: { type: 'NFC' } });
const bert = (tokenizer: TokenizerJson, settings: Record<string, unknown>): TokenizerJson => ({
  ...tokenizer,
  normalizer: {
    type: 'BertNormalizer',
    clean_text: true,
    handle_chinese_chars: true,
    strip_accents: null,
    lowercase: true,
    ...settings,
  },
});

const tokenizers: Record<string, () => TokenizerJson> = {
  gpt2: () => json('gpt2/tokenizer.json'),
  'gpt2 with a space before the text': () => withPrefix(json('gpt2/tokenizer.json')),
  'gpt2 in normal form C': () => withNfc(json('gpt2/tokenizer.json')),
  roberta: () => json('roberta-base/tokenizer.json'),
  cl100k: () => ranksToJson(readRanks(read('cl100k_base/cl100k_base.tiktoken')), cl100kPattern, special),
  'Qwen with the pattern of Qwen 2': () => ranksToJson(readRanks(read('qwen/qwen.tiktoken')), qwen2Pattern),
  'cl100k with the pattern of o200k': () =>
    ranksToJson(readRanks(read('cl100k_base/cl100k_base.tiktoken')), o200kPattern, special),
  'bert-base-uncased': () => json('bert-base-uncased/tokenizer.json'),
  'bert-base-cased': () => json('bert-base-cased/tokenizer.json'),
  'bert-base-chinese': () => json('bert-base-chinese/tokenizer.json'),
  'BERT that keeps accents': () => bert(json('bert-base-uncased/tokenizer.json'), { strip_accents: false }),
  'BERT that keeps ideographs together': () =>
    bert(json('bert-base-chinese/tokenizer.json'), { handle_chinese_chars: false, clean_text: false }),
  'BERT without a normalizer': () => ({ ...json('bert-base-cased/tokenizer.json'), normalizer: null }),
};

/** The same tokenizer without its quick path: a normalizer that changes nothing is one more than the quick path knows. */
function slow(tokenizer: TokenizerJson): Tokenizer {
  const { normalizer } = tokenizer;
  return Tokenizer.fromJson({
    ...tokenizer,
    normalizer: { type: 'Sequence', normalizers: normalizer === null ? [] : [normalizer] },
  } as TokenizerJson);
}

function partsOf(tokenizer: Tokenizer): Parts {
  const json = tokenizer.toJson();
  const normalizer = json.normalizer == null ? null : readNormalizer(json.normalizer, 'normalizer');
  return {
    json,
    model: tokenizer.model,
    normalizer,
    preTokenizer: readPreTokenizer(json.pre_tokenizer, 'pre_tokenizer'),
  };
}

const chinese =
  '却说宝玉因见林黛玉又病了，心里放不下，饭也懒去吃，不时来问。龍喚士の裏覚醒。カタカナひらがな한국어 조선말 𠀀𠀁中😀文';

describe.skipIf(tokenizerData === null)('the quick path gives what the general way gives', () => {
  for (const [name, make] of Object.entries(tokenizers)) {
    it(name, { timeout: 120_000 }, () => {
      const tokenizer = Tokenizer.fromJson(make());
      const reference = slow(make());
      for (const plain of [true, false]) {
        expect(quickPathOf(partsOf(tokenizer), null)).not.toBeNull();
        expect(quickPathOf(partsOf(reference), null)).toBeNull();
        const random = randomNumbers(7);
        const texts = Array.from({ length: 400 }, () => randomText(random));
        texts.push(
          chinese,
          chinese.repeat(9),
          'x'.repeat(500),
          `${'é'.repeat(70)} a`,
          '[CLS] a<|endoftext|>b <|im start|>',
          '',
        );
        const options = { specialTokensInText: plain ? 'plain' : 'parse' } as const;
        // Twice, for the second time most words are remembered.
        for (const text of [...texts, ...texts]) {
          const got = tokenizer.encode(text, null, options);
          expect({ text, got }).toEqual({ text, got: reference.encode(text, null, options) });
          expect(tokenizer.encodeIds(text, options)).toEqual(got.ids);
        }
      }
    });
  }
});
