// The open check: runs a file of reference cases (layout `yumo-tokenizer-golden/1`) and reports each case.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { AlignedText, wellFormed } from './aligned-text.ts';
import { gpt2Pattern } from './byte-level.ts';
import { readDecoder } from './decoders.ts';
import type { Encoding } from './encoding.ts';
import { sentencePieceToJson } from './formats/sentencepiece-json.ts';
import { type Ranks, ranksToJson, readRanks } from './formats/tiktoken.ts';
import type { TokenizerJson } from './formats/tokenizer-json.ts';
import { readNormalizer } from './normalizers.ts';
import type { PaddingOptions } from './padding.ts';
import { readPreTokenizer } from './pre-tokenizers.ts';
import { cl100kPattern, o200kPattern, qwen2Pattern } from './quick/scanners.ts';
import { matchRanges, translatePattern } from './regex.ts';
import { readSentencePieceFile } from './sentencepiece/model-file.ts';
import { SentencePiece } from './sentencepiece/sentencepiece.ts';
import { Tokenizer } from './tokenizer.ts';
import type { TruncationOptions } from './truncation.ts';

/** One line of the report. `worst` is the first difference, or why the case cannot be run. */
export interface GoldenResult {
  case: string;
  status: 'pass' | 'fail' | 'unsupported';
  worst: string | null;
}

interface Case {
  s: number;
  a?: string;
  b?: string;
  ids: number[];
  tok: string[];
  off: number[];
  w: number[];
  sp?: string | number;
  ty?: string;
  am?: string;
  seq?: string;
  idsNoSpecial?: number[];
  ordinary?: number[];
  dec?: string;
  decSkip?: string;
  overflow?: Case[];
  error?: string;
  truncation?: {
    maxLength: number;
    strategy: 'LongestFirst' | 'OnlyFirst' | 'OnlySecond';
    direction: 'Left' | 'Right';
    stride: number;
  };
  padding?: {
    maxLength?: number;
    direction?: 'Left' | 'Right';
    padToMultipleOf?: number;
    padId: number;
    padToken: string;
    padTypeId: number;
  };
  batch?: (string | [string, string])[];
  encodings?: Case[];
}

interface Golden {
  schema: string;
  strings: string[];
  tokenizers?: Record<string, { file: string; cases: Case[] }>;
  sentencepiece?: Record<
    string,
    { file?: string; pieces: number; unk: number; bos: number; eos: number; pad: number; cases: Case[] }
  >;
  tiktoken?: Record<string, Case[]>;
  pairs?: Record<string, Case[]>;
  truncationPadding?: Record<string, Case[]>;
  components?: {
    normalizers?: { config: unknown; out: [number, string][] }[];
    preTokenizers?: { config: unknown; out: [number, [string, number, number][]][] }[];
    decoderInputs?: string[][];
    decoders?: { config: unknown; out: (string | { skip: string })[] }[];
    postProcessors?: { base: TokenizerJson; list: { config: unknown; cases: Case[] }[] };
  };
  splits?: Record<string, { pattern: string; coversAll: boolean; out: number[][] }>;
}

/**
 * Runs every case of the file. Vocabularies are looked for beside the file, then in the folder of shared data.
 *
 * @param print receives one line a group of cases.
 * @param dataFolders further folders with vocabularies.
 */
export function runTokenizerGolden(
  file: string,
  print: (line: string) => void = () => {},
  dataFolders: readonly string[] = [],
): { cases: GoldenResult[] } {
  const golden = JSON.parse(readFileSync(file, 'utf8')) as Golden;
  const run = new GoldenRun(golden, [dirname(file), ...dataFolders], print);
  run.everything();
  return { cases: run.results };
}

const sections = new Set(
  'schema offsetUnit reference strings tokenizers sentencepiece tiktoken pairs truncationPadding components splits'.split(
    ' ',
  ),
);

/** What a check throws when it cannot be run here. */
class Unsupported extends Error {}

function refuse(why: string): never {
  throw new Unsupported(why);
}

/** The value, made when it is first asked for, so that an error belongs to the case that asks. */
function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

class GoldenRun {
  readonly results: GoldenResult[] = [];
  private readonly golden: Golden;
  private readonly folders: readonly string[];
  private readonly print: (line: string) => void;
  private readonly tokenizers = new Map<string, Tokenizer>();

  constructor(golden: Golden, folders: readonly string[], print: (line: string) => void) {
    this.golden = golden;
    this.folders = folders;
    this.print = print;
  }

