// Random compositions of everything that a tokenizer.json may hold, the same for the same random numbers.
import { AlignedText, wellFormed } from '../src/aligned-text.ts';
import { byteAlphabet } from '../src/byte-alphabet.ts';
import type {
  AddedTokenJson,
  DecoderJson,
  ModelJson,
  NormalizerJson,
  PaddingJson,
  PatternJson,
  PostProcessorJson,
  PreTokenizerJson,
  SplitBehavior,
  TemplatePiece,
  TokenizerJson,
  TruncationJson,
} from '../src/index.ts';
import { readNormalizer } from '../src/normalizers.ts';
import { readPreTokenizer } from '../src/pre-tokenizers.ts';
import { randomText } from './random-text.ts';

/** Random choices from one source of numbers. */
class Choice {
  private readonly random: () => number;

  constructor(random: () => number) {
    this.random = random;
  }

  below(n: number): number {
    return Math.floor(this.random() * n);
  }

  chance(probability: number): boolean {
    return this.random() < probability;
  }

  of<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  flag(): boolean {
    return this.chance(0.5);
  }

  list<T>(most: number, make: () => T): T[] {
    return Array.from({ length: this.below(most + 1) }, make);
  }
}

/** Texts for a random tokenizer: hard ones, plain ones, and ones with its added tokens. */
export function textFor(random: () => number, json: TokenizerJson): string {
  const choice = new Choice(random);
  const contents = (json.added_tokens ?? []).map((token) => token.content);
  const part = () => {
    const kind = choice.below(6);
    if (kind < 2) return randomText(random);
    if (kind < 3 && contents.length > 0) return choice.of(contents);
    return choice.of(plainWords) + choice.of([' ', ' ', '', '  ', ', ', '-', '\n']);
  };
  return choice.list(8, part).join('');
}

const plainWords =
  "the cat sat on mat and hello world don't It's we'll 2024 3.14 naïve Café unaffable __init__ foo(bar) 你好 世界人民 こんにちは 한국어 Привет мир ▁x a▁b <0x41> x__y ABCdef".split(
    ' ',
  );

const patterns: readonly PatternJson[] = [
  { String: ' ' },
  { String: '▁' },
  { String: 'a' },
  { String: '' },
  { String: '--' },
  { Regex: '\\s+' },
  { Regex: ' {2,}' },
  { Regex: '\\d' },
  { Regex: '\\p{N}{1,3}' },
  { Regex: '\\w+|[^\\w\\s]+' },
  {
    Regex:
      "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
  },
  { Regex: "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+" },
  { Regex: '[aeiou]*' },
  { Regex: '(?<=[a-z])(?=[A-Z])' },
  { Regex: '^|$' },
  { Regex: '\\b' },
  { Regex: '[^\\p{L}]' },
  { Regex: '[一-龥]' },
  { Regex: '.' },
  { Regex: '(?i)the|\\bcat\\b' },
  { Regex: '[[:punct:]]' },
  { Regex: '\\p{Han}+' },
];

const behaviors: readonly SplitBehavior[] = [
  'Removed',
  'Isolated',
  'MergedWithPrevious',
  'MergedWithNext',
  'Contiguous',
];

function normalizer(choice: Choice, characterMap: string | null, depth = 0): NormalizerJson {
  const simple = ['NFC', 'NFD', 'NFKC', 'NFKD', 'Lowercase', 'StripAccents', 'Nmt'] as const;
  switch (choice.below(depth < 2 ? 9 : 7)) {
    case 0:
    case 1:
      return { type: choice.of(simple) };
    case 2:
      return { type: 'Strip', strip_left: choice.flag(), strip_right: choice.flag() };
    case 3:
      return { type: 'Prepend', prepend: choice.of(['▁', ' ', 'ab', '👍']) };
    case 4:
      return { type: 'Replace', pattern: choice.of(patterns), content: choice.of(['', ' ', '▁', 'xy', '👍']) };
    case 5:
      return {
        type: 'BertNormalizer',
        clean_text: choice.flag(),
        handle_chinese_chars: choice.flag(),
        strip_accents: choice.of([true, false, null]),
        lowercase: choice.flag(),
      };
    case 6:
      if (choice.chance(0.3)) return { type: 'ByteLevel' };
      return characterMap === null ? { type: 'NFKC' } : { type: 'Precompiled', precompiled_charsmap: characterMap };
    default:
      return { type: 'Sequence', normalizers: choice.list(4, () => normalizer(choice, characterMap, depth + 1)) };
  }
}

