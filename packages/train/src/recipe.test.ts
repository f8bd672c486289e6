// Recipes: defaults, messages, overrides.

import { isYumoError } from '@yumo/core';
import { describe, expect, it } from 'vitest';
import type { RecipeInput } from './recipe.ts';
import { applyOverrides, defineRecipe, parseRecipe, recipeFields } from './recipe-fields.ts';

const minimal: RecipeInput = {
  name: 'tiny',
  data: { kind: 'text', files: ['a.txt'] },
  tokenizer: { kind: 'characters' },
  model: { model_type: 'gpt2', n_layer: 1 },
  batch: 2,
  steps: 3,
};

const messageOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (isYumoError(error) && error.code === 'CONFIG') return error.message;
    throw error;
  }
  throw new Error('nothing was thrown');
};

describe('a recipe', () => {
  it('is completed with defaults, and fields of config.json pass unchanged', () => {
    const recipe = defineRecipe(minimal);
    expect(recipe.optimizer).toMatchObject({ kind: 'adamw', learningRate: 1e-3, beta2: 0.999 });
    expect(recipe.data).toMatchObject({ trainShare: 0.9 });
    expect(recipe.model).toEqual({ model_type: 'gpt2', n_layer: 1 });
    expect(parseRecipe(JSON.parse(JSON.stringify(recipe)))).toEqual(recipe);
  });

  it('answers an unknown field with the nearest one, at every depth', () => {
    expect(messageOf(() => parseRecipe({ ...minimal, bacth: 4 }, 'r.json'))).toContain(
      'r.json: unknown field "bacth"; did you mean "batch"?',
    );
    const wrong = { ...minimal, optimizer: { kind: 'muon', rest: { learningrate: 1 } } };
    expect(messageOf(() => parseRecipe(wrong))).toContain(
      'unknown field "optimizer.rest.learningrate"; did you mean "learningRate"?',
    );
  });

  it('offers only fields of the kind that was chosen', () => {
    const message = messageOf(() => parseRecipe({ ...minimal, optimizer: { kind: 'adamw', dampening: 0.1 } }));
    expect(message).toContain(
      '"optimizer.dampening"; optimizer has kind, learningRate, beta1, beta2, epsilon, weightDecay',
    );
  });

  it('answers an unknown kind with the nearest and the list', () => {
    const message = messageOf(() => parseRecipe({ ...minimal, optimizer: { kind: 'adamv' } }));
    expect(message).toContain('"optimizer.kind" is "adamv"; did you mean "adamw"? one of adamw, adam, sgd');
  });

  it('names everything that is wrong at once, with the value and the help', () => {
    const message = messageOf(() => parseRecipe({ ...minimal, batch: -1, steps: undefined, seed: -1 }));
    expect(message).toContain('"batch" is -1');
    expect(message).toContain('"steps" is missing (Optimizer steps)');
    expect(message).toContain('"seed" is -1');
  });
});

describe('overrides', () => {
  it('set fields by dotted paths, typed by the schema', () => {
    const changed = parseRecipe(
      applyOverrides(minimal, [
        'optimizer.learningRate=3e-4',
        'steps=7',
        'model.n_layer=2',
        'data.files=x.txt, y.txt',
        'zeroStart=["a"]',
      ]),
    );
    expect(changed).toMatchObject({ steps: 7, model: { n_layer: 2 }, zeroStart: ['a'] });
    expect(changed.optimizer.learningRate).toBe(3e-4);
    expect(changed.data).toMatchObject({ files: ['x.txt', 'y.txt'] });
    expect(minimal.steps).toBe(3);
  });

  it('drop the fields of the old kind when another is set', () => {
    const adam = { ...minimal, optimizer: { kind: 'adam', amsgrad: true } };
    expect(parseRecipe(applyOverrides(adam, ['optimizer.kind=sgd', 'optimizer.momentum=0.9'])).optimizer).toMatchObject(
      {
        kind: 'sgd',
        momentum: 0.9,
      },
    );
  });

  it('name an item of a list by its number, or all of them', () => {
    const rows = { ...minimal, data: { kind: 'rows', train: [{ files: ['a.tsv'] }, { files: ['b.tsv'] }] } };
    const changed = parseRecipe(
      applyOverrides(rows, [
        'data.train.*.onBadRow=skip',
        'data.train.1.files=c.tsv,d.tsv',
        'data.train.0.prefix=en: ',
      ]),
    );
    expect(changed.data).toMatchObject({
      train: [
        { files: ['a.tsv'], onBadRow: 'skip' },
        { files: ['c.tsv', 'd.tsv'], onBadRow: 'skip', prefix: '' },
      ],
    });
    expect(messageOf(() => applyOverrides(rows, ['data.train.2.onBadRow=skip']))).toContain(
      'data.train has 2 items, numbered from 0',
    );
    expect(messageOf(() => applyOverrides(minimal, ['data.train.*.onBadRow=skip']))).toContain(
      'data.train has 0 items',
    );
    expect(messageOf(() => applyOverrides(rows, ['data.train.0.onBadRows=skip']))).toContain(
      'did you mean "data.train.*.onBadRow"?',
    );
  });

  it('refuse unknown paths, wrong types and missing signs by name', () => {
    expect(messageOf(() => applyOverrides(minimal, ['optimizer.learningRat=1']))).toContain(
      'did you mean "optimizer.learningRate"?',
    );
    expect(messageOf(() => applyOverrides(minimal, ['learningRate=1']))).toContain(
      'did you mean "optimizer.learningRate"?',
    );
    expect(messageOf(() => applyOverrides(minimal, ['steps=many']))).toContain('"steps=many": expected a number');
    expect(messageOf(() => applyOverrides(minimal, ['steps=1.5']))).toContain('expected a whole number');
    expect(messageOf(() => applyOverrides(minimal, ['steps']))).toContain('field=value');
  });
});

describe('the list of fields', () => {
  it('has a help text for every field, and defaults that the schema itself accepts', () => {
    expect(recipeFields.length).toBeGreaterThan(40);
    for (const field of recipeFields) expect(field.description, field.path).not.toBe('');
    const rate = recipeFields.find((f) => f.path === 'optimizer.learningRate');
    expect(rate).toMatchObject({ type: 'number', default: 1e-3 });
    expect(recipeFields.find((f) => f.path === 'optimizer.kind')?.choices).toContain('muon');
    expect(recipeFields.find((f) => f.path === 'schedule.timescale')?.kinds).toEqual(['inverse-sqrt']);
  });
});

describe('fields of list items', () => {
  const recipe = {
    ...{ name: 'x', data: { kind: 'text', files: ['a'] }, tokenizer: { kind: 'characters' } },
    ...{ model: { model_type: 'gpt2' }, batch: 4, steps: 2 },
  };

  it('are answered with the nearest, and with their help', () => {
    expect(() => parseRecipe({ ...recipe, groups: [{ match: ['x'], rat: 2 }] })).toThrow(
      'unknown field "groups.0.rat"; did you mean "rate"?',
    );
    expect(() => parseRecipe({ ...recipe, groups: [{ rate: 2 }] })).toThrow(
      '"groups.0.match" is missing (Parameter names; `*` stands for anything)',
    );
  });

  it('a batch is a number or all, from a file and from the command line', () => {
    for (const [given, batch] of [
      ['64', 64],
      ['all', 0],
    ] as const)
      expect(parseRecipe(applyOverrides(recipe, [`batch=${given}`])).batch).toBe(batch);
    expect(() => applyOverrides(recipe, ['batch=al'])).toThrow('override "batch=al": expected a number');
  });
});
