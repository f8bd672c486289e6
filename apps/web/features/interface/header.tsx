'use client';
// The top of every page: the seal, the pages, where the model runs, language, theme, settings.

import Link from 'next/link';
import type { Place, Settings } from '../chat/settings.ts';
import { Choice } from './choice.tsx';
import { MoonIcon, Seal, SettingsIcon, SunIcon } from './icons.tsx';
import type { Preferences } from './preferences.ts';
import type { PageName } from './task-words.ts';

const addresses = {
  write: '/',
  ask: '/ask',
  summarize: '/summarize',
  translate: '/translate',
  classify: '/classify',
} as const satisfies Record<PageName, string>;
const pages = Object.keys(addresses) as PageName[]; // the keys just written

export interface HeaderProps {
  readonly page: PageName;
  readonly preferences: Preferences;
  readonly awake: boolean;
  readonly settings: Settings;
  /** `#id` of the field that the page is for. */
  readonly field: string;
  readonly skip: string;
  onSettings(settings: Settings): void;
  onOpenSettings(): void;
}

export function Header({ page, preferences, awake, settings, field, skip, onSettings, onOpenSettings }: HeaderProps) {
  const { t } = preferences;
  const isDark =
    preferences.theme === 'dark' ||
    (preferences.theme === 'system' && awake && matchMedia('(prefers-color-scheme: dark)').matches);
  return (
    <>
      <a
        href={field}
        className="sr-only focus:not-sr-only focus:fixed focus:z-50 focus:m-3 focus:rounded focus:bg-sheet focus:p-3"
      >
        {skip}
      </a>
      <header className="sticky top-0 z-10 border-b border-line/70 bg-paper/90 backdrop-blur">
        <div className="mx-auto flex max-w-[64rem] flex-wrap items-center gap-x-2 px-4 sm:gap-x-3 sm:px-6">
          <Seal />
          <p className="my-2.5 font-serif text-2xl leading-10 tracking-tight max-[25rem]:sr-only">
            yumo<span className="ms-2 hidden text-lg text-muted sm:inline lg:hidden">语模</span>
          </p>
          <div className="ms-auto lg:order-last lg:ms-0">
            <Choice
              name={t.where}
              value={settings.place}
              options={[
                ['server', t.server],
                ['browser', t.browser],
              ]}
              onChange={(place: Place) => onSettings({ ...settings, place })}
            />
          </div>
          <div className="flex items-center lg:order-last">
            <button
              type="button"
              lang={preferences.language === 'en' ? 'zh' : 'en'}
              onClick={() => preferences.setLanguage(preferences.language === 'en' ? 'zh' : 'en')}
              className="hidden h-10 rounded-full px-3 text-sm text-muted hover:text-ink sm:block"
            >
              {preferences.language === 'en' ? '中文' : 'English'}
            </button>
            <button
              type="button"
              onClick={() => preferences.setTheme(isDark ? 'light' : 'dark')}
              aria-label={`${t.theme}: ${isDark ? t.themeLight : t.themeDark}`}
              className="hidden size-10 place-items-center rounded-full text-lg text-muted hover:text-ink sm:grid"
            >
              {isDark ? <SunIcon /> : <MoonIcon />}
            </button>
            <button
              type="button"
              onClick={onOpenSettings}
              aria-label={t.settings}
              className="grid size-10 place-items-center rounded-full text-xl text-muted hover:text-ink"
            >
              <SettingsIcon />
            </button>
          </div>
          <nav
            aria-label={t.pages}
            className="order-last w-full overflow-x-auto lg:order-none lg:mx-auto lg:w-auto lg:overflow-visible"
          >
            <ul className="flex gap-x-4 sm:gap-x-6">
              {pages.map((name) => (
                <li key={name}>
                  <Link
                    href={addresses[name]}
                    aria-current={name === page ? 'page' : undefined}
                    className="block border-b-2 border-transparent pt-0.5 pb-2 text-sm whitespace-nowrap sm:text-[0.9375rem] text-muted hover:text-ink aria-[current]:border-seal aria-[current]:text-ink lg:py-4"
                  >
                    {t.tasks.nav[name]}
                  </Link>
                </li>
              ))}
            </ul>
          </nav>
        </div>
      </header>
    </>
  );
}
