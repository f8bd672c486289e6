// Random texts through this package and through the Rust library: every column equal. YUMO_FUZZ sets the number of texts
// for each vocabulary (default 300; the full run is 100000).
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { wellFormed } from '../src/aligned-text.ts';
import { Tokenizer } from '../src/index.ts';
import { newerThanReferences, randomNumbers, randomText } from './random-text.ts';
import { reference } from './reference.ts';
import { tokenizerData } from './shared-data.ts';

const count = Number(process.env.YUMO_FUZZ ?? 300);
const files = [
  'bert-base-uncased/tokenizer.json',
  'bert-base-chinese/tokenizer.json',
  'gpt2/tokenizer.json',
  'roberta-base/tokenizer.json',
  'clip/tokenizer.json',
  't5-base/tokenizer.json',
  'albert-base/tokenizer.json',
  'llama-2/tokenizer.json',
  'spm-test/unigram-bytefallback.tokenizer.json',
];

interface Answer {
  ids: number[];
  tokens: string[];
  offsets: number[];
  words: number[];
  decoded: string;
  plain: string;
}

describe.skipIf(tokenizerData === null)(`${count} random texts are encoded and decoded as by the Rust library`, () => {
  for (const [index, file] of files.entries()) {
    it(file, { timeout: 60_000 + 20 * count }, async () => {
      using rust = reference();
      const path = join(tokenizerData!, file);
      await rust.ask({ load: path });
      const tokenizer = Tokenizer.fromJson(readFileSync(path, 'utf8'), { file });
      const random = randomNumbers(Number(process.env.YUMO_FUZZ_SEED ?? 1) + index);
      for (let done = 0; done < count; done += 250) {
        const texts = Array.from({ length: Math.min(250, count - done) }, () => randomText(random)).filter(
          (text) => !newerThanReferences.test(text),
        );
        const answers = (await rust.ask({ texts: texts.map(wellFormed) })) as Answer[];
        texts.forEach((text, i) => {
          const options = { specialTokensInText: 'parse', offsetUnit: 'codePoint' } as const;
          const encoding = tokenizer.encode(text, null, options);
          const got: Answer = {
            ids: [...encoding.ids],
            tokens: [...encoding.tokens],
            offsets: [...encoding.offsets],
            words: [...encoding.wordIds],
            decoded: tokenizer.decode(encoding.ids),
            plain: tokenizer.decode(encoding.ids, { skipSpecialTokens: true }),
          };
          expect({ text, ...got }).toEqual({ text, ...answers[i]! });
          expect([...tokenizer.encodeIds(text, options)]).toEqual(got.ids);
        });
      }
    });
  }
});
