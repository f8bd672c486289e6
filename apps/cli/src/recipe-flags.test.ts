// Spellings of the flags of recipe fields.

import { recipeFields } from '@yumo/train';
import { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { chooseLanguage } from './language.ts';
import { en } from './phrases/en.ts';
import { addRecipeFlags, fieldHelp, normalizeFlags } from './recipe-flags.ts';

/** The overrides that a command line leaves. */
function overridesOf(words: readonly string[]): readonly string[] {
  const command = new Command().exitOverride();
  const overrides = addRecipeFlags(command, en);
  command.parse(normalizeFlags(words), { from: 'user' });
  return overrides;
}

describe('recipe flags', () => {
  test('every field has one, in both spellings and with or without =', () => {
    for (const { path, type } of recipeFields) {
      const value = type === 'boolean' ? 'false' : '5';
      const kebab = path.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
      for (const flag of [path, kebab]) {
        expect(overridesOf([`--${flag}`, value])).toEqual([`${path}=${value}`]);
        expect(overridesOf([`--${flag}=${value}`])).toEqual([`${path}=${value}`]);
      }
    }
  });

  test('fields of config.json keep their underscores; the order of the command line is kept', () => {
    const words = ['--steps', '3', '--model.n_layer', '4', '--set', 'seed=2', '--model.rms_norm_eps=1e-6', '--steps=5'];
    expect(overridesOf(words)).toEqual(['steps=3', 'model.n_layer=4', 'seed=2', 'model.rms_norm_eps=1e-6', 'steps=5']);
  });

  test('a switch without a value is true', () => {
    expect(overridesOf(['--optimizer.nesterov', '--steps', '3'])).toEqual(['optimizer.nesterov=true', 'steps=3']);
  });

  test('every field has a help; kinds with another default are named, choices stand once', () => {
    for (const field of recipeFields) expect(fieldHelp(field), field.path).not.toMatch(/^(?:$|\()/);
    const helpOf = (path: string) => fieldHelp(recipeFields.find((field) => field.path === path)!);
    expect(helpOf('optimizer.kind')).toMatch(/^What each does: yumo recipe fields optimizer\.kind \(adamw \| adam /);
    expect(helpOf('objective.metric')).toContain(
      'squad | squad2 | cmrc | bleu | rouge | chrf; "squad"; gap-sentences: "rouge"; sequence-to-sequence: "bleu"',
    );
    expect(helpOf('optimizer.epsilon')).toContain('; 1e-8; ');
  });

  test('what follows -- is no flag', () => {
    expect(normalizeFlags(['a', '--', '--model.n_layer', '4'])).toEqual(['a', '--', '--model.n_layer', '4']);
  });
});

test('the language is that of the flag, else of the environment in its order, else English', () => {
  expect(chooseLanguage('en', { LANG: 'zh_CN.UTF-8' })).toBe('en');
  expect(chooseLanguage(undefined, { LANG: 'zh_CN.UTF-8' })).toBe('zh');
  expect(chooseLanguage(undefined, { LANG: 'zh_CN.UTF-8', LC_ALL: 'C' })).toBe('en');
  expect(chooseLanguage(undefined, { LC_ALL: '', LANG: 'zh_TW' })).toBe('zh');
  expect(chooseLanguage('fr', {})).toBe('en');
});