function preTokenizer(choice: Choice, depth = 0): PreTokenizerJson {
  switch (choice.below(depth < 2 ? 12 : 10)) {
    case 0:
    case 1:
      return { type: choice.of(['BertPreTokenizer', 'Whitespace', 'WhitespaceSplit', 'UnicodeScripts']) };
    case 2:
    case 3:
      return {
        type: 'ByteLevel',
        add_prefix_space: choice.flag(),
        trim_offsets: choice.flag(),
        use_regex: choice.flag(),
      };
    case 4:
    case 5:
      return {
        type: 'Metaspace',
        replacement: choice.of(['▁', '_', '👍']),
        prepend_scheme: choice.of(['always', 'first', 'never']),
        split: choice.flag(),
      };
    case 6:
      return { type: 'CharDelimiterSplit', delimiter: choice.of(['-', ' ', 'a', '界', '👍']) };
    case 7:
      return { type: 'Punctuation', behavior: choice.of(behaviors) };
    case 8:
      if (choice.chance(0.3)) return { type: 'FixedLength', length: 1 + choice.below(6) };
      return { type: 'Digits', individual_digits: choice.flag() };
    case 9:
      return { type: 'Split', pattern: choice.of(patterns), behavior: choice.of(behaviors), invert: choice.flag() };
    default:
      return { type: 'Sequence', pretokenizers: choice.list(4, () => preTokenizer(choice, depth + 1)) };
  }
}

function decoder(choice: Choice, depth = 0): DecoderJson {
  switch (choice.below(depth < 2 ? 11 : 9)) {
    case 0:
      return { type: 'WordPiece', prefix: choice.of(['##', '', '▁']), cleanup: choice.flag() };
    case 1:
      return { type: choice.of(['ByteFallback', 'Fuse']) };
    case 2:
      return {
        type: 'ByteLevel',
        add_prefix_space: choice.flag(),
        trim_offsets: choice.flag(),
        use_regex: choice.flag(),
      };
    case 3:
      return {
        type: 'Metaspace',
        replacement: choice.of(['▁', '_']),
        prepend_scheme: choice.of(['always', 'first', 'never']),
        split: choice.flag(),
      };
    case 4:
      return { type: 'BPEDecoder', suffix: choice.of(['</w>', '', 'e']) };
    // A `stop` above 0 aborts the reference on short tokens.
    case 5:
      return { type: 'Strip', content: choice.of([' ', '▁', 'a']), start: choice.below(3), stop: 0 };
    case 6:
      return { type: 'Replace', pattern: choice.of(patterns), content: choice.of(['', ' ', 'xy']) };
    case 7:
    case 8:
      return {
        type: 'CTC',
        pad_token: choice.of(['<pad>', 'a', '']),
        word_delimiter_token: choice.of(['|', ' ', '']),
        cleanup: choice.flag(),
      };
    default:
      return { type: 'Sequence', decoders: choice.list(4, () => decoder(choice, depth + 1)) };
  }
}

function template(choice: Choice, special: readonly AddedTokenJson[]): PostProcessorJson {
  const token = (): TemplatePiece => ({ SpecialToken: { id: choice.of(special).content, type_id: choice.below(3) } });
  const tokens = () => (special.length === 0 ? [] : choice.list(2, token));
  const sequence = (id: 'A' | 'B'): TemplatePiece => ({ Sequence: { id, type_id: choice.below(3) } });
  const [first, second] = choice.chance(0.8) ? (['A', 'B'] as const) : (['B', 'A'] as const);
  return {
    type: 'TemplateProcessing',
    single: [...tokens(), sequence('A'), ...tokens()],
    pair: [...tokens(), sequence(first), ...tokens(), sequence(second), ...tokens()],
    special_tokens: Object.fromEntries(
      special.map(({ content, id }) => [content, { id: content, ids: [id], tokens: [content] }]),
    ),
  };
}

function postProcessor(choice: Choice, special: readonly AddedTokenJson[], depth = 0): PostProcessorJson {
  const pair = (): [string, number] => {
    const token = special.length > 0 ? choice.of(special) : { content: '[X]', id: 0 };
    return [token.content, token.id];
  };
  switch (choice.below(depth === 0 ? 6 : 4)) {
    case 0:
      return { type: 'BertProcessing', sep: pair(), cls: pair() };
    case 1:
      return {
        type: 'RobertaProcessing',
        sep: pair(),
        cls: pair(),
        trim_offsets: choice.flag(),
        add_prefix_space: choice.flag(),
      };
    case 2:
      return {
        type: 'ByteLevel',
        add_prefix_space: choice.flag(),
        trim_offsets: choice.flag(),
        use_regex: choice.flag(),
      };
    case 3:
    case 4:
      return template(choice, special);
    default: {
      const byteLevel = () =>
        ({ type: 'ByteLevel', add_prefix_space: choice.flag(), trim_offsets: choice.flag() }) as const;
      // A second template or frame would meet three parts, where the reference aborts.
      return { type: 'Sequence', processors: [...choice.list(2, byteLevel), postProcessor(choice, special, 1)] };
    }
  }
}