  everything(): void {
    const { golden } = this;
    const { components = {} } = golden;
    for (const [name, { cases }] of Object.entries(golden.tokenizers ?? {})) {
      this.each(
        `tokenizers.${name}`,
        cases,
        (c, differ) => this.tokenizerCase(this.tokenizer(name), c, differ),
        (c) => c.s,
      );
    }
    for (const [name, part] of Object.entries(golden.sentencepiece ?? {})) {
      let model: SentencePiece | undefined;
      this.each(
        `sentencepiece.${name}`,
        part.cases,
        (c, differ) => {
          model ??= this.sentencePiece(name, part);
          const encoding = model.encode(this.string(c.s));
          differ('ids', [...encoding.ids], c.ids);
          differ('tok', encoding.tokens, c.tok);
          differ('off', [...encoding.offsets], c.off);
          differ('dec', model.decode(c.ids), c.dec);
        },
        (c) => c.s,
      );
    }
    for (const [name, cases] of Object.entries(golden.tiktoken ?? {})) {
      let tokenizer: Tokenizer | undefined;
      this.each(
        `tiktoken.${name}`,
        cases,
        (c, differ) => {
          tokenizer ??= this.tiktoken(name);
          const text = this.string(c.s);
          differ('ids', [...tokenizer.encodeIds(text, { specialTokensInText: 'parse' })], c.ids);
          differ('encode', [...tokenizer.encode(text, null, { specialTokensInText: 'parse' }).ids], c.ids);
          differ('ordinary', [...tokenizer.encodeIds(text)], c.ordinary ?? c.ids);
          // The reference's decoder drops a leading byte order mark.
          differ(
            'dec',
            tokenizer.decode(c.ids).replace(/^\ufeff/, ''),
            c.dec ?? wellFormed(text).replace(/^\ufeff/, ''),
          );
        },
        (c) => c.s,
      );
    }
    for (const [name, cases] of Object.entries(golden.pairs ?? {})) {
      this.each(`pairs.${name}`, cases, (c, differ) => {
        compare(this.tokenizer(name).encode(c.a!, c.b, { specialTokensInText: 'parse' }), c, differ);
      });
    }
    for (const [name, cases] of Object.entries(golden.truncationPadding ?? {})) {
      this.each(`truncationPadding.${name}`, cases, (c, differ) =>
        this.truncationCase(this.tokenizer(name), c, differ),
      );
    }
    this.components(components);
    for (const section of Object.keys(golden))
      if (!sections.has(section))
        this.each(section, [null], () => refuse(`this checker knows no section "${section}"`));
    for (const [name, { pattern, coversAll, out }] of Object.entries(golden.splits ?? {})) {
      const compiled = once(() => translatePattern(pattern, `splits.${name}`));
      this.each(`splits.${name}`, out, (expected, differ, s) => {
        const ranges = matchRanges(compiled(), wellFormed(this.string(s)));
        differ('out', coversAll ? pairs(ranges).map(([from, to]) => to - from) : ranges, expected);
      });
    }
  }

  private components(components: NonNullable<Golden['components']>): void {
    for (const [i, { config, out }] of (components.normalizers ?? []).entries()) {
      const normalizer = once(() => readNormalizer(this.withCharacterMap(config), 'normalizer'));
      this.each(
        `components.normalizers[${i}] ${brief(config)}`,
        out,
        ([s, text], differ) => {
          differ('text', normalizer()(new AlignedText(wellFormed(this.string(s)))).text, text);
        },
        ([s]) => s,
      );
    }
    for (const [i, { config, out }] of (components.preTokenizers ?? []).entries()) {
      const preTokenizer = once(() => readPreTokenizer(config, 'pre_tokenizer'));
      this.each(
        `components.preTokenizers[${i}] ${brief(config)}`,
        out,
        ([s, pieces], differ) => {
          const got = preTokenizer()(new AlignedText(wellFormed(this.string(s)))).filter((piece) => piece.length > 0);
          differ(
            'pieces',
            got.map((piece) => [piece.text, piece.start(0), piece.end(piece.length - 1)]),
            pieces,
          );
        },
        ([s]) => s,
      );
    }
    for (const [i, { config, out }] of (components.decoders ?? []).entries()) {
      const decoder = once(() => readDecoder(config, 'decoder'));
      this.each(`components.decoders[${i}] ${brief(config)}`, out, (expected, differ, input) => {
        // `{ skip }`: the reference aborts the process.
        if (typeof expected === 'string')
          differ('text', decoder()(components.decoderInputs![input]!).join(''), expected);
      });
    }
    const base = components.postProcessors?.base;
    for (const [i, { config, cases }] of (components.postProcessors?.list ?? []).entries()) {
      const tokenizer = once(() => Tokenizer.fromJson({ ...base, post_processor: config } as TokenizerJson));
      this.each(`components.postProcessors[${i}] ${brief(config)}`, cases, (c, differ) => {
        // `sp` is 0 or 1 for whether special tokens were asked for, and the mask where there is one.
        const encoding = tokenizer().encode(c.a!, c.b, { addSpecialTokens: c.sp !== 0, specialTokensInText: 'parse' });
        compare(
          encoding,
          { ...c, sp: typeof c.sp === 'string' ? c.sp : undefined } as Case,
          differ,
          typeof c.sp === 'string',
        );
      });
    }
  }

