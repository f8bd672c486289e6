// Which model translates, for whom.

import type { ModelInfo } from '@yumo/serve/client';
import { expect, it } from 'vitest';
import { wayBack, wayFor, waysOf } from './directions.ts';

const model = (name: string, ...directions: [from: string, to: string][]): ModelInfo => ({
  name,
  title: name,
  modelType: 'marian',
  tasks: ['translate'],
  contextLength: 64,
  vocabularySize: 100,
  bytes: 1,
  languages: [],
  directions: directions.map(([from, to]) => ({ from, to })),
  labels: [],
  openings: [],
  summary: '',
  results: [],
});

it('chooses what was chosen, else from the language of the person, else into it', () => {
  const ways = waysOf([model('a', ['en', 'de']), model('b', ['en', 'zh'], ['zh', 'en']), model('c')]);
  expect(ways.map((w) => w.key)).toEqual(['a:en-de', 'b:en-zh', 'b:zh-en', 'c']);
  expect(wayFor(ways, null, 'en')?.key).toBe('a:en-de');
  expect(wayFor(ways, null, 'zh')?.key).toBe('b:zh-en');
  expect(wayFor(ways, 'b:en-zh', 'zh')?.key).toBe('b:en-zh');
  expect(wayFor(ways, 'gone', 'fr')?.key).toBe('a:en-de');
  expect(wayFor([], null, 'en')).toBeUndefined();
});

it('knows the way back, by the same model where it can', () => {
  const ways = waysOf([model('x', ['zh', 'en']), model('b', ['en', 'zh'], ['zh', 'en']), model('a', ['en', 'de'])]);
  const by = (key: string) => ways.find((w) => w.key === key)!;
  expect(wayBack(ways, by('b:en-zh'))?.key).toBe('b:zh-en');
  expect(wayBack(ways, by('x:zh-en'))?.key).toBe('b:en-zh');
  expect(wayBack(ways, by('a:en-de'))).toBeUndefined();
});
