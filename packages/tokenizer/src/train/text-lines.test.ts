import { describe, expect, it } from 'vitest';
import { textLines } from './text-lines.ts';

async function linesOf(chunks: (string | Uint8Array)[]): Promise<string[]> {
  async function* stream() {
    yield* chunks;
  }
  const lines: string[] = [];
  for await (const part of textLines(stream())) lines.push(...part);
  return lines;
}

describe('lines of a stream', () => {
  const text = 'one\n\n二行\r\n\ufeffthree \u{1f600}\nlast';
  const expected = ['one\n', '\n', '二行\r\n', '\ufeffthree \u{1f600}\n', 'last'];

  it('are the same wherever the stream is cut, within characters too', async () => {
    const bytes = new TextEncoder().encode(text);
    for (let at = 0; at <= bytes.length; at++) {
      expect(await linesOf([bytes.subarray(0, at), bytes.subarray(at)])).toEqual(expected);
    }
    expect(await linesOf([...bytes].map((byte) => Uint8Array.of(byte)))).toEqual(expected);
    expect(await linesOf([...text])).toEqual(expected);
  });

  it('name the chunk that is not UTF-8, at its place or at the end', async () => {
    await expect(linesOf(['a\n', Uint8Array.of(0x61, 0xff)])).rejects.toThrow('chunk 1 of the stream is not UTF-8');
    await expect(linesOf([Uint8Array.of(0xe4, 0xb8)])).rejects.toThrow('is not UTF-8');
  });
});
