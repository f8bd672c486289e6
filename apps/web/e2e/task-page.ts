// The pages of tasks as a person uses them, by the names that people see; and what the models say alone.

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, type Locator, type Page } from '@playwright/test';
import type { Settings } from '../features/chat/settings.ts';
import type { TaskSettings } from '../features/tasks/task-settings.ts';

export { picture } from './writing-page.ts';

/** Where the tiny models are; global-setup.ts writes them. */
export const tinyFolder = process.env.YUMO_TEST_MODELS ?? '';
export const tiny = (name: string): string => join(tinyFolder, name);

/** What a tiny model says to `input` without any server. */
export async function alone<R>(
  task: 'ask' | 'classify' | 'rewrite' | 'tag',
  name: string,
  input: readonly unknown[],
  options: object = {},
): Promise<R> {
  const order = JSON.stringify({ task, folder: tiny(name), input, options });
  const { stdout } = await promisify(execFile)(process.execPath, [join(import.meta.dirname, 'alone.mjs'), order]);
  return JSON.parse(stdout) as R; // printed by the program beside this file
}

/** The tiny model of each task is chosen, so that the test knows what is asked, whatever else is there. */
const tinyModels: TaskSettings['models'] = {
  ask: 'tiny-reader',
  summarize: 'tiny-summary',
  translate: 'tiny-en-de',
  classify: 'tiny-sentiment',
  tag: 'tiny-names',
};

/** Opens a page with these choices made; a reload keeps what was chosen after. */
export async function openTask(
  page: Page,
  address: string,
  settings: Partial<Settings> = {},
  choices: Partial<TaskSettings> = {},
  language: 'en' | 'zh' = 'en',
): Promise<void> {
  await page.addInitScript(
    ([chosen, tasks, spoken]) => {
      if (sessionStorage.getItem('opened')) return;
      sessionStorage.setItem('opened', 'yes');
      localStorage.setItem('yumo.settings', chosen ?? '');
      localStorage.setItem('yumo.tasks', tasks ?? '');
      localStorage.setItem('yumo.language', spoken ?? '');
    },
    [
      JSON.stringify({ form: 'full', ...settings }),
      JSON.stringify({ models: tinyModels, direction: 'tiny-en-de:en-de', beams: 1, ...choices }),
      JSON.stringify(language),
    ],
  );
  await page.goto(address);
}

export const text = (page: Page): Locator => page.locator('#text');
export const outcome = (page: Page): Locator => page.getByTestId('outcome');
/** The model is known: what is asked is asked at once. */
export const ready = (page: Page): Promise<void> =>
  expect(page.getByTestId('model-line')).toBeVisible({ timeout: 120_000 });
export const done = (page: Page): Promise<void> =>
  expect(outcome(page)).toHaveAttribute('data-state', 'done', { timeout: 200_000 });

/** Runs `again` on WebAssembly in the page. */
export async function moveToBrowser(page: Page): Promise<void> {
  await page.getByRole('banner').getByText('This browser').click();
}

/** How far a page is wider than a small phone. */
export const overflow = (page: Page): Promise<number> =>
  page.evaluate(() => document.documentElement.scrollWidth - 360);
