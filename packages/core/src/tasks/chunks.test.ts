// Long texts in pieces: nothing lost, nothing too long, cuts where people would cut.

import { describe, expect, it } from 'vitest';
import { chunksOf } from './chunks.ts';

const upTo = (n: number) => (chunk: string) => chunk.length <= n;
const whole = (chunks: ReturnType<typeof chunksOf>): string => chunks.map((c) => c.text + c.after).join('');

describe('chunks', () => {
  it('hold as many whole sentences as fit', () => {
    const text = 'One two. Three four five. Six. Seven eight nine ten.';
    expect(chunksOf(text, upTo(26)).map((c) => c.text)).toEqual([
      'One two. Three four five.',
      'Six. Seven eight nine ten.',
    ]);
  });

  it('are the text again, one after the other, whatever fits', () => {
    const text = 'A b.  C d e!\n\nFgh ijklmnop? 今天天气很好。我们去公园吧！  End';
    for (let n = 1; n < text.length + 2; n++) {
      const chunks = chunksOf(text, upTo(n));
      expect(whole(chunks)).toBe(text);
      for (const { text: chunk } of chunks) expect(chunk.length).toBeLessThanOrEqual(n);
    }
  });

  it('cut Chinese at its full stops', () => {
    expect(chunksOf('今天天气很好。我们去公园吧！好的。', upTo(9)).map((c) => c.text)).toEqual([
      '今天天气很好。',
      '我们去公园吧！',
      '好的。',
    ]);
  });

  it('cut a sentence at its words, and a word at its characters, never inside one', () => {
    expect(chunksOf('aaa bbb ccc', upTo(8)).map((c) => c.text)).toEqual(['aaa bbb', 'ccc']);
    expect(chunksOf('😀😀😀', upTo(4)).map((c) => c.text)).toEqual(['😀😀', '😀']);
    expect(chunksOf('', upTo(4))).toEqual([]);
  });
});
