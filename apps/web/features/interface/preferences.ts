// Language and theme: chosen by the person, else by the system.

import { useEffect } from 'react';
import { type Dictionary, dictionaries, type Language } from './dictionary.ts';
import { storedLanguage, storedTheme, type Theme } from './preference-values.ts';
import { useStored } from './stored.ts';

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
