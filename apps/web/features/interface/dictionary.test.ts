// The two languages: that each is complete is the compiler's business; that nothing was left untranslated is this file's.

import { expect, it } from 'vitest';
import { type Dictionary, dictionaries } from './dictionary.ts';

/** Every text of a dictionary by its path; functions are asked with sample values. */
function texts(entry: unknown, path = ''): [string, string][] {
  if (typeof entry === 'string') return [[path, entry]];
  if (typeof entry === 'function') return [[path, String((entry as (...args: unknown[]) => unknown)(3, 4, 5))]];
  return Object.entries(entry as Dictionary).flatMap(([key, value]) => texts(value, `${path}.${key}`));
}

it('has no empty text, and no Chinese text that is the English one', () => {
  const english = new Map(texts(dictionaries.en));
  const same = texts(dictionaries.zh).filter(([path, text]) => text === '' || text === english.get(path));
  expect(same.map(([path]) => path)).toEqual(['.topK', '.topP']); // terms of the field
});

it('writes Chinese with Chinese punctuation', () => {
  for (const [path, text] of texts(dictionaries.zh))
    expect([path, /[\u4e00-\u9fff]\s*[,;:?!.](\s|$)/.test(text)]).toEqual([path, false]);
});
