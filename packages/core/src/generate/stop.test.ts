// Stop strings in pieces of text, cut anywhere.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StopStrings } from './stop.ts';

/** What a user sees of the pieces. */
function shown(pieces: readonly string[], stops: readonly string[]): { text: string; stopped: boolean } {
  const s = new StopStrings(stops);
  const text = pieces.map((p) => s.push(p)).join('') + s.end();
  return { text, stopped: s.stopped };
}

describe('stop strings', () => {
  it('are never shown, not even in part, however the text is cut', () => {
    const letter = fc.constantFrom('a', 'b', '\n');
    const word = (minLength: number, maxLength: number) =>
      fc.array(letter, { minLength, maxLength }).map((l) => l.join(''));
    fc.assert(
      fc.property(fc.array(word(0, 4), { maxLength: 12 }), fc.array(word(1, 4), { maxLength: 3 }), (pieces, stops) => {
        const text = pieces.join('');
        const at = Math.min(...stops.map((s) => text.indexOf(s)).filter((i) => i >= 0));
        const stopped = Number.isFinite(at);
        const result = shown(pieces, stops);
        expect(result.stopped).toBe(stopped);
        // The plain definition on the whole text. With several stops a shorter one may end before a longer that began earlier.
        if (stops.length <= 1) expect(result.text).toBe(stopped ? text.slice(0, at) : text);
        else for (const stop of stops) expect(result.text.includes(stop)).toBe(false);
      }),
    );
  });

  it('let text through as soon as it cannot become one', () => {
    const s = new StopStrings(['\nUser:']);
    expect(s.push('Hello\n')).toBe('Hello');
    expect(s.push('Us')).toBe('');
    expect(s.push('ual')).toBe('\nUsual');
    expect(s.push('\nUser: x')).toBe('');
    expect(s.stopped).toBe(true);
    expect(s.push('more')).toBe('');
    expect(s.end()).toBe('');
  });

  it('that did not come about are shown at the end', () => {
    expect(shown(['ab', 'c'], ['cd'])).toEqual({ text: 'abc', stopped: false });
    expect(shown(['ab'], [''])).toEqual({ text: 'ab', stopped: false });
  });
});
