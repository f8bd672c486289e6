// The page as a person uses it: what the tests do and read, by the names that people see.

import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, type Locator, type Page } from '@playwright/test';
import type { Settings } from '../features/chat/settings.ts';

const root = join(import.meta.dirname, '../../..');
/** The folder that the app under test serves. */
const models = process.env.YUMO_MODELS ?? join(root, 'models');
/** The prompts are verse in English: the model that was trained on such, else the first. */
export const model = readdirSync(models)
  .filter((name) => existsSync(join(models, name, 'config.json')))
  .sort((a, b) => Number(b.startsWith('shakespeare')) - Number(a.startsWith('shakespeare')))[0];

export const composer = (page: Page): Locator => page.locator('#composer');
/** What the model wrote, one a continuation. */
export const continuations = (page: Page): Locator => page.getByTestId('continuation');
export const finished = (page: Page): Locator => page.locator('[data-writer=model][data-state=done]');

/** Opens the page with these choices made; a reload keeps what was chosen after. */
export async function open(page: Page, settings: Partial<Settings> = {}, language: 'en' | 'zh' = 'en'): Promise<void> {
  await page.addInitScript(
    ([chosen, spoken]) => {
      if (sessionStorage.getItem('opened')) return;
      sessionStorage.setItem('opened', 'yes');
      localStorage.setItem('yumo.settings', chosen ?? '');
      localStorage.setItem('yumo.language', spoken ?? '');
    },
    // As trained: the command line and the server compute with the same numbers.
    [JSON.stringify({ model, form: 'full', ...settings }), JSON.stringify(language)],
  );
  await page.goto('/');
}

/** The page has woken up and knows its models. */
export const ready = (page: Page): Promise<void> => expect(page.getByTestId('model')).toBeVisible();

/** Writes `text`, hands it over, waits for the end, and returns what the model wrote. */
export async function write(page: Page, text: string, timeout = 120_000): Promise<string> {
  await ready(page);
  const before = await finished(page).count();
  await composer(page).fill(text);
  await composer(page).press('Enter');
  await expect(finished(page)).toHaveCount(before + 1, { timeout });
  return (await continuations(page).last().textContent()) ?? '';
}

/** What the command line says to the same prompt, taking the likeliest token each time. */
export async function greedyByCommand(prompt: string, maxNewTokens: number): Promise<string> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [
      join(root, 'apps/cli/dist/main.js'),
      'generate',
      join(models, model ?? ''),
      prompt,
      '--json',
      '--temperature',
      '0',
      '--max-new-tokens',
      String(maxNewTokens),
    ],
    { encoding: 'utf8' },
  );
  return (JSON.parse(stdout) as { text: string }).text;
}

/** Those that the documents show. */
const shown: readonly string[] = [
  'writing',
  'writing-zh',
  'ask',
  'ask-reading-zh',
  'summarize',
  'summarize-titles-zh',
  'translate',
  'teach',
  'offer-dark',
  'offer-zh',
];

/** A picture to look at: in test-results always, in docs/images too when YUMO_PICTURES is set and the documents show it. */
export async function picture(page: Page, name: string): Promise<void> {
  // A page that is still scrolling is drawn with its header out of place.
  await page.evaluate(
    () =>
      new Promise<void>((resolve) => {
        const look = (last: number, still: number): void => {
          if (still === 20) resolve();
          else requestAnimationFrame(() => look(scrollY, scrollY === last ? still + 1 : 0));
        };
        look(scrollY, 0);
      }),
  );
  const folders = [join(root, 'test-results/pictures')];
  if (process.env.YUMO_PICTURES && shown.includes(name)) folders.push(join(root, 'docs/images'));
  for (const folder of folders) {
    mkdirSync(folder, { recursive: true });
    await page.screenshot({ path: join(folder, `${name}.png`) });
  }
}
