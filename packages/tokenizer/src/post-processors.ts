// Post-processors: the special tokens around the texts, and trimmed offsets. One row per type of tokenizer.json.
import { byteToCode } from './byte-alphabet.ts';
import { isWhiteSpace } from './characters.ts';
import { CheckedJson, isCount, readByType } from './checked-json.ts';
import { type Encoding, textless } from './encoding.ts';
import { show, TokenizerError } from './errors.ts';
import type { PostProcessorJson } from './formats/tokenizer-json.ts';

/** What goes around one or two encoded texts. */
export interface PostProcessor {
  /** Number of special tokens that it adds. */
  added(pair: boolean): number;
  /** The parts of the result in order; sequence and type ids of the given parts are already set. */
  process(parts: readonly Encoding[], addSpecialTokens: boolean): Encoding[];
}

type PostProcessorType = PostProcessorJson['type'];

const rows: { readonly [T in PostProcessorType]: (config: CheckedJson) => PostProcessor } = {
  BertProcessing: (config) => {
    const [cls, sep] = [specialToken(config, 'cls'), specialToken(config, 'sep')];
    const single = [cls, sequence(0), sep];
    return fromPieces(single, [...single, sequence(1), { ...sep, typeId: 1 }], config.path);
  },
  RobertaProcessing: (config) => {
    const [cls, sep] = [specialToken(config, 'cls'), specialToken(config, 'sep')];
    const single = [cls, sequence(0), sep];
    const frame = fromPieces(single, [...single, sep, { ...sequence(1), typeId: 0 }, sep], config.path);
    const trim = readTrim(config);
    return {
      added: frame.added,
      process: (parts, add) => {
        const trimmed = parts.map(trim);
        // Every token is of type 0. Without special tokens the reference leaves the windows' types alone.
        const zero = (e: Encoding) => e.with({ typeIds: new Int32Array(e.length) });
        return frame.process(add ? trimmed.map((part) => withWindows(part, zero)) : trimmed, add);
      },
    };
  },
  ByteLevel: (config) => {
    const trim = readTrim(config);
    return { added: () => 0, process: (parts) => parts.map(trim) };
  },
  TemplateProcessing: readTemplate,
  Sequence: (config) => {
    const list = config.each('processors', readPostProcessor);
    return {
      added: (pair) => list.reduce((sum, processor) => sum + processor.added(pair), 0),
      process: (parts, add) =>
        list.reduce<Encoding[]>((result, processor) => processor.process(result, add), [...parts]),
    };
  },
};

/** The post-processor that a part of tokenizer.json describes; `path` names the part in errors. */
export function readPostProcessor(json: unknown, path: string): PostProcessor {
  return readByType(rows, json, path);
}

type Piece = { sequence: 0 | 1; typeId: number } | { ids: number[]; tokens: string[]; typeId: number };

function specialToken(config: CheckedJson, name: 'cls' | 'sep'): Piece {
  const [token, id] = config.list(name);
  if (typeof token !== 'string' || !isCount(id)) config.fail(name, 'a token and its id');
  return { ids: [id], tokens: [token], typeId: 0 };
}

function sequence(index: 0 | 1): Piece {
  return { sequence: index, typeId: index };
}

function readTemplate(config: CheckedJson): PostProcessor {
  return fromPieces(readPieces(config, 'single', 1), readPieces(config, 'pair', 2), config.path);
}

function fromPieces(single: readonly Piece[], pair: readonly Piece[], path: string): PostProcessor {
  const count = (pieces: readonly Piece[]) =>
    pieces.reduce((sum, piece) => sum + ('ids' in piece ? piece.ids.length : 0), 0);
  const added = [count(single), count(pair)] as const;
  return {
    added: (isPair) => added[isPair ? 1 : 0],
    process: (parts, add) => {
      if (parts.length > 2) {
        throw new TokenizerError(
          'FORMAT',
          `${path}: a template takes one or two texts, not the ${parts.length} parts that another post-processor left`,
          { path },
        );
      }
      return (parts.length === 2 ? pair : single).flatMap((piece) => {
        if ('ids' in piece) return add ? [textless(piece.ids, piece.tokens, piece.typeId, 1)] : [];
        const part = parts[piece.sequence]!;
        return [
          part.with({
            typeIds: new Int32Array(part.length).fill(piece.typeId),
            sequenceIds: new Int8Array(part.length).fill(piece.sequence),
          }),
        ];
      });
    },
  };
}

function readPieces(config: CheckedJson, name: 'single' | 'pair', sequences: number): Piece[] {
  const tokens = config.object('special_tokens');
  return config.each(name, (entry, path) => {
    const piece = new CheckedJson(entry, path);
    if (piece.has('Sequence')) {
      const sequence = piece.object('Sequence');
      const id = sequence.oneOf('id', ['A', 'B']) === 'A' ? 0 : 1;
      if (id >= sequences) sequence.fail('id', '"A": there is no second text');
      return { sequence: id, typeId: sequence.count('type_id') };
    }
    const special = piece.object('SpecialToken');
    const id = special.string('id');
    if (!tokens.has(id))
      special.fail('id', `a name of special_tokens (${Object.keys(tokens.value).map(show).join(', ')})`);
    const token = tokens.object(id);
    const ids = token.list('ids');
    const texts = token.list('tokens');
    if (!ids.every(isCount)) token.fail('ids', 'a list of ids');
    if (texts.length !== ids.length || !texts.every((text) => typeof text === 'string'))
      token.fail('tokens', `${ids.length} texts`);
    return { ids: ids as number[], tokens: texts as string[], typeId: special.count('type_id') };
  });
}

function withWindows(encoding: Encoding, change: (encoding: Encoding) => Encoding): Encoding {
  return change(encoding).with({}, encoding.overflowing.map(change));
}

const spaceCode = byteToCode[0x20]!;

function isSpace(code: number): boolean {
  return code === spaceCode || isWhiteSpace(code);
}

/** What `trim_offsets` and `add_prefix_space` of ByteLevel and RobertaProcessing do to the offsets. */
function readTrim(config: CheckedJson): (part: Encoding) => Encoding {
  const prefix = config.boolean('add_prefix_space', true);
  if (!config.boolean('trim_offsets', true)) return (part) => part;
  return (part) => withWindows(part, (e) => trimOffsets(e, prefix));
}

/** Offsets without the white space at the ends of each token, save for the one that the prefix space stands for. */
function trimOffsets(encoding: Encoding, addPrefixSpace: boolean): Encoding {
  const offsets = encoding.offsets.slice();
  encoding.tokens.forEach((token, i) => {
    let leading = 0;
    while (leading < token.length && isSpace(token.charCodeAt(leading))) leading++;
    let trailing = 0;
    while (trailing < token.length && isSpace(token.charCodeAt(token.length - 1 - trailing))) trailing++;
    const start = offsets[2 * i]!;
    const end = offsets[2 * i + 1]!;
    if (leading > 0) {
      const first = i === 0 || start === 0;
      if (first && addPrefixSpace && leading === 1) leading = 0;
      offsets[2 * i] = Math.min(start + leading, end);
    }
    if (trailing > 0 && end >= trailing) offsets[2 * i + 1] = Math.max(end - trailing, offsets[2 * i]!);
  });
  return encoding.with({ offsets });
}
