// What the Python classes named in tokenizer_config.json do with a vocabulary that is no tokenizer.json: one row a class.
import type { CheckedJson } from '../checked-json.ts';
import { nearest, show, TokenizerError } from '../errors.ts';
import { readSentencePieceFile, type SentencePieceFile } from '../sentencepiece/model-file.ts';
import { added, byteFallbackDecoder, byteLevel, metaspace, template, tokenizerJson } from './parts.ts';
import { bpeModel, controlTokens, precompiled, sentencePieceToJson, unigramModel } from './sentencepiece-json.ts';
import type { AddedTokenJson, NormalizerJson, PreTokenizerJson, TokenizerJson } from './tokenizer-json.ts';
import { type FileContent, readMergesTxt, readVocabJson, readVocabTxt } from './vocabulary-files.ts';

/** The files of a model's folder by their names. */
export type TokenizerFiles = Readonly<Record<string, FileContent | undefined>>;

/** Builds the tokenizer.json of a class from its files and the settings of tokenizer_config.json. */
type ClassRow = (files: TokenizerFiles, config: CheckedJson) => TokenizerJson;

const bert: ClassRow = (files, config) => {
  const vocab = readVocabTxt(need(files, 'vocab.txt'));
  const names = ['pad', 'unk', 'cls', 'sep', 'mask'].map((role) => tokenOf(config, role, `[${role.toUpperCase()}]`));
  const id = idIn(vocab, 'vocab.txt');
  const [, unknown, cls, sep] = names as [string, string, string, string];
  return tokenizerJson({
    added: names.filter((token) => Object.hasOwn(vocab, token)).map((token) => added(id(token), token)),
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: config.boolean('tokenize_chinese_chars', true),
      strip_accents: config.has('strip_accents') ? config.boolean('strip_accents') : null,
      lowercase: config.boolean('do_lower_case', true),
    },
    preTokenizer: { type: 'BertPreTokenizer' },
    postProcessor: template(`${cls} $A ${sep}`, `${cls} $A ${sep} $B:1 ${sep}:1`, id),
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: unknown,
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab,
    },
  });
};

/** Vocabulary and merges under either of their names. */
function bpeFiles(files: TokenizerFiles): { vocab: Record<string, number>; merges: [string, string][] } {
  return {
    vocab: readVocabJson(need(files, 'vocab.json', 'encoder.json')),
    merges: readMergesTxt(need(files, 'merges.txt', 'vocab.bpe')),
  };
}

function bpe(
  files: TokenizerFiles,
  settings: { unknown?: string; suffix?: string; empty?: '' | null } = {},
): TokenizerJson['model'] {
  const { vocab, merges } = bpeFiles(files);
  return {
    type: 'BPE',
    dropout: null,
    unk_token: settings.unknown ?? null,
    continuing_subword_prefix: settings.empty === undefined ? '' : settings.empty,
    end_of_word_suffix: settings.suffix ?? (settings.empty === undefined ? '' : settings.empty),
    fuse_unk: false,
    byte_fallback: false,
    ignore_merges: false,
    vocab,
    merges,
  };
}

const gpt2: ClassRow = (files, config) => {
  const model = bpe(files);
  const id = idIn(model.vocab as Record<string, number>, 'vocab.json');
  const tokens = new Set(['bos', 'eos', 'unk'].map((role) => tokenOf(config, role, '<|endoftext|>')));
  const begin = tokenOf(config, 'bos', '<|endoftext|>');
  const addPrefixSpace = config.boolean('add_prefix_space', false);
  return tokenizerJson({
    added: [...tokens].map((token) => added(id(token), token, { normalized: true })),
    preTokenizer: { ...byteLevel, add_prefix_space: addPrefixSpace },
    postProcessor: config.boolean('add_bos_token', false)
      ? template(`${begin} $A`, `${begin} $A ${begin} $B:1`, id)
      : { ...byteLevel, trim_offsets: false },
    decoder: byteLevel,
    model,
  });
};

