// What each token of a vocabulary writes, as bytes, read from tokenizer.json; and all tokens in one tree, so that those which begin alike are tried together.

import { YumoError } from '../../errors.ts';
import { anyChar, type CharRange, union } from './expression.ts';

type Json = Readonly<Record<string, unknown>>;
const isObject = (x: unknown): x is Json => typeof x === 'object' && x !== null && !Array.isArray(x);

/** Tokens in the order of their bytes: a node's subtree follows it, up to `end`. */
export interface TokenTree {
  readonly bytes: Uint8Array;
  /** Number of bytes on the way to a node, its own included. */
  readonly depths: Uint16Array;
  /** First node that is not below. */
  readonly ends: Int32Array;
  /** Tokens that end at node i: `tokens[firsts[i]] … tokens[firsts[i + 1] − 1]`. */
  readonly firsts: Int32Array;
  readonly tokens: Int32Array;
  readonly deepest: number;
}

export interface TokenVocabulary {
  /** Bytes of each id; undefined for control tokens and ids without a token. */
  readonly bytes: readonly (Uint8Array | undefined)[];
  readonly tree: TokenTree;
  /** Characters that a single token writes, or, where there is a token for every byte, all. */
  readonly characters: readonly CharRange[];
}

/** @param bytes what each id writes; undefined where it writes nothing that a text could hold */
export function vocabularyOf(bytes: readonly (Uint8Array | undefined)[]): TokenVocabulary {
  return { bytes, tree: treeOf(bytes), characters: charactersOf(bytes) };
}

function charactersOf(bytes: readonly (Uint8Array | undefined)[]): readonly CharRange[] {
  const single = new Set(bytes.flatMap((b) => (b?.length === 1 ? [b[0]!] : [])));
  if (single.size === 256) return anyChar;
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const found: CharRange[] = [];
  for (const b of bytes) {
    if (!b || b.length === 0 || b.length > 4) continue;
    try {
      const text = decoder.decode(b);
      const code = text.codePointAt(0)!;
      if (text.length === (code > 0xffff ? 2 : 1)) found.push([code, code]);
    } catch {
      // Part of a character: without all bytes it cannot be relied upon.
    }
  }
  return union(found);
}

function treeOf(bytes: readonly (Uint8Array | undefined)[]): TokenTree {
  const ids = [...bytes.keys()].filter((id) => (bytes[id]?.length ?? 0) > 0);
  ids.sort((a, b) => compare(bytes[a]!, bytes[b]!) || a - b);
  const nodes = { bytes: [] as number[], depths: [] as number[], firsts: [] as number[] };
  const tokens: number[] = [];
  const path: number[] = [];
  for (const id of ids) {
    const own = bytes[id]!;
    let shared = 0;
    while (shared < path.length && shared < own.length && path[shared] === own[shared]) shared++;
    path.length = shared;
    for (let i = shared; i < own.length; i++) {
      path.push(own[i]!);
      nodes.bytes.push(own[i]!);
      nodes.depths.push(i + 1);
      nodes.firsts.push(tokens.length);
    }
    tokens.push(id);
  }
  nodes.firsts.push(tokens.length);
  const depths = Uint16Array.from(nodes.depths);
  const ends = new Int32Array(depths.length).fill(depths.length);
  const open: number[] = [];
  for (let i = 0; i < depths.length; i++) {
    while (open.length >= depths[i]!) ends[open.pop()!] = i;
    open.push(i);
  }
  return {
    bytes: Uint8Array.from(nodes.bytes),
    depths,
    ends,
    firsts: Int32Array.from(nodes.firsts),
    tokens: Int32Array.from(tokens),
    deepest: depths.reduce((a, b) => Math.max(a, b), 0),
  };
}

function compare(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return a.length - b.length;
}

/** The byte of each character of GPT-2's alphabet (Radford et al. 2019, §2.2): printable Latin-1 is itself, the others follow from U+0100. */
function byteAlphabet(): ReadonlyMap<string, number> {
  const alphabet = new Map<string, number>();
  let others = 0;
  for (let byte = 0; byte < 256; byte++) {
    const printable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte !== 0xad);
    alphabet.set(String.fromCharCode(printable ? byte : 256 + others++), byte);
  }
  return alphabet;
}

const utf8 = new TextEncoder();

/**
 * What each token of a tokenizer.json writes. Byte-level, SentencePiece (`▁`, `<0x0A>`) and WordPiece (`##`) spellings are known.
 * @param at `start` for texts that begin with the first generated token: decoders drop the space before it
 * @throws YumoError `TOKENIZER` for files that are none, and for decoders whose texts do not follow from the tokens one by one.
 */
