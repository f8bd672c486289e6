// A lesson as a training: what is learnt is not what is measured with, and what is typed wrongly is said.

import { parseRecipe } from '@yumo/train';
import { expect, it } from 'vitest';
import { examplesOf, gapOf, lessons, orderOf, storedLesson } from './lesson.ts';

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

it('makes a recipe that is valid, and keeps back examples that are not learnt', () => {
  for (const lesson of Object.values(lessons)) {
    const { training, learnt, held } = orderOf(lesson, '/models', 'wasm');
    expect(parseRecipe(training.recipe).objective.kind).toBe('sequence-classification');
    const files = new Map(training.files.map((f) => [f.name, text(f.bytes).trim().split('\n')]));
    const [learn, measure] = ['learn', 'measure'].map((kind) =>
      lesson.classes.flatMap((_, i) => files.get(`${kind}-${i}.txt`) ?? []),
    );
    expect([learn!.length, measure!.length]).toEqual([learnt, held]);
    expect(learn!.filter((line) => measure!.includes(line))).toEqual([]);
    expect(new Set([...learn!, ...measure!])).toEqual(new Set(lesson.classes.flatMap(examplesOf)));
  }
});

it('measures with what was learnt where there is too little, and says so', () => {
  const few = {
    classes: [
      { name: 'a', examples: 'x\ny' },
      { name: 'b', examples: 'z\nw\nz' },
    ],
    steps: 10,
    from: null,
  };
  const { held, learnt, training } = orderOf(few, '/models', 'auto');
  expect([learnt, held]).toEqual([4, 0]);
  expect(text(training.files.find((f) => f.name === 'measure-1.txt')!.bytes)).toBe('z\nw\n');
});

it('starts from a model with that model’s tokenizer', () => {
  const { training } = orderOf({ ...lessons.en, from: 'sentiment-en' }, '/models', 'auto');
  expect(training).toMatchObject({
    models: '/models',
    recipe: { init: { from: 'sentiment-en' }, tokenizer: { kind: 'init' } },
  });
  expect(parseRecipe(training.recipe).init?.from).toBe('sentiment-en');
});

it('says what is missing', () => {
  const [first, second] = lessons.en.classes as [never, never];
  const lesson = (...classes: { name: string; examples: string }[]) => ({ classes, steps: 20, from: null });
  expect(gapOf(lesson(first))).toBe('classes');
  expect(gapOf(lesson(first, first))).toBe('names');
  expect(gapOf(lesson(first, { name: ' ', examples: 'a\nb' }))).toBe('names');
  expect(gapOf(lesson(first, { name: 'x', examples: ' \nb\nb' }))).toBe('examples');
  expect(gapOf(lesson(first, second))).toBeUndefined();
});

it('believes stored lessons that are possible, and no others', () => {
  expect(storedLesson.parse(lessons.zh)).toEqual(lessons.zh);
  for (const wrong of [
    3,
    {},
    { classes: [], steps: 20 },
    { classes: [{ name: 1 }], steps: 20 },
    { ...lessons.en, steps: 1e9 },
  ])
    expect(storedLesson.parse(wrong)).toBeNull();
});
