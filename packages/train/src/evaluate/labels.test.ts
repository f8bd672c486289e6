// Labels of files against classes of models: what is the same, what is refused.

import { expect, test } from 'vitest';
import { matchLabels } from './labels.ts';

const matched = (found: string[], classes: string[], given?: string[]) =>
  Object.fromEntries(matchLabels(found, classes, given).names);

test('names match as they are, or whatever their case', () => {
  expect(matched(['b', 'a'], ['a', 'b', 'c'])).toEqual({ a: 'a', b: 'b' });
  expect(matched(['Sci-Tech', 'WORLD'], ['world', 'sci/tech'])).toEqual({ WORLD: 'world', 'Sci-Tech': 'sci/tech' });
});

test('numbers follow the classes, from 0 or from 1', () => {
  expect(matched(['0', '2'], ['x', 'y', 'z'])).toEqual({ 0: 'x', 2: 'z' });
  expect(matched(['1', '2', '3'], ['x', 'y', 'z'])).toEqual({ 1: 'x', 2: 'y', 3: 'z' });
  expect(matched(['0', '1'], ['LABEL_0', 'LABEL_1'])).toEqual({ 0: 'LABEL_0', 1: 'LABEL_1' });
  expect(matched(['LABEL_1', 'LABEL_0'], ['0', '1'])).toEqual({ LABEL_0: '0', LABEL_1: '1' });
});

test('a positive 1 stays positive whatever the order of the classes', () => {
  expect(matched(['0', '1'], ['positive', 'negative'])).toEqual({ 0: 'negative', 1: 'positive' });
  expect(matched(['neg', 'pos'], ['好评', '差评'])).toEqual({ neg: '差评', pos: '好评' });
  expect(matched(['neg', 'pos'], ['LABEL_0', 'LABEL_1'])).toEqual({ neg: 'LABEL_0', pos: 'LABEL_1' });
  expect(matched(['0', '1', '2'], ['contradiction', 'neutral', 'entailment'])).toEqual({
    0: 'entailment',
    1: 'neutral',
    2: 'contradiction',
  });
});

test('what cannot be matched is refused, with both sides', () => {
  expect(() => matchLabels(['sports', 'world'], ['LABEL_0', 'LABEL_1'])).toThrow(
    'labels of the file (sports, world) and classes of the model (LABEL_0, LABEL_1) do not match',
  );
  expect(() => matchLabels(['0', '5'], ['x', 'y'])).toThrow('5 has no class');
  expect(() => matchLabels(['postive', 'negative'], ['positive', 'negative'])).toThrow('did you mean "positive"?');
  expect(() => matchLabels(['Pos', 'pos'], ['pos', 'neg'])).toThrow('two labels would be the same class');
});

test('--labels says it: names in the order of the classes, names of numbers, or pairs', () => {
  expect(matched(['sports', 'world'], ['LABEL_0', 'LABEL_1'], ['world', 'sports'])).toEqual({
    world: 'LABEL_0',
    sports: 'LABEL_1',
  });
  expect(matched(['0', '1'], ['sports', 'world'], ['world', 'sports'])).toEqual({ 0: 'world', 1: 'sports' });
  expect(matched(['0', '1'], ['LABEL_0', 'LABEL_1'], ['world', 'sports'])).toEqual({ 0: 'LABEL_0', 1: 'LABEL_1' });
  expect(matched(['a', 'b'], ['x', 'y'], ['a=y', 'b=x'])).toEqual({ a: 'y', b: 'x' });
  // Several labels of the file may be one class: stars, spellings.
  expect(matched(['1', '2', '4'], ['neg', 'pos'], ['1=neg', '2=neg', '4=pos'])).toEqual({
    1: 'neg',
    2: 'neg',
    4: 'pos',
  });
  expect(() => matchLabels(['a'], ['x', 'y'], ['a'])).toThrow('--labels has 1 names, the model 2 classes');
  expect(() => matchLabels(['a'], ['x', 'y'], ['a=z'])).toThrow('--labels names the class "z"');
});