export function tokenVocabulary(tokenizerJson: string, { at = 'inside' as 'inside' | 'start' } = {}): TokenVocabulary {
  const json: unknown = JSON.parse(tokenizerJson);
  const model = isObject(json) && isObject(json.model) ? json.model : undefined;
  if (!isObject(json) || !model) throw new YumoError('TOKENIZER', 'tokenizer.json has no model', {});
  const spell = spelling(json.decoder, at === 'start');
  const bytes: (Uint8Array | undefined)[] = [];
  if (Array.isArray(model.vocab))
    for (const [id, entry] of model.vocab.entries()) bytes[id] = spell(String(Array.isArray(entry) ? entry[0] : entry));
  else if (isObject(model.vocab))
    for (const [token, id] of Object.entries(model.vocab)) bytes[Number(id)] = spell(token);
  for (const added of Array.isArray(json.added_tokens) ? json.added_tokens : [])
    if (isObject(added) && typeof added.id === 'number')
      bytes[added.id] = added.special === false ? utf8.encode(String(added.content)) : undefined;
  if (typeof model.unk_token === 'string' && isObject(model.vocab)) {
    const unknown = model.vocab[model.unk_token];
    if (typeof unknown === 'number') bytes[unknown] = undefined;
  }
  if (typeof model.unk_id === 'number') bytes[model.unk_id] = undefined;
  return vocabularyOf(Array.from(bytes));
}

/** How a token's spelling becomes bytes, by the decoder of tokenizer.json. */
function spelling(decoder: unknown, start: boolean): (token: string) => Uint8Array | undefined {
  const parts = partsOf(decoder);
  const kinds = parts.map((p) => String(p.type));
  const known = ['ByteLevel', 'Metaspace', 'Replace', 'ByteFallback', 'Fuse', 'Strip', 'WordPiece'];
  const foreign = kinds.find((k) => !known.includes(k));
  if (foreign)
    throw new YumoError('TOKENIZER', `grammar: the decoder "${foreign}" of tokenizer.json is not supported`, {
      foreign,
    });
  if (kinds.includes('ByteLevel')) {
    const alphabet = byteAlphabet();
    return (token) => {
      const bytes = Array.from(token, (c) => alphabet.get(c));
      // A token outside the alphabet is taken as text by the decoder.
      return bytes.includes(undefined) ? utf8.encode(token) : Uint8Array.from(bytes as number[]);
    };
  }
  const wordPiece = parts.find((p) => p.type === 'WordPiece');
  if (wordPiece || parts.length === 0) {
    // Without a decoder tokens are words, joined by spaces.
    const prefix = wordPiece ? String(wordPiece.prefix ?? '##') : undefined;
    return (token) =>
      utf8.encode(
        prefix !== undefined && token.startsWith(prefix) && !start
          ? token.slice(prefix.length)
          : start
            ? token
            : ` ${token}`,
      );
  }
  const replacements = parts.flatMap((p): (readonly [string, string])[] => {
    if (p.type === 'Metaspace') return [[String(p.replacement ?? '▁'), ' ']];
    if (p.type !== 'Replace') return [];
    const pattern = isObject(p.pattern) ? p.pattern.String : undefined;
    if (typeof pattern !== 'string')
      throw new YumoError('TOKENIZER', 'grammar: a decoder that replaces by a pattern is not supported', {});
    return [[pattern, String(p.content ?? '')]];
  });
  const fallsBack = kinds.includes('ByteFallback');
  const dropsSpace =
    start &&
    parts.some(
      (p) =>
        (p.type === 'Metaspace' && p.prepend_scheme !== 'never' && p.add_prefix_space !== false) ||
        (p.type === 'Strip' && p.content === ' ' && Number(p.start) > 0),
    );
  return (token) => {
    const byte = fallsBack ? /^<0x([0-9A-F]{2})>$/i.exec(token) : null;
    if (byte) return Uint8Array.of(Number.parseInt(byte[1]!, 16));
    const text = replacements.reduce((t, [from, to]) => t.replaceAll(from, to), token);
    return utf8.encode(dropsSpace && text.startsWith(' ') ? text.slice(1) : text);
  };
}

/** The decoders of a sequence, one after the other. */
function partsOf(decoder: unknown): readonly Json[] {
  if (!isObject(decoder)) return [];
  if (decoder.type !== 'Sequence') return [decoder];
  return Array.isArray(decoder.decoders) ? decoder.decoders.flatMap(partsOf) : [];
}
