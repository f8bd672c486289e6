// Decoders: tokens back to text. One row per type of tokenizer.json.
import { codeToByte } from './byte-alphabet.ts';
import { type CheckedJson, readByType } from './checked-json.ts';
import type { DecoderJson } from './formats/tokenizer-json.ts';
import { readPattern } from './normalizers.ts';
import { readMetaspace } from './pre-tokenizers.ts';
import { literalPattern, matchRanges } from './regex.ts';

/** A list of token texts to a list of text parts; the parts are joined without anything between them. */
export type Decoder = (tokens: readonly string[]) => readonly string[];

type DecoderType = DecoderJson['type'];

const rows: { readonly [T in DecoderType]: (config: CheckedJson) => Decoder } = {
  ByteLevel: () => (tokens) => [decodeByteLevel(tokens)],
  WordPiece: (config) => {
    const prefix = config.string('prefix', '##');
    const clean = config.boolean('cleanup', true);
    return (tokens) =>
      tokens.map((token, i) => {
        const joined = i === 0 ? token : token.startsWith(prefix) ? token.slice(prefix.length) : ` ${token}`;
        return clean ? cleanUp(joined) : joined;
      });
  },
  Metaspace: (config) => {
    const { replacement, scheme } = readMetaspace(config);
    return (tokens) =>
      tokens.map((token, i) => token.replaceAll(replacement, i === 0 && scheme !== 'never' ? '' : ' '));
  },
  BPEDecoder: (config) => {
    const suffix = config.string('suffix', '</w>');
    return (tokens) => tokens.map((token, i) => replaceEvery(token, suffix, i === tokens.length - 1 ? '' : ' '));
  },
  ByteFallback: () => byteFallback,
  Fuse: () => (tokens) => [tokens.join('')],
  Strip: (config) => {
    const content = config.character('content');
    const start = config.count('start');
    const stop = config.count('stop');
    return (tokens) => tokens.map((token) => strip(token, content, start, stop));
  },
  Replace: (config) => {
    const pattern = readPattern(config);
    const content = config.string('content');
    return (tokens) => tokens.map((token) => replaceRanges(token, matchRanges(pattern, token), content));
  },
  CTC: (config) => {
    const pad = config.string('pad_token', '<pad>');
    const delimiter = config.string('word_delimiter_token', '|');
    const clean = config.boolean('cleanup', true);
    return (tokens) =>
      tokens
        .filter((token, i) => i === 0 || token !== tokens[i - 1])
        .map((token) => {
          const text = replaceEvery(token, pad, '');
          return clean ? replaceEvery(cleanUp(text), delimiter, ' ') : text;
        })
        .filter((text) => text !== '');
  },
  Sequence: (config) => {
    const list = config.each('decoders', readDecoder);
    return (tokens) => list.reduce<readonly string[]>((result, decoder) => decoder(result), tokens);
  },
};

/** The decoder that a part of tokenizer.json describes; `path` names the part in errors. */
export function readDecoder(json: unknown, path: string): Decoder {
  return readByType(rows, json, path);
}

// Each loses the spaces around it, save for the one that is contracted.
const untidy = [' .', ' ?', ' !', ' ,', " ' ", " n't", " 'm", ' do not', " 's", " 've", " 're"];

/** English text without the spaces that tokenization left before punctuation and contractions. */
export function cleanUp(text: string, doNot = " don't"): string {
  if (!text.includes(' ')) return text;
  return untidy.reduce((result, part) => result.replaceAll(part, part === ' do not' ? doNot : part.trim()), text);
}

/** `cleanUp` as Python's transformers has it, which leaves "do not" alone. */
export function tidy(text: string): string {
  return cleanUp(text, ' do not');
}

// In Rust, replacing the empty string puts the replacement around every character; `replaceAll` puts it inside surrogate pairs too.
function replaceEvery(text: string, from: string, to: string): string {
  return text.replace(literalPattern(from), () => to);
}

function replaceRanges(text: string, ranges: readonly number[], content: string): string {
  let result = '';
  let end = 0;
  for (let r = 0; r < ranges.length; r += 2) {
    result += text.slice(end, ranges[r]) + content;
    end = ranges[r + 1]!;
  }
  return result + text.slice(end);
}

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });
const strictUtf8 = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true });
const encoder = new TextEncoder();

function decodeByteLevel(tokens: readonly string[]): string {
  let size = 0;
  for (const token of tokens) size += 3 * token.length;
  const bytes = new Uint8Array(size);
  let length = 0;
  for (const token of tokens) {
    const before = length;
    for (let i = 0; i < token.length; i++) {
      const byte = codeToByte[token.charCodeAt(i)] ?? -1;
      if (byte < 0) {
        // A token that is not written in the byte alphabet (an added token) stands for itself.
        length = before + encoder.encodeInto(token, bytes.subarray(before)).written;
        break;
      }
      bytes[length++] = byte;
    }
  }
  return utf8.decode(bytes.subarray(0, length));
}

function byteFallback(tokens: readonly string[]): string[] {
  const result: string[] = [];
  let bytes: number[] = [];
  const flush = () => {
    if (bytes.length === 0) return;
    try {
      result.push(strictUtf8.decode(Uint8Array.from(bytes)));
    } catch {
      for (const _ of bytes) result.push('\ufffd');
    }
    bytes = [];
  };
  for (const token of tokens) {
    const byte = /^<0x([0-9A-Fa-f]{2}|\+[0-9A-Fa-f])>$/.exec(token);
    if (byte !== null) bytes.push(Number.parseInt(byte[1]!, 16));
    else {
      flush();
      result.push(token);
    }
  }
  flush();
  return result;
}

function strip(token: string, content: string, start: number, stop: number): string {
  const characters = [...token];
  let from = 0;
  while (from < Math.min(start, characters.length) && characters[from] === content) from++;
  let to = characters.length;
  for (let i = 0; i < stop && to > from && characters[to - 1] === content; i++) to--;
  return characters.slice(from, to).join('');
}
