// A stream of bytes or text, as the lines that trainers read.
import { TokenizerError } from '../errors.ts';

/**
 * Lines with their line feeds, in arrays of about a chunk: `trainBpe(textLines(createReadStream('corpus.txt')))`, or
 * `textLines(response.body)` in a browser. Holds one chunk and one line at a time.
 *
 * @param chunks UTF-8 bytes, or text; characters and lines may go on from one chunk to the next.
 * @throws TokenizerError FORMAT when bytes are not UTF-8, with the number of the chunk.
 */
export async function* textLines(chunks: AsyncIterable<string | Uint8Array>): AsyncGenerator<string[]> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let rest = '';
  let chunk = 0;
  const read = (bytes?: Uint8Array): string => {
    try {
      return bytes === undefined ? decoder.decode() : decoder.decode(bytes, { stream: true });
    } catch (cause) {
      const message = `textLines: chunk ${chunk} of the stream is not UTF-8; convert the file, or decode it before`;
      throw new TokenizerError('FORMAT', message, { chunk }, cause);
    }
  };
  for await (const part of chunks) {
    const text = rest + (typeof part === 'string' ? part : read(part));
    chunk++;
    const end = text.lastIndexOf('\n') + 1;
    rest = text.slice(end);
    const lines: string[] = [];
    for (let start = 0; start < end; ) {
      const next = text.indexOf('\n', start) + 1;
      lines.push(text.slice(start, next));
      start = next;
    }
    if (lines.length > 0) yield lines;
  }
  rest += read();
  if (rest !== '') yield [rest];
}
