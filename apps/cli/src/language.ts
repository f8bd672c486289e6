// Which language the command line speaks: `--lang`, else the environment's.

import type { Phrases } from './phrases/en.ts';
import { en } from './phrases/en.ts';
import { zh } from './phrases/zh.ts';

export const languages: { readonly en: Phrases; readonly zh: Phrases } = { en, zh };
export type Language = keyof typeof languages;

/** @param given the value of `--lang`. An unknown one counts as none: the option parser names it. */
export function chooseLanguage(given: string | undefined, environment: NodeJS.ProcessEnv): Language {
  if (given !== undefined && Object.hasOwn(languages, given)) return given as Language; // just looked up
  // In POSIX's order; an empty variable counts as unset.
  const locale = environment.LC_ALL || environment.LC_MESSAGES || environment.LANG || '';
  return /^zh/i.test(locale) ? 'zh' : 'en';
}