  private tokenizerCase(tokenizer: Tokenizer, c: Case, differ: Differ): void {
    const text = this.string(c.s);
    const parse = { specialTokensInText: 'parse' } as const;
    const encoding = tokenizer.encode(text, null, parse);
    compare(encoding, c, differ);
    differ('encodeIds', [...tokenizer.encodeIds(text, parse)], c.ids);
    const plain = c.idsNoSpecial ?? c.ids.filter((_, i) => (c.sp as string | undefined)?.[i] !== '1');
    differ('idsNoSpecial', [...tokenizer.encodeIds(text, { ...parse, addSpecialTokens: false })], plain);
    differ(
      'encode without special',
      [...tokenizer.encode(text, null, { ...parse, addSpecialTokens: false }).ids],
      plain,
    );
    differ('dec', tokenizer.decode(c.ids), c.dec);
    differ('decSkip', tokenizer.decode(c.ids, { skipSpecialTokens: true }), c.decSkip ?? c.dec);
  }

  private truncationCase(tokenizer: Tokenizer, c: Case, differ: Differ): void {
    const truncation: TruncationOptions | null =
      c.truncation == null
        ? null
        : { ...c.truncation, direction: capitalized(c.truncation.direction ?? 'Right'), rustCompatible: true };
    const options = { truncation, specialTokensInText: 'parse' } as const;
    if (c.error !== undefined) {
      let message = 'no error';
      try {
        tokenizer.encode(c.a!, c.b, options);
      } catch (error) {
        message = (error as Error).message;
      }
      differ('error', message, c.error);
    } else if (c.batch !== undefined) {
      const encodings = tokenizer.encodeBatch(c.batch, { ...options, padding: paddingOf(c.padding!) });
      differ('batch size', encodings.length, c.encodings!.length);
      c.encodings!.forEach((expected, i) => {
        compare(encodings[i]!.with({}, []), expected, (what, got, want) =>
          differ(`encodings[${i}].${what}`, got, want),
        );
      });
    } else {
      compare(tokenizer.encode(c.a!, c.b, options), c, differ);
    }
  }

  private each<T>(
    group: string,
    cases: readonly T[],
    check: (c: T, differ: Differ, index: number) => void,
    label?: (c: T) => number,
  ): void {
    let passed = 0;
    let why: string | null = null;
    cases.forEach((c, index) => {
      const result: GoldenResult = { case: `${group} #${label?.(c) ?? index}`, status: 'pass', worst: null };
      const differ: Differ = (what, got, want) => {
        const [a, b] = [JSON.stringify(got), JSON.stringify(want)];
        if (a !== b && result.status === 'pass')
          Object.assign(result, { status: 'fail', worst: `${what}: got ${cut(a)}, expected ${cut(b)}` });
      };
      try {
        check(c, differ, index);
      } catch (error) {
        result.status = error instanceof Unsupported ? 'unsupported' : 'fail';
        result.worst = (error as Error).message;
      }
      if (result.status === 'pass') passed++;
      else why ??= `${result.case}: ${result.worst}`;
      this.results.push(result);
    });
    this.print(
      `${passed === cases.length ? 'pass' : 'MISS'} ${group}: ${passed} of ${cases.length}${why === null ? '' : ` (${why})`}`,
    );
  }

  private string(index: number): string {
    return this.golden.strings[index] ?? refuse(`the file has no string ${index}`);
  }

