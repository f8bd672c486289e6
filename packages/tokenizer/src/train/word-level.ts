// Training of word-level vocabularies: the commonest words, whole.
import { Tokenizer } from '../tokenizer.ts';
import type { TextSource } from './count-words.ts';
import {
  checkTrainOptions,
  countTrainingWords,
  frameOf,
  specialTokensOf,
  type TrainOptions,
  tokenizerJson,
  vocabularyOf,
} from './options.ts';
import { Pace } from './pace.ts';
import type { WordCounts } from './word-counts.ts';

export interface WordLevelTrainOptions extends TrainOptions {
  /** Rarer words get no token. Default 0. */
  minFrequency?: number;
  /** Stands for all other words. Default `<unk>`. Null: the vocabulary has none, and other words cannot be encoded. */
  unknownToken?: string | null;
}

/**
 * The commonest words in falling order of count; of equally common ones the smaller by code points first.
 *
 * @throws TokenizerError ARGUMENT for options out of range; the signal's reason when stopped.
 */
export async function trainWordLevel(texts: TextSource, options: WordLevelTrainOptions = {}): Promise<Tokenizer> {
  checkTrainOptions('trainWordLevel', options, ['minFrequency', 'unknownToken']);
  const vocabularySize = options.vocabularySize ?? 30_000;
  const unknown = options.unknownToken === undefined ? '<unk>' : options.unknownToken;
  const specialTokens = specialTokensOf(options.specialTokens ?? [], unknown, vocabularySize);
  const frame = frameOf(options, {
    normalizer: null,
    preTokenizer: { type: 'Whitespace' },
    postProcessor: null,
    decoder: null,
  });
  const pace = new Pace(options);
  const words = await countTrainingWords(texts, 'words', frame, options, pace);
  const common = commonestWords(words, options.minFrequency ?? 0);
  const tokens = [...new Set([...specialTokens, ...common])].slice(0, vocabularySize);
  // The layout has no way to say "no unknown token"; the Rust library writes the one it would look for.
  const model = { type: 'WordLevel' as const, unk_token: unknown ?? '<unk>', vocab: vocabularyOf(tokens) };
  return Tokenizer.fromJson(tokenizerJson(model, frame, specialTokens));
}

function commonestWords(words: WordCounts, minFrequency: number): string[] {
  const order = Array.from({ length: words.size }, (_, i) => i).filter((i) => words.counts[i]! >= minFrequency);
  order.sort((a, b) => words.counts[b]! - words.counts[a]! || compareWords(words, a, b));
  return order.map((i) => words.word(i));
}

/** Order by code points. UTF-16 units alone would put U+10000 before U+E000. */
function compareWords({ units, starts }: WordCounts, a: number, b: number): number {
  const [startA, startB] = [starts[a]!, starts[b]!];
  const [lengthA, lengthB] = [starts[a + 1]! - startA, starts[b + 1]! - startB];
  for (let i = 0; i < lengthA && i < lengthB; i++) {
    const [x, y] = [units[startA + i]!, units[startB + i]!];
    if (x === y) continue;
    const [highX, highY] = [(x & 0xf800) === 0xd800, (y & 0xf800) === 0xd800];
    return highX === highY ? x - y : highX ? 1 : -1;
  }
  return lengthA - lengthB;
}
