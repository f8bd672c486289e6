// From texts to token ids: the split into training and validation, and the numbers that losses are stated per.

import { YumoError } from '@yumo/core';
import type { Tokenizer } from '@yumo/tokenizer';

/** A file of a text corpus. */
export interface TextFile {
  readonly name: string;
  /** One text, or the rows of a .jsonl. */
  readonly documents: readonly string[];
}

/** Training and validation texts: one string a file. */
export interface Split {
  readonly training: readonly string[];
  readonly validation: readonly string[];
}

/** Number of characters (code points). */
export function countCharacters(text: string): number {
  let count = text.length;
  for (let i = 0; i < text.length - 1; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0xd800 && unit < 0xdc00 && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00) {
      count--;
      i++;
    }
  }
  return count;
}

/** The UTF-16 index of character number `count`. */
function indexOfCharacter(text: string, count: number): number {
  let index = 0;
  for (let i = 0; i < count && index < text.length; i++) index += text.codePointAt(index)! > 0xffff ? 2 : 1;
  return index;
}

/**
 * Cuts every file: the first share of its characters is for training, the rest for validation (one file of one text: nanoGPT's split).
 * Files of several documents are cut between two documents.
 * @throws YumoError `DATA` when a part is empty.
 */
export function splitCorpus(files: readonly TextFile[], trainShare: number, separator: string): Split {
  const training: string[] = [];
  const validation: string[] = [];
  for (const { documents } of files) {
    const [only] = documents;
    if (documents.length === 1 && only !== undefined) {
      const cut = indexOfCharacter(only, Math.floor(countCharacters(only) * trainShare));
      training.push(only.slice(0, cut));
      validation.push(only.slice(cut));
    } else {
      const cut = Math.floor(documents.length * trainShare);
      training.push(documents.slice(0, cut).join(separator));
      validation.push(documents.slice(cut).join(separator));
    }
  }
  const join = (parts: readonly string[], what: string): string[] => {
    const texts = parts.filter((t) => t !== '');
    if (texts.length === 0)
      throw new YumoError(
        'DATA',
        `data: the ${what} part is empty (${files.map((f) => f.name).join(', ')}, trainShare ${trainShare}); give more text, or another share`,
        { trainShare },
      );
    return texts.map((t, i) => (i < texts.length - 1 ? t + separator : t));
  };
  return { training: join(training, 'training'), validation: join(validation, 'validation') };
}

/** Token streams, and what they stand for. */
export interface Corpus {
  readonly training: Int32Array;
  readonly validation: Int32Array;
  /** Characters of validation text that are predicted: all but those of its first token. */
  readonly validationCharacters: number;
  /** FNV-1a over both streams: a resumed run compares it. */
  readonly fingerprint: string;
}

/**
 * Encodes both parts.
 * @throws YumoError `DATA` when a part is shorter than one row of `context` tokens and the label after it.
 */
export function encodeCorpus(split: Split, tokenizer: Tokenizer, context: number): Corpus {
  const encode = (texts: readonly string[]): Int32Array => {
    const pieces = texts.map((t) => tokenizer.encodeIds(t, { addSpecialTokens: false }));
    const all = new Int32Array(pieces.reduce((n, p) => n + p.length, 0));
    let at = 0;
    for (const p of pieces) {
      all.set(p, at);
      at += p.length;
    }
    return all;
  };
  const training = encode(split.training);
  const validation = encode(split.validation);
  if (training.length <= context)
    throw new YumoError(
      'DATA',
      `data: the training part has ${training.length} tokens, one sequence needs ${context + 1}; give more text, or a smaller context`,
      { tokens: training.length, context },
    );
  if (validation.length < 2)
    throw new YumoError('DATA', `data: the validation part has ${validation.length} tokens; at least 2 are needed`, {
      tokens: validation.length,
    });
  const characters = split.validation.reduce((n, t) => n + countCharacters(t), 0);
  const first = countCharacters(tokenizer.decode([validation[0]!]));
  return {
    training,
    validation,
    validationCharacters: characters - first,
    fingerprint: fingerprint(training, validation),
  };
}

export function fingerprint(...streams: readonly Int32Array[]): string {
  let hash = 0x811c9dc5;
  for (const stream of streams) {
    hash = Math.imul(hash ^ stream.length, 0x01000193);
    for (const id of stream) hash = Math.imul(hash ^ id, 0x01000193);
  }
  return (hash >>> 0).toString(16).padStart(8, '0');
}
