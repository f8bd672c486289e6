// What language and theme can be, and under which keys the choice is kept. Also read on the server.

import { type Language, languages } from './dictionary.ts';
import type { Stored } from './stored.ts';

export const themes = ['system', 'light', 'dark'] as const;
export type Theme = (typeof themes)[number];

const oneOf =
  <T extends string>(values: readonly T[]) =>
  (json: unknown): T | undefined =>
    values.find((v) => v === json);

export const storedLanguage: Stored<Language | 'system'> = {
  key: 'yumo.language',
  initial: 'system',
  parse: oneOf([...languages, 'system']),
};
export const storedTheme: Stored<Theme> = { key: 'yumo.theme', initial: 'system', parse: oneOf(themes) };