  private tokenizer(name: string): Tokenizer {
    let tokenizer = this.tokenizers.get(name);
    if (tokenizer === undefined) {
      const file = this.golden.tokenizers?.[name]?.file ?? `${name}/tokenizer.json`;
      tokenizer = readTokenizer(this.find(file));
      this.tokenizers.set(name, tokenizer);
    }
    return tokenizer;
  }

  private found(file: string): string | undefined {
    return this.folders.map((folder) => join(folder, file)).find(existsSync);
  }

  private find(file: string): string {
    const path = this.found(file);
    if (path === undefined) throw new Unsupported(`${file} is not in ${this.folders.join(' or ')}`);
    return path;
  }

  /** The layout names no file for these: the model with the stated sizes whose path is most like the name. */
  private sentencePiece(
    name: string,
    part: { file?: string; pieces: number; unk: number; bos: number; eos: number; pad: number },
  ): SentencePiece {
    if (part.file !== undefined) return SentencePiece.fromModel(readFileSync(this.find(part.file)), part.file);
    const words = (text: string) => new Set(text.toLowerCase().split(/[^a-z0-9]+/));
    let best: { score: number; model: SentencePiece } | undefined;
    for (const folder of this.folders) {
      for (const path of modelFiles(folder)) {
        const file = readSentencePieceFile(readFileSync(path), path);
        const { pieces, unknownId, beginId, endId, paddingId } = file;
        if (
          pieces.length !== part.pieces ||
          unknownId !== part.unk ||
          beginId !== part.bos ||
          endId !== part.eos ||
          paddingId !== part.pad
        )
          continue;
        const pathWords = words(relative(folder, path));
        const score = [...words(name)].filter((word) => pathWords.has(word)).length;
        if (best === undefined || score > best.score) best = { score, model: new SentencePiece(file) };
      }
    }
    if (best === undefined) throw new Unsupported(`no .model or .spm file with ${part.pieces} pieces for ${name}`);
    return best.model;
  }

  private tiktoken(name: string): Tokenizer {
    const encoding = encodings[name];
    if (encoding === undefined)
      throw new Unsupported(`no split pattern and special tokens are known for the tiktoken encoding ${name}`);
    const pattern = this.golden.splits?.[encoding.pattern]?.pattern ?? patterns[encoding.pattern]!;
    if (name === 'gpt2') {
      // Its ranks are the vocabulary of GPT-2.
      const { model } = JSON.parse(readFileSync(this.find('gpt2/tokenizer.json'), 'utf8')) as TokenizerJson;
      const ranks = Object.entries(model.vocab as Record<string, number>).filter(
        ([token]) => !(token in encoding.special),
      );
      return Tokenizer.fromJson(ranksToJson(new Map(ranks), pattern, encoding.special));
    }
    const path = this.found(encoding.file);
    const ranks = path === undefined ? installedRanks(name) : readRanks(readFileSync(path, 'utf8'), path);
    if (ranks === null) throw new Unsupported(`${encoding.file} is not in ${this.folders.join(' or ')}`);
    return Tokenizer.fromJson(ranksToJson(ranks, pattern, encoding.special));
  }

  private withCharacterMap(config: unknown): unknown {
    return JSON.parse(JSON.stringify(config), (_, value) => {
      if (typeof value !== 'string' || !value.startsWith('@')) return value;
      const file = readSentencePieceFile(readFileSync(this.find(`${value.slice(1)}/spiece.model`)));
      return Buffer.from(file.characterMap).toString('base64');
    });
  }
}

/** A tokenizer from a tokenizer.json, a SentencePiece model, or another file that a folder of a model holds. */
function readTokenizer(path: string): Tokenizer {
  if (/\.(?:model|spm)$/.test(path))
    return Tokenizer.fromJson(sentencePieceToJson(readSentencePieceFile(readFileSync(path), path)), { file: path });
  return Tokenizer.fromJson(readFileSync(path, 'utf8'), { file: path });
}

/** Ranks out of the npm package `tiktoken`, where the benchmarks have it: lines of "! first rank, then tokens in base64". */
function installedRanks(name: string): Ranks | null {
  const require = createRequire(join(import.meta.dirname, '../../../benchmarks/package.json'));
  try {
    const { bpe_ranks } = require(`tiktoken/encoders/${name}.json`) as { bpe_ranks: string };
    const lines = bpe_ranks.split('\n').flatMap((line) => {
      const [, first, ...tokens] = line.split(' ');
      return tokens.map((token, i) => `${token} ${Number(first) + i}`);
    });
    return readRanks(lines.join('\n'), name);
  } catch {
    return null;
  }
}

