// SentencePiece's .model file: the fields of sentencepiece_model.proto that decide how text is cut.
import { show, TokenizerError } from '../errors.ts';

export type PieceType = 'normal' | 'unknown' | 'control' | 'userDefined' | 'unused' | 'byte';

export interface Piece {
  readonly text: string;
  /** Log probability (unigram), or minus the rank of the merge (BPE). */
  readonly score: number;
  readonly type: PieceType;
}

/** A .model file, read. */
export interface SentencePieceFile {
  readonly pieces: readonly Piece[];
  readonly algorithm: 'unigram' | 'bpe' | 'word' | 'char';
  readonly byteFallback: boolean;
  readonly spaceAsSuffix: boolean;
  readonly unknownId: number;
  readonly beginId: number;
  readonly endId: number;
  readonly paddingId: number;
  /** What an unknown token decodes to. */
  readonly unknownSurface: string;
  readonly characterMap: Uint8Array;
  readonly addDummyPrefix: boolean;
  readonly removeExtraSpaces: boolean;
  readonly escapeSpaces: boolean;
}

const pieceTypes: readonly PieceType[] = ['normal', 'unknown', 'control', 'userDefined', 'unused', 'byte'];
const algorithms = ['unigram', 'bpe', 'word', 'char'] as const;

/**
 * Reads a .model file.
 *
 * @throws TokenizerError FORMAT for what is not one, VOCABULARY for one that contradicts itself; both name file and place.
 */
export function readSentencePieceFile(bytes: Uint8Array, file = 'tokenizer.model'): SentencePieceFile {
  const pieces: Piece[] = [];
  let trainer: Field[] = [];
  let normalizer: Field[] = [];
  for (const field of fieldsOf(bytes, file)) {
    if (field.number === 1) pieces.push(readPiece(field, `${file}: pieces[${pieces.length}]`));
    else if (field.number === 2) trainer = fieldsOf(field.bytes, `${file}: trainer_spec`);
    else if (field.number === 3) normalizer = fieldsOf(field.bytes, `${file}: normalizer_spec`);
  }
  if (pieces.length === 0)
    throw new TokenizerError('FORMAT', `${file}: no pieces; this is not a SentencePiece model`, { file });
  checkPieces(pieces, file);
  const integer = (fields: Field[], number: number, fallback: number) =>
    fields.findLast((f) => f.number === number)?.integer ?? fallback;
  const algorithm = algorithms[integer(trainer, 3, 1) - 1];
  if (algorithm === undefined) {
    throw new TokenizerError(
      'FORMAT',
      `${file}: trainer_spec.model_type ${integer(trainer, 3, 1)} is not 1 (unigram), 2 (bpe), 3 (word) or 4 (char)`,
      {
        file,
      },
    );
  }
  const surface = trainer.findLast((f) => f.number === 44)?.bytes;
  return {
    pieces,
    algorithm,
    byteFallback: integer(trainer, 35, 0) !== 0,
    spaceAsSuffix: integer(trainer, 24, 0) !== 0,
    unknownId: pieces.findIndex((piece) => piece.type === 'unknown'),
    beginId: controlId(pieces, integer(trainer, 41, 1), textOf(trainer, 46, '<s>')),
    endId: controlId(pieces, integer(trainer, 42, 2), textOf(trainer, 47, '</s>')),
    paddingId: controlId(pieces, integer(trainer, 43, -1), textOf(trainer, 48, '<pad>')),
    unknownSurface: surface === undefined ? ' \u2047 ' : new TextDecoder().decode(surface),
    characterMap: normalizer.findLast((f) => f.number === 2)?.bytes ?? new Uint8Array(),
    addDummyPrefix: integer(normalizer, 3, 1) !== 0,
    removeExtraSpaces: integer(normalizer, 4, 1) !== 0,
    escapeSpaces: integer(normalizer, 5, 1) !== 0,
  };
}

function textOf(fields: Field[], number: number, fallback: string): string {
  const bytes = fields.findLast((f) => f.number === number)?.bytes;
  return bytes === undefined ? fallback : new TextDecoder().decode(bytes);
}

// The library goes by the piece's text; the number in the specification only says whether there is one.
function controlId(pieces: readonly Piece[], specified: number, text: string): number {
  const id = pieces.findIndex((piece) => piece.text === text && piece.type === 'control');
  return specified < 0 && id < 0 ? -1 : id;
}

function checkPieces(pieces: readonly Piece[], file: string): void {
  const seen = new Map<string, number>();
  pieces.forEach(({ text }, id) => {
    const other = seen.get(text);
    if (text === '' || other !== undefined) {
      const what = text === '' ? 'is empty' : `${show(text)} is already pieces[${other}]`;
      throw new TokenizerError('VOCABULARY', `${file}: pieces[${id}] ${what}`, { file, id, text });
    }
    seen.set(text, id);
  });
  if (!pieces.some((piece) => piece.type === 'unknown')) {
    throw new TokenizerError('VOCABULARY', `${file}: no piece has the type "unknown"`, { file });
  }
}

function readPiece(field: Field, path: string): Piece {
  let text = '';
  let score = 0;
  let type = 1;
  for (const { number, bytes, integer } of fieldsOf(field.bytes, path)) {
    if (number === 1) {
      try {
        text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
      } catch (cause) {
        throw new TokenizerError('FORMAT', `${path}: the text is not valid UTF-8`, { path }, cause);
      }
    } else if (number === 2 && bytes.length === 4) {
      score = new DataView(bytes.buffer, bytes.byteOffset).getFloat32(0, true);
    } else if (number === 3) {
      type = integer;
    }
  }
  const name = pieceTypes[type - 1];
  if (name === undefined || !Number.isFinite(score)) {
    throw new TokenizerError('FORMAT', `${path}: ${show(text)} has type ${type} and score ${score}`, {
      path,
      text,
      type,
      score,
    });
  }
  return { text, score, type: name };
}

/** A field of a protobuf message: `integer` of a varint, `bytes` of everything else. */
interface Field {
  readonly number: number;
  readonly integer: number;
  readonly bytes: Uint8Array;
}

const none = new Uint8Array();

function fieldsOf(bytes: Uint8Array, path: string): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const fail = (what: string): never => {
    throw new TokenizerError('FORMAT', `${path}: not a SentencePiece model: ${what} at byte ${at} of ${bytes.length}`, {
      path,
      at,
    });
  };
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = bytes[at++];
      if (byte === undefined) return fail('a number is cut off');
      // Negative numbers take ten bytes; only the low 32 bits matter here.
      if (shift < 32) value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    return fail('a number longer than ten bytes');
  };
  const take = (length: number): Uint8Array => {
    if (length < 0 || at + length > bytes.length) fail(`a field of ${length} bytes is cut off`);
    at += length;
    return bytes.subarray(at - length, at);
  };
  while (at < bytes.length) {
    const key = varint() >>> 0;
    const number = key >>> 3;
    if (number === 0) fail('field number 0');
    const wire = key & 7;
    if (wire === 0) fields.push({ number, integer: varint(), bytes: none });
    else if (wire === 1) fields.push({ number, integer: 0, bytes: take(8) });
    else if (wire === 2) fields.push({ number, integer: 0, bytes: take(varint()) });
    else if (wire === 5) fields.push({ number, integer: 0, bytes: take(4) });
    else fail(`wire type ${wire}`);
  }
  return fields;
}
