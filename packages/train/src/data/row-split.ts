// Training or validation by a hash of the row: the same row lies in the same part in every file, order and run, and equal rows lie together.

/** 32 bits of a text: FNV-1a over its UTF-16 units, then mixed (lowbias32), so that near texts fall far apart. */
export function hashOfText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x7feb352d);
  hash = Math.imul(hash ^ (hash >>> 15), 0x846ca68b);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** Whether a row belongs to the training part. Blanks at the ends do not count. */
export const isTrainingRow = (text: string, trainShare: number): boolean =>
  hashOfText(text.trim()) < trainShare * 2 ** 32;