/** Substrings of the pieces, as lists of characters. */
function fragments(choice: Choice, pieces: readonly string[], count: number): string[][] {
  return Array.from({ length: count }, () => {
    const characters = [...choice.of(pieces)];
    const from = choice.chance(0.5) ? 0 : choice.below(characters.length);
    return characters.slice(from, from + 2 + choice.below(5));
  }).filter((characters) => characters.length > 1);
}

const byteTokens = Array.from({ length: 256 }, (_, b) => `<0x${b.toString(16).toUpperCase().padStart(2, '0')}>`);

function model(choice: Choice, pieces: readonly string[]): ModelJson {
  const characters = [...new Set(pieces.flatMap((piece) => [...piece]))].filter(() => choice.chance(0.9));
  const numbered = (tokens: readonly string[]) =>
    Object.fromEntries([...new Set(tokens)].map((token, id) => [token, id]));
  switch (choice.below(5)) {
    case 0:
      return {
        type: 'WordLevel',
        vocab: numbered(['[UNK]', ...pieces.filter(() => choice.chance(0.6))]),
        unk_token: '[UNK]',
      };
    case 1: {
      const prefix = choice.of(['##', '##', '', '▁']);
      const parts = [...characters, ...fragments(choice, pieces, 80).map((part) => part.join(''))];
      return {
        type: 'WordPiece',
        unk_token: '[UNK]',
        continuing_subword_prefix: prefix,
        max_input_chars_per_word: choice.of([100, 100, 5]),
        vocab: numbered(['[UNK]', ...parts, ...parts.filter(() => choice.chance(0.8)).map((part) => prefix + part)]),
      };
    }
    case 2: {
      const byteFallback = choice.flag();
      const parts = [...characters, ...fragments(choice, pieces, 120).map((part) => part.join(''))];
      const tokens = [...new Set(['<unk>', ...(byteFallback ? byteTokens : []), ...parts])];
      return {
        type: 'Unigram',
        unk_id: 0,
        byte_fallback: byteFallback,
        vocab: tokens.map((token) => [token, choice.chance(0.2) ? -5 : -Math.round(choice.below(1e6)) / 1e5]),
      };
    }
    default:
      return bpe(choice, pieces, characters, numbered);
  }
}

function bpe(
  choice: Choice,
  pieces: readonly string[],
  characters: readonly string[],
  numbered: (tokens: readonly string[]) => Record<string, number>,
): ModelJson {
  const prefix = choice.chance(0.25) ? '##' : '';
  const suffix = choice.chance(0.25) ? '</w>' : '';
  // Byte fallback of a prefix or a suffix: there the reference's positions run past the end of the piece.
  const byteFallback = prefix === '' && suffix === '' && choice.chance(0.5);
  const unknown = choice.chance(0.6);
  const tokens = new Set([
    ...(unknown ? ['<unk>'] : []),
    ...(byteFallback ? (choice.chance(0.8) ? byteTokens : byteTokens.slice(0, 200)) : []),
    ...(choice.chance(0.4) ? byteAlphabet : []),
    ...characters,
    ...(prefix === '' ? [] : characters.map((c) => prefix + c)),
    ...(suffix === '' ? [] : characters.flatMap((c) => [c + suffix, prefix + c + suffix])),
  ]);
  const merges = new Map<string, [string, string]>();
  for (const part of fragments(choice, pieces, 200)) {
    const starts = prefix === '' || choice.flag();
    const ends = suffix !== '' && choice.flag();
    let symbols = part.map(
      (c, i) => (i === 0 && starts ? '' : prefix) + c + (ends && i === part.length - 1 ? suffix : ''),
    );
    while (symbols.length > 1) {
      const at = choice.below(symbols.length - 1);
      const [left, right] = [symbols[at]!, symbols[at + 1]!];
      const joined = left + right.slice(prefix.length);
      for (const token of [left, right, joined]) tokens.add(token);
      merges.set(`${left} ${right}`, [left, right]);
      symbols = [...symbols.slice(0, at), joined, ...symbols.slice(at + 2)];
    }
  }
  const order = [...merges.values()].map((merge) => ({ merge, key: choice.below(1e9) })).sort((a, b) => a.key - b.key);
  return {
    type: 'BPE',
    dropout: choice.of([null, null, 0]),
    unk_token: unknown ? '<unk>' : null,
    continuing_subword_prefix: prefix === '' ? choice.of([null, '']) : prefix,
    end_of_word_suffix: suffix === '' ? choice.of([null, '']) : suffix,
    fuse_unk: choice.flag(),
    byte_fallback: byteFallback,
    ignore_merges: choice.chance(0.3),
    vocab: numbered([...tokens]),
    merges: order.map(({ merge }) => merge),
  };
}

