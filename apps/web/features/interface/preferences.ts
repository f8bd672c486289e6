// Language and theme: chosen by the person, else by the system.

import { useEffect } from 'react';
import { type Dictionary, dictionaries, type Language, languages } from './dictionary.ts';
import { type Stored, useStored } from './stored.ts';

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

export interface Preferences {
  readonly language: Language;
  readonly t: Dictionary;
  readonly theme: Theme;
  setLanguage(language: Language): void;
  setTheme(theme: Theme): void;
}

/** `awake`: the page runs in a browser, so the system may be asked. Before that the words are English, as on the server. */
export function usePreferences(awake: boolean): Preferences {
  const [chosen, setLanguage] = useStored(storedLanguage);
  const [theme, setTheme] = useStored(storedTheme);
  const ofSystem: Language = awake && navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en';
  const language = chosen === 'system' ? ofSystem : chosen;
  const t = dictionaries[language];
  useEffect(() => {
    if (!awake) return;
    document.documentElement.lang = t.tag;
    if (theme === 'system') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
  }, [awake, t.tag, theme]);
  return { language, t, theme, setLanguage, setTheme };
}
