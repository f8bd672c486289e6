// A thousand damaged files: each is read, or refused by a named error, and encodes or refuses text by a named error.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  byteAlphabet,
  readRanks,
  readSentencePieceFile,
  SentencePiece,
  Tokenizer,
  TokenizerError,
  tokenizerFromFiles,
} from '../src/index.ts';
import { randomNumbers } from './random-text.ts';
import { tokenizerData } from './shared-data.ts';

const flags = { single_word: false, lstrip: true, rstrip: false, normalized: true, special: true };
const bpe = JSON.stringify({
  version: '1.0',
  truncation: { direction: 'Right', max_length: 16, strategy: 'LongestFirst', stride: 2 },
  padding: {
    strategy: { Fixed: 8 },
    direction: 'Left',
    pad_to_multiple_of: 4,
    pad_id: 0,
    pad_type_id: 0,
    pad_token: '<pad>',
  },
  added_tokens: [{ id: 259, content: '<s>', ...flags }],
  normalizer: {
    type: 'Sequence',
    normalizers: [{ type: 'NFKC' }, { type: 'Replace', pattern: { Regex: ' {2,}' }, content: ' ' }],
  },
  pre_tokenizer: {
    type: 'Sequence',
    pretokenizers: [
      { type: 'Split', pattern: { Regex: "(?i:'s|'t)|\\p{L}+|\\s+(?!\\S)|\\s+" }, behavior: 'Isolated', invert: false },
      { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false },
    ],
  },
  post_processor: {
    type: 'TemplateProcessing',
    single: [{ SpecialToken: { id: '<s>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
    pair: [{ Sequence: { id: 'A', type_id: 0 } }, { Sequence: { id: 'B', type_id: 1 } }],
    special_tokens: { '<s>': { id: '<s>', ids: [259], tokens: ['<s>'] } },
  },
  decoder: { type: 'Sequence', decoders: [{ type: 'ByteLevel' }, { type: 'Strip', content: ' ', start: 1, stop: 1 }] },
  model: {
    type: 'BPE',
    unk_token: null,
    byte_fallback: false,
    vocab: Object.fromEntries([...byteAlphabet, 'he', 'll', 'hell'].map((token, id) => [token, id])),
    merges: [
      ['h', 'e'],
      ['l', 'l'],
      ['he', 'll'],
    ],
  },
});

/** Deletes, doubles, replaces or swaps a few characters, or cuts the text. */
function mutated(text: string, random: () => number): string {
  let result = text;
  for (let n = 1 + Math.floor(random() * 3); n > 0; n--) {
    const at = Math.floor(random() * result.length);
    const size = 1 + Math.floor(random() * 6);
    const kind = Math.floor(random() * 5);
    const piece = result.slice(at, at + size);
    const replacement = ['', piece + piece, String.fromCharCode(32 + Math.floor(random() * 95)), '-1', '"x"'][kind]!;
    result = result.slice(0, at) + replacement + result.slice(at + size);
  }
  return random() < 0.05 ? result.slice(0, Math.floor(random() * result.length)) : result;
}

/** The same with the parsed JSON: a random value somewhere inside becomes something else. */
function mutatedValue(json: unknown, random: () => number): unknown {
  const others = [null, -1, 1.5, 'x', '', [], {}, true, 1e300, 'Sequence', { type: 'Sequence' }, [[1]]];
  const other = () => others[Math.floor(random() * others.length)];
  if (typeof json !== 'object' || json === null || random() < 0.15) return other();
  const copy = structuredClone(json) as Record<string, unknown>;
  const keys = Object.keys(copy);
  if (keys.length === 0) return other();
  const key = keys[Math.floor(random() * keys.length)]!;
  if (random() < 0.1) delete copy[key];
  else copy[key] = mutatedValue(copy[key], random);
  return copy;
}

function mutatedBytes(bytes: Uint8Array, random: () => number): Uint8Array {
  const copy = bytes.slice(0, random() < 0.2 ? Math.floor(random() * bytes.length) : bytes.length);
  for (let n = 1 + Math.floor(random() * 8); n > 0 && copy.length > 0; n--) {
    // Most of the damage goes to the front, where the lengths are.
    const at = Math.floor(random() ** 3 * copy.length);
    copy[at] = Math.floor(random() * 256);
  }
  return copy;
}

/** Runs; null where it went well or was refused by name, else what was thrown. */
function unnamed(run: () => void): unknown {
  try {
    run();
    return null;
  } catch (error) {
    if (error instanceof TokenizerError && error.message !== '') return null;
    return error;
  }
}

const texts = ['', 'hello  world', "it's <s> 你好 👍", 'a\ud800b'];

function use(tokenizer: Tokenizer): void {
  for (const text of texts) {
    const { ids } = tokenizer.encode(text, text);
    tokenizer.encodeIds(text, { specialTokensInText: 'parse' });
    tokenizer.decode(ids);
  }
}

describe('damaged files', () => {
  it('tokenizer.json with damaged text', () => {
    const random = randomNumbers(1);
    for (let i = 0; i < 400; i++) {
      const text = mutated(bpe, random);
      expect(
        unnamed(() => use(Tokenizer.fromJson(text))),
        text.slice(0, 1500),
      ).toBeNull();
    }
  });

  it('tokenizer.json with damaged values', () => {
    const random = randomNumbers(2);
    for (let i = 0; i < 600; i++) {
      const json = JSON.stringify(mutatedValue(JSON.parse(bpe), random));
      expect(
        unnamed(() => use(Tokenizer.fromJson(json))),
        json.slice(0, 1500),
      ).toBeNull();
    }
  });

  it('vocab.txt, merges.txt, ranks', () => {
    const random = randomNumbers(3);
    for (let i = 0; i < 200; i++) {
      const vocab = mutated('[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\n##b\n', random);
      expect(
        unnamed(() => use(tokenizerFromFiles({ 'vocab.txt': vocab }).tokenizer)),
        vocab,
      ).toBeNull();
      const merges = mutated('#version: 0.2\nh e\nl l\nhe ll\n', random);
      expect(
        unnamed(() =>
          use(
            tokenizerFromFiles({
              'vocab.json': '{"h":0,"e":1,"l":2,"he":3,"ll":4,"hell":5,"<|endoftext|>":6}',
              'merges.txt': merges,
            }).tokenizer,
          ),
        ),
        merges,
      ).toBeNull();
      const ranks = mutated('IQ== 0\nIg== 1\nIyM= 2\n', random);
      expect(
        unnamed(() => readRanks(ranks)),
        ranks,
      ).toBeNull();
    }
  });

  it.skipIf(tokenizerData === null)('SentencePiece models', () => {
    const random = randomNumbers(4);
    for (const file of ['spm-test/bpe.model', 'spm-test/unigram-bytefallback.model', 'training/spm-bpe-v2000.model']) {
      const bytes = new Uint8Array(readFileSync(join(tokenizerData!, file)));
      for (let i = 0; i < 40; i++) {
        const damaged = mutatedBytes(bytes, random);
        const error = unnamed(() => {
          const model = new SentencePiece(readSentencePieceFile(damaged, file));
          for (const text of texts) model.decode(model.encode(text).ids);
        });
        expect(error, `${file}, damage ${i}`).toBeNull();
      }
    }
  });

  it('bytes that are not UTF-8', () => {
    expect(() => tokenizerFromFiles({ 'vocab.txt': Uint8Array.of(0x61, 0xff, 0x0a) })).toThrow(
      'vocab.txt: not valid UTF-8',
    );
  });
});