/** `normalize`: two tokens that become the same text, or one that becomes none, are no case: the reference then matches by chance. */
function addedTokens(choice: Choice, json: ModelJson, normalize: ((text: string) => string) | null): AddedTokenJson[] {
  const vocabulary = Array.isArray(json.vocab) ? json.vocab.map(([token]) => token) : Object.keys(json.vocab);
  const contents = [
    '[CLS]',
    '[SEP]',
    '<s>',
    '<mask>',
    'the',
    ' x',
    'é',
    'É',
    '1',
    '你好',
    'cat ',
    'don',
    '▁',
    '  ',
    'ﬁ',
  ];
  const chosen = new Set([
    ...choice.list(5, () => choice.of(contents)),
    ...choice.list(1, () => choice.of(vocabulary)),
  ]);
  chosen.delete('');
  let next = vocabulary.length;
  const patterns = new Set<string>(['']);
  const isNew = (content: string) => {
    const pattern = normalize === null ? content : normalize(content);
    const fresh = !patterns.has(pattern);
    patterns.add(pattern);
    return fresh;
  };
  return [...chosen]
    .filter(isNew)
    .map((content) => {
      const known = vocabulary.indexOf(content);
      return {
        id: known < 0 ? next++ : known,
        content,
        single_word: choice.chance(0.25),
        lstrip: choice.chance(0.25),
        rstrip: choice.chance(0.25),
        normalized: choice.flag(),
        special: choice.flag(),
      };
    })
    .sort((a, b) => a.id - b.id);
}

function truncation(choice: Choice): TruncationJson {
  return {
    direction: choice.of(['Left', 'Right']),
    max_length: 4 + choice.below(16),
    strategy: choice.of(['LongestFirst', 'LongestFirst', 'OnlyFirst', 'OnlySecond']),
    stride: choice.below(3),
  };
}

function padding(choice: Choice): PaddingJson {
  return {
    strategy: choice.flag() ? 'BatchLongest' : { Fixed: choice.below(24) },
    direction: choice.of(['Left', 'Right']),
    pad_to_multiple_of: choice.of([null, 0, 1, 8]),
    pad_id: choice.below(3),
    pad_type_id: choice.below(2),
    pad_token: choice.of(['[PAD]', '']),
  };
}

/** A random tokenizer.json whose vocabulary was cut from what its normalizer and pre-tokenizer make of random texts. */
export function randomTokenizer(random: () => number, characterMap: string | null): TokenizerJson {
  const choice = new Choice(random);
  const normalizerJson = choice.chance(0.65) ? normalizer(choice, characterMap) : null;
  const preTokenizerJson = choice.chance(0.8) ? preTokenizer(choice) : null;
  const normalize = normalizerJson === null ? null : readNormalizer(normalizerJson, 'normalizer');
  const split = preTokenizerJson === null ? null : readPreTokenizer(preTokenizerJson, 'pre_tokenizer');
  const empty: TokenizerJson = { version: '1.0', model: { type: 'WordLevel', vocab: {}, unk_token: '' } };
  const pieces: string[] = [];
  while (pieces.length < 60) {
    const text = new AlignedText(wellFormed(`${textFor(random, empty)} ${choice.of(plainWords)}`));
    const normalized = normalize === null ? text : normalize(text);
    for (const piece of split === null ? [normalized] : split(normalized))
      if (piece.length > 0) pieces.push(piece.text);
    if (choice.chance(0.01)) pieces.push('a');
  }
  const modelJson = model(choice, pieces);
  const added = addedTokens(
    choice,
    modelJson,
    normalize === null ? null : (text) => normalize(new AlignedText(text)).text,
  );
  return {
    version: '1.0',
    truncation: choice.chance(0.3) ? truncation(choice) : null,
    padding: choice.chance(0.25) ? padding(choice) : null,
    added_tokens: added,
    normalizer: normalizerJson,
    pre_tokenizer: preTokenizerJson,
    post_processor: choice.chance(0.7)
      ? postProcessor(
          choice,
          added.filter((token) => token.special),
        )
      : null,
    decoder: choice.chance(0.85) ? decoder(choice) : null,
    model: modelJson,
  };
}
