// The tokenizer that a recipe asks for, with the special tokens of its objective.

import { type Tokenizer, trainByteLevelBpe, trainCharacters, trainUnigram, trainWordPiece } from '@yumo/tokenizer';
import type { Texts, TokenNeeds, TokenRole } from '../objectives/objective.ts';
import type { TokenizerRecipe } from '../recipe.ts';
import { roleName } from './special-tokens.ts';

/** Text for a tokenizer. */
export interface TokenizerTexts {
  readonly training: Texts;
  readonly validation: Texts;
}

/** Tokenizers that are learnt; the others come from outside. */
export type LearntTokenizer = Exclude<TokenizerRecipe, { kind: 'file' | 'init' }>;

const none: TokenNeeds = { roles: [] };

/** A tokenizer as the recipe asks. @throws TokenizerError; the signal's reason when stopped. */
export async function makeTokenizer(
  recipe: LearntTokenizer,
  { training, validation }: TokenizerTexts,
  needs: TokenNeeds = none,
  signal?: AbortSignal,
): Promise<Tokenizer> {
  const stop = signal ? { signal } : {};
  const { roles, extra = [] } = needs;
  switch (recipe.kind) {
    // The validation part may hold characters that training has not; they need an id too.
    case 'characters': {
      const own = framed(roles, extra);
      return trainCharacters(chained(training, validation), { ...own, ...stop });
    }
    case 'byte-level-bpe':
      return trainByteLevelBpe(training, {
        vocabularySize: recipe.vocabularySize,
        minFrequency: recipe.minFrequency,
        ...framed(roles, [...recipe.specialTokens, ...extra]),
        ...stop,
      });
    case 'unigram': {
      const { normalizer } = recipe;
      return trainUnigram(training, {
        vocabularySize: recipe.vocabularySize,
        normalizer: normalizer === 'none' ? null : { type: normalizer === 'nfc' ? 'NFC' : 'NFKC' },
        ...framed([...roles, 'unknown'], [...recipe.specialTokens, ...extra]),
        ...stop,
      });
    }
    case 'word-piece':
      return trainWordPiece(training, {
        vocabularySize: recipe.vocabularySize,
        minFrequency: recipe.minFrequency,
        limitAlphabet: recipe.limitAlphabet ?? null,
        normalizer: {
          type: 'BertNormalizer',
          clean_text: true,
          handle_chinese_chars: true,
          strip_accents: null,
          lowercase: recipe.lowercase,
        },
        specialTokens: ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', ...recipe.specialTokens, ...extra],
        ...stop,
      });
  }
}

async function* chained(...parts: readonly Texts[]): AsyncGenerator<readonly string[]> {
  for (const part of parts) {
    if (Symbol.asyncIterator in part) yield* part;
    else for (const text of part) yield [text];
  }
}

/** Special tokens by role, and the template that puts start and end where the roles ask for them. */
function framed(roles: readonly TokenRole[], extra: readonly string[]) {
  const wanted = (['padding', 'start', 'end', 'unknown', 'mask'] as const).filter((r) => roles.includes(r));
  const specialTokens = [...wanted.map((r) => roleName(r, 'sentencepiece')), ...extra];
  const own = (role: 'start' | 'end'): string | undefined =>
    roles.includes(role) ? roleName(role, 'sentencepiece') : undefined;
  const [start, end] = [own('start'), own('end')];
  if (start === undefined && end === undefined) return { specialTokens };
  const piece = (id: string | undefined, type: 0 | 1) =>
    id === undefined ? [] : [{ SpecialToken: { id, type_id: type } }];
  const text = (id: 'A' | 'B', type: 0 | 1) => ({ Sequence: { id, type_id: type } });
  const tokens = [start, end].filter((t) => t !== undefined);
  return {
    specialTokens,
    postProcessor: {
      type: 'TemplateProcessing' as const,
      single: [...piece(start, 0), text('A', 0), ...piece(end, 0)],
      pair: [...piece(start, 0), text('A', 0), ...piece(end, 0), text('B', 1), ...piece(end, 1)],
      special_tokens: Object.fromEntries(
        tokens.map((id) => [id, { id, ids: [specialTokens.indexOf(id)], tokens: [id] }]),
      ),
    },
  };
}