/** Split patterns by their names in the file, for files that do not give them. */
const patterns: Readonly<Record<string, string>> = {
  gpt2: gpt2Pattern,
  cl100k_base: cl100kPattern,
  llama3: cl100kPattern,
  qwen2: qwen2Pattern,
  o200k_base: o200kPattern,
};

const encodings: Readonly<Record<string, { file: string; pattern: string; special: Record<string, number> }>> = {
  gpt2: { file: 'gpt2/vocab.json', pattern: 'gpt2', special: { '<|endoftext|>': 50256 } },
  p50k_base: { file: 'p50k_base/p50k_base.tiktoken', pattern: 'gpt2', special: { '<|endoftext|>': 50256 } },
  cl100k_base: {
    file: 'cl100k_base/cl100k_base.tiktoken',
    pattern: 'cl100k_base',
    special: {
      '<|endoftext|>': 100257,
      '<|fim_prefix|>': 100258,
      '<|fim_middle|>': 100259,
      '<|fim_suffix|>': 100260,
      '<|endofprompt|>': 100276,
    },
  },
  o200k_base: {
    file: 'o200k_base/o200k_base.tiktoken',
    pattern: 'o200k_base',
    special: { '<|endoftext|>': 199999, '<|endofprompt|>': 200018 },
  },
  llama3: {
    file: 'llama-3/tokenizer.model',
    pattern: 'llama3',
    special: {
      '<|begin_of_text|>': 128000,
      '<|end_of_text|>': 128001,
      '<|start_header_id|>': 128006,
      '<|end_header_id|>': 128007,
      '<|eot_id|>': 128009,
    },
  },
  qwen2: {
    file: 'qwen/qwen.tiktoken',
    pattern: 'qwen2',
    special: { '<|endoftext|>': 151643, '<|im_start|>': 151644, '<|im_end|>': 151645 },
  },
};

type Differ = (what: string, got: unknown, want: unknown) => void;

function compare(encoding: Encoding, c: Case, differ: Differ, masked = true): void {
  const zeros = '0'.repeat(encoding.length);
  differ('ids', [...encoding.ids], c.ids);
  differ('tok', encoding.tokens, c.tok);
  differ('off', [...encoding.offsets], c.off);
  differ('w', [...encoding.wordIds], c.w);
  if (masked) differ('sp', [...encoding.specialTokensMask].join(''), c.sp ?? zeros);
  differ('ty', [...encoding.typeIds].join(''), c.ty ?? zeros);
  differ('am', [...encoding.attentionMask].join(''), c.am ?? '1'.repeat(encoding.length));
  if (c.seq !== undefined) differ('seq', Array.from(encoding.sequenceIds, (s) => (s < 0 ? '-' : s)).join(''), c.seq);
  differ('overflow size', encoding.overflowing.length, c.overflow?.length ?? 0);
  c.overflow?.forEach((expected, i) => {
    compare(encoding.overflowing[i]!, expected, (what, got, want) => differ(`overflow[${i}].${what}`, got, want));
  });
}

function paddingOf(padding: NonNullable<Case['padding']>): PaddingOptions {
  const { maxLength, direction = 'Right', padToMultipleOf = 0, padId, padToken, padTypeId } = padding;
  const common: PaddingOptions = {
    direction: capitalized(direction),
    multipleOf: padToMultipleOf,
    id: padId,
    token: padToken,
    typeId: padTypeId,
  };
  return maxLength === undefined ? common : { ...common, length: maxLength };
}

/** The reference's own binding spells directions in lower case. */
function capitalized(direction: string): 'Left' | 'Right' {
  return direction.toLowerCase() === 'left' ? 'Left' : 'Right';
}

function modelFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.(?:model|spm)$/.test(path) && !path.startsWith('llama-3'))
    .map((path) => join(folder, path));
}

function pairs(flat: readonly number[]): [number, number][] {
  return flat.filter((_, i) => i % 2 === 0).map((from, i) => [from, flat[2 * i + 1]!]);
}

function brief(config: unknown): string {
  return cut(JSON.stringify(config).replace(/"[A-Za-z0-9+/=]{200,}"/g, '"…"'));
}

function cut(text: string | undefined): string {
  return text === undefined ? 'nothing' : text.length > 160 ? `${text.slice(0, 159)}…` : text;
}
