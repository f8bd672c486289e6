// Randomness by counting: a number is a function of (seed, stream, index), so that nothing must be saved and order does not matter.

/** Mixes 32 bits thoroughly (the finaliser of MurmurHash3 with the constants of Ettinger's lowbias32). */
function mix(x: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return (x ^ (x >>> 16)) >>> 0;
}

/** A stream's key: different names draw independent numbers. FNV-1a over the UTF-16 units, then mixed with the seed. */
export function streamKey(seed: number, name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return mix(mix(seed >>> 0) ^ (hash >>> 0));
}

/** Number `index` of a stream: 32 random bits. */
export const randomBits = (key: number, index: number): number =>
  mix((mix((key + Math.imul(index, 0x9e3779b9)) >>> 0) ^ Math.imul(index + 1, 0x85ebca6b) ^ key) >>> 0);

/** Number `index` of a stream, uniform in (0, 1). */
export const randomUniform = (key: number, index: number): number => (randomBits(key, index) + 0.5) / 2 ** 32;

/** Number `index` of a stream, normal with mean 0 and deviation 1 (Box & Muller 1958). */
export function randomNormal(key: number, index: number): number {
  const radius = Math.sqrt(-2 * Math.log(randomUniform(key, 2 * index)));
  return radius * Math.cos(2 * Math.PI * randomUniform(key, 2 * index + 1));
}

/**
 * Entry `index` of a random permutation of 0 … size − 1, without a table: a Feistel network over the next power of four, walked until
 * it lands inside (Black & Rogaway 2002, "cycle walking").
 */
export function permuted(key: number, index: number, size: number): number {
  if (size <= 1) return 0;
  const half = Math.max(1, Math.ceil(Math.log2(size) / 2));
  const mask = 2 ** half - 1;
  let x = index;
  do {
    let left = Math.floor(x / 2 ** half);
    let right = x & mask;
    for (let round = 0; round < 6; round++) {
      [left, right] = [right, (left ^ (randomBits(key ^ Math.imul(round + 1, 0xc2b2ae35), right) & mask)) & mask];
    }
    x = left * 2 ** half + right;
  } while (x >= size);
  return x;
}
