// What makes two texts the same, exactly or nearly: keys, shingles and their MinHash signatures.

import { randomBits, streamKey } from '../../random.ts';

/** Equal for texts that differ only in case, width, blanks and punctuation. */
export const textKey = (text: string): string =>
  text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[\s\p{P}\p{S}\p{C}]+/gu, '') || text.trim();

const shingleLength = 5;

/** The distinct runs of five characters of a text's key, hashed to 32 bits, ascending; of a shorter text the text itself. */
export function shinglesOf(text: string): Uint32Array {
  const characters = Array.from(textKey(text));
  const hashes = new Set<number>();
  for (let i = 0; i === 0 || i + shingleLength <= characters.length; i++) {
    let hash = 0x811c9dc5; // FNV-1a over code points
    for (const character of characters.slice(i, i + shingleLength))
      hash = Math.imul(hash ^ character.codePointAt(0)!, 0x01000193);
    hashes.add(hash >>> 0);
  }
  return Uint32Array.from(hashes).sort();
}

/** Shared shingles over all shingles of both (Jaccard 1901). Both ascending. */
export function jaccard(a: Uint32Array, b: Uint32Array): number {
  let both = 0;
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if (a[i] === b[j]) both++;
    if (a[i]! <= b[j]!) i++;
    else j++;
    // An equal pair has moved a on; b follows at the next step, as its value is then smaller.
  }
  return both / (a.length + b.length - both);
}

/** Numbers of a signature. */
const signatureLength = 128;

const multipliers = Uint32Array.from(
  { length: signatureLength },
  (_, i) => randomBits(streamKey(0, 'minhash multiply'), i) | 1,
);
const addends = Uint32Array.from({ length: signatureLength }, (_, i) => randomBits(streamKey(0, 'minhash add'), i));

/**
 * MinHash (Broder 1997): number i of two signatures is equal with the probability of the texts' Jaccard similarity.
 */
export function signatureOf(shingles: Uint32Array): Uint32Array {
  const signature = new Uint32Array(multipliers.length).fill(0xffffffff);
  for (const shingle of shingles)
    for (let i = 0; i < signature.length; i++) {
      // Multiply and add, then mix: the high bits alone decide the minimum.
      let hash = Math.imul(shingle ^ (shingle >>> 15), multipliers[i]!) + addends[i]!;
      hash = Math.imul(hash ^ (hash >>> 16), 0x7feb352d);
      hash = (hash ^ (hash >>> 15)) >>> 0;
      if (hash < signature[i]!) signature[i] = hash;
    }
  return signature;
}

/**
 * The signature in bands: texts that agree in all numbers of one band are compared. With b bands of r numbers a pair of similarity s is compared with
 * probability 1 − (1 − sʳ)ᵇ; r is the largest for which that is at least 0.999 at the threshold.
 */
export function bandsOf(signature: Uint32Array, threshold: number): string[] {
  const rows = [8, 4, 2].find((r) => (1 - threshold ** r) ** (signatureLength / r) <= 0.001) ?? 1;
  return Array.from(
    { length: signatureLength / rows },
    (_, b) => `${b}:${signature.subarray(b * rows, (b + 1) * rows).join(',')}`,
  );
}