const roberta: ClassRow = (files, config) => {
  const model = bpe(files);
  const id = idIn(model.vocab as Record<string, number>, 'vocab.json');
  const token = (role: string, usual: string) => tokenOf(config, role, usual);
  const [begin, pad, end, unknown, mask] = [
    token('bos', '<s>'),
    token('pad', '<pad>'),
    token('eos', '</s>'),
    token('unk', '<unk>'),
    token('mask', '<mask>'),
  ];
  const addPrefixSpace = config.boolean('add_prefix_space', false);
  return tokenizerJson({
    added: [
      ...[begin, pad, end, unknown].map((content) => added(id(content), content, { normalized: true })),
      added(id(mask), mask, { lstrip: true }),
    ],
    preTokenizer: { ...byteLevel, add_prefix_space: addPrefixSpace },
    postProcessor: {
      type: 'RobertaProcessing',
      sep: [token('sep', end), id(token('sep', end))],
      cls: [token('cls', begin), id(token('cls', begin))],
      trim_offsets: true,
      add_prefix_space: addPrefixSpace,
    },
    decoder: byteLevel,
    model,
  });
};

const clip: ClassRow = (files, config) => {
  const [begin, end] = [tokenOf(config, 'bos', '<|startoftext|>'), tokenOf(config, 'eos', '<|endoftext|>')];
  const model = bpe(files, { unknown: tokenOf(config, 'unk', '<|endoftext|>'), suffix: '</w>' });
  const id = idIn(model.vocab as Record<string, number>, 'vocab.json');
  return tokenizerJson({
    added: [added(id(begin), begin, { normalized: true }), added(id(end), end)],
    normalizer: {
      type: 'Sequence',
      normalizers: [
        { type: 'NFC' },
        { type: 'Replace', pattern: { Regex: '\\s+' }, content: ' ' },
        { type: 'Lowercase' },
      ],
    },
    preTokenizer: {
      type: 'Sequence',
      pretokenizers: [
        {
          type: 'Split',
          pattern: { Regex: "'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+" },
          behavior: 'Removed',
          invert: true,
        },
        { ...byteLevel, add_prefix_space: false },
      ],
    },
    postProcessor: {
      type: 'RobertaProcessing',
      sep: [end, id(end)],
      cls: [begin, id(begin)],
      trim_offsets: false,
      add_prefix_space: false,
    },
    decoder: byteLevel,
    model,
  });
};

/** The split pattern of Qwen 2: cl100k_base with digits one by one. */
const qwen2Pattern =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

const qwen2: ClassRow = (files) => {
  const model = bpe(files);
  const { vocab } = model as { vocab: Record<string, number> };
  let next = Math.max(...Object.values(vocab)) + 1;
  const plain = { ...byteLevel, add_prefix_space: false, trim_offsets: false, use_regex: false };
  return tokenizerJson({
    added: ['<|endoftext|>', '<|im_start|>', '<|im_end|>'].map((token) => added(vocab[token] ?? next++, token)),
    normalizer: { type: 'NFC' },
    preTokenizer: {
      type: 'Sequence',
      pretokenizers: [{ type: 'Split', pattern: { Regex: qwen2Pattern }, behavior: 'Isolated', invert: false }, plain],
    },
    postProcessor: plain,
    decoder: plain,
    model,
  });
};

const words: PreTokenizerJson = { type: 'Sequence', pretokenizers: [{ type: 'WhitespaceSplit' }, metaspace] };

const t5: ClassRow = (files, config) => {
  const file = sentencePiece(files, 'spiece.model');
  const model = unigramModel(file);
  const extra = config.count('extra_ids', 100);
  const first = model.vocab.length;
  // The sentinels count downwards: <extra_id_0> has the highest id.
  for (let i = 0; i < extra; i++) model.vocab.push([`<extra_id_${extra - 1 - i}>`, 0]);
  const id = idOfPieces(model.vocab);
  const end = tokenOf(config, 'eos', '</s>');
  const names = [tokenOf(config, 'pad', '<pad>'), end, tokenOf(config, 'unk', '<unk>')];
  return tokenizerJson({
    added: [...names, ...model.vocab.slice(first).map(([token]) => token)].map((token) => added(id(token), token)),
    normalizer: only(precompiled(file)),
    preTokenizer: words,
    postProcessor: template(`$A ${end}`, `$A ${end} $B ${end}`, id),
    decoder: metaspace,
    model,
  });
};

