// A long text as chunks that fit a model, cut at sentences where that is possible.

/** What is needed of a cut: a chunk, and the white space between it and the next. */
export interface Chunk {
  readonly text: string;
  readonly after: string;
}

/** Sentences by the rules of Unicode (UAX #29), with the white space that follows them. They know Chinese full stops as well as Latin ones. */
const sentences = new Intl.Segmenter('und', { granularity: 'sentence' });

/**
 * Cuts a text into the fewest chunks that fit, greedily: whole sentences, else words, else characters. Chunks and what lies between them,
 * one after the other, are the text again, without the white space at its front.
 */
export function chunksOf(text: string, fits: (chunk: string) => boolean): Chunk[] {
  const chunks: string[] = [];
  const pack = (pieces: readonly string[], smaller: readonly ((piece: string) => string[])[]): void => {
    let open = '';
    for (const piece of pieces) {
      if (open !== '' && fits((open + piece).trim())) open += piece;
      else {
        if (open !== '') chunks.push(open);
        open = '';
        const [split, ...rest] = smaller;
        if (split && !fits(piece.trim())) pack(split(piece), rest);
        else open = piece;
      }
    }
    if (open !== '') chunks.push(open);
  };
  const words = (s: string): string[] => s.match(/\S+\s*/gu) ?? [];
  pack(
    Array.from(sentences.segment(text.trimStart()), (s) => s.segment),
    [words, (s) => Array.from(s)],
  );
  return chunks.map((chunk) => ({ text: chunk.trimEnd(), after: chunk.slice(chunk.trimEnd().length) }));
}
