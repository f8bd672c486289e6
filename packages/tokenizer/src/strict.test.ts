// Characters that a tokenizer cannot hold: dropped as the reference does, or refused where one asks for it.

import { describe, expect, test } from 'vitest';
import { Tokenizer } from './tokenizer.ts';
import { trainByteLevelBpe, trainCharacters } from './train/index.ts';

describe('strict', () => {
  test('names the first character that a character tokenizer would drop, by its place', async () => {
    const tokenizer = await trainCharacters(['hello world']);
    expect(tokenizer.decode(tokenizer.encodeIds('hélló 🖋'))).toBe('hll ');
    for (const encode of [
      () => tokenizer.encodeIds('hello 🖋', { strict: true }),
      () => tokenizer.encode('hello 🖋', null, { strict: true }),
    ])
      expect(encode).toThrow(
        expect.objectContaining({
          code: 'UNENCODABLE',
          message: expect.stringContaining('strict: no token holds "🖋" (U+1F58B) at 6') as string,
        }),
      );
    expect([...tokenizer.encodeIds('world hello', { strict: true })]).toEqual([...tokenizer.encodeIds('world hello')]);
    expect(() => tokenizer.encode('hello', 'wörld', { strict: true })).toThrow(/"ö" \(U\+00F6\) at 1/);
  });

  test('has nothing to refuse where every byte has a token', async () => {
    const tokenizer = await trainByteLevelBpe(['hello'], { vocabularySize: 260 });
    const text = 'hélló 🖋 墨';
    expect([...tokenizer.encodeIds(text, { strict: true })]).toEqual([...tokenizer.encodeIds(text)]);
    expect(Tokenizer.fromJson(tokenizer.toJson()).decode(tokenizer.encodeIds(text))).toBe(text);
  });
});