const albert: ClassRow = (files, config) => {
  const file = sentencePiece(files, 'spiece.model');
  const model = unigramModel(file);
  const id = idOfPieces(model.vocab);
  const [cls, sep, mask] = [
    tokenOf(config, 'cls', '[CLS]'),
    tokenOf(config, 'sep', '[SEP]'),
    tokenOf(config, 'mask', '[MASK]'),
  ];
  const normalizers: NormalizerJson[] = [
    { type: 'Replace', pattern: { String: '``' }, content: '"' },
    { type: 'Replace', pattern: { String: "''" }, content: '"' },
  ];
  if (!config.boolean('keep_accents', false)) normalizers.push({ type: 'NFKD' }, { type: 'StripAccents' });
  if (config.boolean('do_lower_case', true)) normalizers.push({ type: 'Lowercase' });
  normalizers.push(...precompiled(file), { type: 'Replace', pattern: { Regex: ' {2,}' }, content: ' ' });
  return tokenizerJson({
    added: [
      ...[tokenOf(config, 'pad', '<pad>'), tokenOf(config, 'unk', '<unk>'), cls, sep].map((token) =>
        added(id(token), token),
      ),
      added(id(mask), mask, { lstrip: true }),
    ],
    normalizer: { type: 'Sequence', normalizers },
    preTokenizer: words,
    postProcessor: template(`${cls} $A ${sep}`, `${cls} $A ${sep} $B:1 ${sep}:1`, id),
    decoder: metaspace,
    model,
  });
};

/** XLM-R keeps fairseq's order: its own four tokens first, then the pieces without SentencePiece's first three, then the mask. */
const xlmRoberta: ClassRow = (files, config) => {
  const file = sentencePiece(files, 'sentencepiece.bpe.model');
  const own = ['<s>', '<pad>', '</s>', '<unk>'];
  const model = unigramModel(file);
  model.vocab = [...own.map((token): [string, number] => [token, 0]), ...model.vocab.slice(3), ['<mask>', 0]];
  model.unk_id = 3;
  const id = idOfPieces(model.vocab);
  const [begin, end] = [tokenOf(config, 'cls', '<s>'), tokenOf(config, 'sep', '</s>')];
  return tokenizerJson({
    added: [...own.map((token) => added(id(token), token)), added(id('<mask>'), '<mask>', { lstrip: true })],
    normalizer: only([...precompiled(file), { type: 'Replace', pattern: { Regex: ' {2,}' }, content: ' ' }]),
    preTokenizer: words,
    postProcessor: template(`${begin} $A ${end}`, `${begin} $A ${end} ${end} $B ${end}`, id),
    decoder: metaspace,
    model,
  });
};

