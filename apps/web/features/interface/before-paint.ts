// A few lines that run before the first paint, so that a dark page does not flash white.

import { storedLanguage, storedTheme } from './preference-values.ts';

/** JavaScript for an inline script; every value in it is a constant of ours. */
export const beforePaint = `try {
  const read = (key) => JSON.parse(localStorage.getItem(key) ?? 'null');
  const theme = read(${JSON.stringify(storedTheme.key)});
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
  const language = read(${JSON.stringify(storedLanguage.key)}) ?? 'system';
  if (language === 'zh' || (language === 'system' && navigator.language.toLowerCase().startsWith('zh'))) document.documentElement.lang = 'zh-Hans';
} catch {}`;
