// Characters that a tokenizer cannot hold: dropped as the reference does, and named where one asks.

import { describe, expect, test } from 'vitest';
import { requireEncodable } from './encodable.ts';
import { trainByteLevelBpe, trainCharacters } from './train/index.ts';

describe('requireEncodable', () => {
  test('names the first character that a character tokenizer would drop, by its place', async () => {
    const tokenizer = await trainCharacters(['hello world']);
    expect(tokenizer.decode(tokenizer.encodeIds('hélló 🖋'))).toBe('hll ');
    expect(() => requireEncodable(tokenizer, 'hello 🖋')).toThrow(
      expect.objectContaining({
        code: 'UNENCODABLE',
        message: expect.stringContaining('no token holds "🖋" (U+1F58B) at 6') as string,
        detail: { character: '🖋', at: 6 },
      }),
    );
    expect(() => requireEncodable(tokenizer, 'wörld')).toThrow(/"ö" \(U\+00F6\) at 1/);
    expect(() => requireEncodable(tokenizer, 'world hello')).not.toThrow();
  });

  test('has nothing to refuse where every byte has a token', async () => {
    const tokenizer = await trainByteLevelBpe(['hello'], { vocabularySize: 260 });
    expect(() => requireEncodable(tokenizer, 'hélló 🖋 墨')).not.toThrow();
  });
});