const llama: ClassRow = (files, config) => {
  const file = sentencePiece(files, 'tokenizer.model');
  const model = file.algorithm === 'bpe' ? bpeModel(file) : unigramModel(file);
  const pieces = controlTokens(file);
  const id = idOfPieces(file.pieces.map(({ text }) => [text, 0]));
  const begin = config.boolean('add_bos_token', true) ? `${tokenOf(config, 'bos', '<s>')} ` : '';
  const end = config.boolean('add_eos_token', false) ? ` ${tokenOf(config, 'eos', '</s>')}` : '';
  const second = (text: string) => text.replace(/\S+/, '$&:1');
  return tokenizerJson({
    added: pieces.map((token): AddedTokenJson => ({ ...token, normalized: true })),
    normalizer: {
      type: 'Sequence',
      normalizers: [
        { type: 'Prepend', prepend: '▁' },
        { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
      ],
    },
    postProcessor:
      begin === '' && end === ''
        ? null
        : template(`${begin}$A${end}`, `${begin}$A${end} ${second(begin)}$B:1${second(end)}`, id),
    decoder: byteFallbackDecoder,
    model,
  });
};

/** Marian: SentencePiece cuts the text, and a vocabulary shared by both languages gives the ids. */
const marian: ClassRow = (files, config) => {
  const file = sentencePiece(files, 'source.spm');
  const vocab = readVocabJson(need(files, 'vocab.json'));
  const scores = new Map(file.pieces.map(({ text, score, type }) => [text, type === 'normal' ? score : Number.NaN]));
  const id = idIn(vocab, 'vocab.json');
  const [end, unknown, pad] = [
    tokenOf(config, 'eos', '</s>'),
    tokenOf(config, 'unk', '<unk>'),
    tokenOf(config, 'pad', '<pad>'),
  ];
  const least = file.pieces.reduce((low, { score }) => Math.min(low, score), 0);
  const size = Math.max(...Object.values(vocab)) + 1;
  const tokens = new Map(Object.entries(vocab).map(([token, at]) => [at, token]));
  // A token of the other language must never be chosen: its score is far below that of any segmentation of a short piece.
  const foreign = 1000 * least;
  const pieces = Array.from({ length: size }, (_, at): [string, number] => {
    const token = tokens.get(at) ?? `<unused_${at}>`;
    return [token, scores.get(token) || (token === end || token === unknown || token === pad ? 0 : foreign)];
  });
  return tokenizerJson({
    added: [end, unknown, pad].map((token) => added(id(token), token)),
    normalizer: only([...precompiled(file), { type: 'Replace', pattern: { Regex: ' {2,}' }, content: ' ' }]),
    preTokenizer: words,
    postProcessor: template(`$A ${end}`, `$A $B ${end}`, id),
    decoder: metaspace,
    model: { type: 'Unigram', unk_id: id(unknown), vocab: pieces, byte_fallback: false },
  });
};

const sentencePieceAlone: ClassRow = (files) => sentencePieceToJson(sentencePiece(files, 'tokenizer.model'));

/** Classes by their names without "Tokenizer" and "TokenizerFast". */
const rows: Readonly<Record<string, ClassRow>> = {
  Bert: bert,
  DistilBert: bert,
  Electra: bert,
  MobileBert: bert,
  GPT2: gpt2,
  Roberta: roberta,
  Bart: roberta,
  Longformer: roberta,
  LED: roberta,
  CLIP: clip,
  Qwen2: qwen2,
  T5: t5,
  Albert: albert,
  XLMRoberta: xlmRoberta,
  Llama: llama,
  CodeLlama: llama,
  Marian: marian,
  SentencePiece: sentencePieceAlone,
};

/** The tokenizer.json that a class of Python's transformers amounts to, from the files that the class reads. */
export function classToJson(name: string, files: TokenizerFiles, config: CheckedJson): TokenizerJson {
  const short = name.replace(/Tokenizer(?:Fast)?$/, '');
  const row = Object.hasOwn(rows, short) ? rows[short] : undefined;
  if (row === undefined) {
    const known = Object.keys(rows).map((each) => `${each}Tokenizer`);
    throw new TokenizerError(
      'UNKNOWN',
      `${config.path}.tokenizer_class: ${show(name)} is not known without a tokenizer.json; did you mean "${nearest(name, known)}"? (known: ${known.join(', ')})`,
      { name },
    );
  }
  return row(files, config);
}

/** The class that files without tokenizer_config.json most likely belong to. */
export function guessClass(files: TokenizerFiles): string {
  const has = (name: string) => files[name] !== undefined;
  if (has('vocab.txt')) return 'BertTokenizer';
  if (has('source.spm')) return 'MarianTokenizer';
  if (has('sentencepiece.bpe.model')) return 'XLMRobertaTokenizer';
  if (has('merges.txt') || has('vocab.bpe')) return 'GPT2Tokenizer';
  return 'SentencePieceTokenizer';
}

function need(files: TokenizerFiles, ...names: string[]): FileContent {
  for (const name of names) {
    const content = files[name];
    if (content !== undefined) return content;
  }
  throw new TokenizerError(
    'FORMAT',
    `${names.join(' or ')} is missing; the files given are ${Object.keys(files).join(', ') || 'none'}`,
    { names },
  );
}

/** The only SentencePiece file, under its usual name or another. */
function sentencePiece(files: TokenizerFiles, usual: string): SentencePieceFile {
  const name =
    files[usual] === undefined ? (Object.keys(files).find((each) => /\.(?:model|spm)$/.test(each)) ?? usual) : usual;
  const content = need(files, name);
  if (typeof content === 'string')
    throw new TokenizerError('ARGUMENT', `${name}: give the bytes of the file, not a text`, { name });
  return readSentencePieceFile(content, name);
}

/** A special token of tokenizer_config.json: a text, or an object with the text as its content. */
function tokenOf(config: CheckedJson, role: string, usual: string): string {
  const name = `${role}_token`;
  if (!config.has(name)) return usual;
  return typeof config.get(name) === 'string' ? config.string(name) : config.object(name).string('content');
}

function idIn(vocab: Readonly<Record<string, number>>, file: string): (token: string) => number {
  return (token) => {
    if (Object.hasOwn(vocab, token)) return vocab[token]!;
    throw new TokenizerError('VOCABULARY', `${file}: the special token ${show(token)} is not in the vocabulary`, {
      file,
      token,
    });
  };
}

function idOfPieces(pieces: readonly (readonly [string, number])[]): (token: string) => number {
  return idIn(Object.fromEntries(pieces.map(([token], id) => [token, id])), 'SentencePiece model');
}

function only(normalizers: NormalizerJson[]): NormalizerJson | null {
  return normalizers.length > 1 ? { type: 'Sequence', normalizers } : (normalizers[0] ?? null);
}
