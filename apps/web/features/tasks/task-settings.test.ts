// What is believed of what was stored.

import { expect, it } from 'vitest';
import { storedDrafts, storedTaskSettings, taskDefaults } from './task-settings.ts';

it('believes stored values that are possible, and no others', () => {
  const chosen = {
    models: { ask: 'm' },
    direction: 'en-de',
    beams: 4,
    merge: 'summarize',
    mode: 'tag',
    eachLine: true,
  };
  expect(storedTaskSettings.parse(chosen)).toEqual(chosen);
  const wrong = { models: { ask: 3, fly: 'x' }, direction: 7, beams: 9, merge: 'x', mode: null, eachLine: 'yes' };
  expect(storedTaskSettings.parse(wrong)).toEqual(taskDefaults);
  expect(storedTaskSettings.parse({ models: null })).toEqual(taskDefaults);
  expect(storedTaskSettings.parse('x')).toBeUndefined();
  expect(storedDrafts.parse({ ask: 'text', 'ask.question': 4 })).toEqual({ ask: 'text' });
});
