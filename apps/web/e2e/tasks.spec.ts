// Asking, summarizing, translating and classifying: on the server and in the page, equal to the model alone; tiny models made for the test.

import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, type Page, test } from '@playwright/test';
import type { Answers, Entity, LabelScore } from '@yumo/core';
import { sentences } from '../../../packages/core/test/sentences.ts';
import {
  alone,
  done,
  moveToBrowser,
  openTask,
  outcome,
  overflow,
  picture,
  ready,
  text,
  tiny,
  tinyFolder,
} from './task-page.ts';

const context = sentences.slice(0, 4).join(' ');
const long = Array.from({ length: 10 }, () => context).join('\n');
test('Ask gives the same answers on the server, on WebAssembly, on WebGPU and by the model alone', async ({ page }) => {
  const question = 'Who wrote the letter?';
  const input = [{ question, context: long }];
  const [wanted] = await alone<Answers[]>('ask', 'tiny-reader', input, { topK: 5, maxAnswerTokens: 30 });

  await openTask(page, '/ask');
  const foreign: string[] = [];
  page.on('request', (request) => {
    if (!request.url().startsWith('blob:') && new URL(request.url()).host !== new URL(page.url()).host)
      foreign.push(request.url());
  });
  await ready(page);
  await expect(page.getByTestId('model-line')).toContainText('12.5 F1 · SQuAD sample test');
  await text(page).fill(long);
  await page.getByLabel('Question').fill(question);
  await page.getByLabel('Question').press('Enter');
  await done(page);
  const check = async (runs: string): Promise<void> => {
    await expect(page.getByTestId('readout')).toContainText(runs);
    const answers = page.getByTestId('answers').getByRole('button');
    await expect(answers).toHaveCount(wanted!.answers.length);
    for (const [i, answer] of wanted!.answers.entries()) await expect(answers.nth(i)).toContainText(answer.text);
    // What is marked is the answer, at its place: the text before it is as long as the place says.
    const marked = page.getByTestId('marked');
    expect(await marked.textContent()).toBe(long);
    const before = await marked.evaluate((element) => {
      const mark = element.querySelector('mark[data-chosen]');
      let length = 0;
      for (const node of element.childNodes) {
        if (node === mark) return [length, mark?.textContent ?? ''];
        length += node.textContent?.length ?? 0;
      }
      return undefined;
    });
    expect(before).toEqual([wanted!.answers[0]!.start, wanted!.answers[0]!.text]);
  };
  await check('Server · cpu');
  await picture(page, 'tiny-ask');

  // Another answer is shown where it stands.
  const second = page.getByTestId('answers').getByRole('button').nth(1);
  await second.click();
  await expect(second).toHaveAttribute('aria-pressed', 'true');
  await expect(page.locator('mark[data-chosen]')).toHaveText(wanted!.answers[1]!.text);

  for (const [device, name] of [
    ['wasm', 'This browser · wasm'],
    ['webgpu', 'This browser · webgpu'],
  ] as const) {
    await moveToBrowser(page);
    await page.getByRole('button', { name: 'Settings' }).click();
    await page.getByLabel('Processor').selectOption(device);
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Ask', exact: true }).click();
    await expect(page.getByTestId('readout')).toContainText(name, { timeout: 200_000 });
    await done(page);
    await check(name);
  }
  expect(foreign).toEqual([]);
});

/** Translations or summaries as they stand on the page. */
const writtenTexts = (page: Page): Promise<string[]> => page.getByTestId('written').allTextContents();

test('Translate sets each sentence beside its translation, on the server and in the page', async ({ page }) => {
  const picked = [0, 1, 3].map((i) => sentences[i]!);
  const wanted = await alone<string[]>('rewrite', 'tiny-en-de', picked, { batchSize: 1 });
  const beams = await alone<string[]>('rewrite', 'tiny-en-de', picked, { batchSize: 1, beams: 4 });

  await openTask(page, '/translate');
  await ready(page);
  await text(page).fill(`${picked[0]} ${picked[1]}\n\n${picked[2]}`);
  await text(page).press('Control+Enter');
  await done(page);
  expect(await writtenTexts(page)).toEqual(wanted);
  await expect(page.getByTestId('sentences').getByRole('listitem')).toHaveCount(3);
  await expect(page.getByText('3 of 3 sentences')).toBeVisible();
  await expect(page.getByTestId('readout')).toContainText('Server · cpu');

  await page.getByLabel('Search').selectOption('thorough');
  await page.getByRole('button', { name: 'Translate', exact: true }).click();
  await expect.poll(() => writtenTexts(page), { timeout: 60_000 }).toEqual(beams);

  await page.getByLabel('Search').selectOption('fast');
  await moveToBrowser(page);
  await page.getByRole('button', { name: 'Settings' }).click();
  await page.getByLabel('Processor').selectOption('wasm');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Translate', exact: true }).click();
  await expect(page.getByTestId('readout')).toContainText('This browser · wasm', { timeout: 200_000 });
  expect(await writtenTexts(page)).toEqual(wanted);
  await page.reload(); // what was written is still there
  await expect(text(page)).toHaveValue(`${picked[0]} ${picked[1]}\n\n${picked[2]}`);
});

test('a long translation is shown while it is made, and stops at once, on the server and in the page', async ({
  page,
}) => {
  await openTask(page, '/translate', { device: 'wasm' });
  const endless = long.repeat(50);
  for (const place of ['server', 'browser'] as const) {
    await ready(page);
    if (place === 'browser') await moveToBrowser(page);
    await text(page).fill(endless);
    await page.getByRole('button', { name: 'Translate', exact: true }).click();
    await expect(page.getByTestId('written').nth(2)).toHaveText(/./, { timeout: 200_000 });
    if (place === 'server') await page.getByRole('button', { name: 'Stop' }).click();
    else await page.keyboard.press('Escape');
    await expect(outcome(page)).toHaveAttribute('data-state', 'stopped');
    const sofar = (await writtenTexts(page)).join('|');
    await expect(page.getByText('Stopped. What is here so far stays.')).toBeVisible();
    if (place === 'server')
      // The server has stopped as well, not only the page.
      await expect
        .poll(async () => {
          const health = (await (await page.request.get('/health')).json()) as {
            models: Record<string, { active: number }>;
          };
          return health.models['tiny-en-de']?.active;
        })
        .toBe(0);
    expect((await writtenTexts(page)).join('|')).toBe(sofar);
    // The next one begins.
    await text(page).fill(sentences[0]!);
    await page.getByRole('button', { name: 'Translate', exact: true }).click();
    await done(page);
    await expect(page.getByTestId('written')).toHaveCount(1);
  }
});

test('Summarize reads a long text in parts and joins what they gave, on the server and in the page', async ({
  page,
}) => {
  await openTask(page, '/summarize', { device: 'wasm' });
  await ready(page);
  await text(page).fill(long);
  await page.getByRole('button', { name: 'Summarize', exact: true }).click();
  await done(page);
  const parts = await page.getByTestId('written').count();
  expect(parts).toBeGreaterThan(3);
  await expect(page.getByText(`Part 1 of ${parts}`)).toBeVisible();
  const onServer = await writtenTexts(page);

  await page.getByLabel('Long texts').selectOption('summarize');
  await page.getByRole('button', { name: 'Summarize', exact: true }).click();
  await expect(page.getByText('A summary of the summaries')).toBeVisible({ timeout: 60_000 });
  await done(page);

  await page.getByLabel('Long texts').selectOption('join');
  await moveToBrowser(page);
  await page.getByRole('button', { name: 'Summarize', exact: true }).click();
  await expect(page.getByTestId('readout')).toContainText('This browser · wasm', { timeout: 200_000 });
  expect(await writtenTexts(page)).toEqual(onServer);
});

test('Classify shows every class, and each line by itself', async ({ page }) => {
  const lines = sentences.slice(0, 4);
  const wanted = await alone<LabelScore[][]>('classify', 'tiny-sentiment', [lines[0]!, ...lines], {
    longText: 'average',
  });
  const whole = (share: number): string => `${Math.round(100 * share)}`;

  await openTask(page, '/classify', { device: 'wasm' });
  await ready(page);
  await text(page).fill(lines[0]!);
  for (const place of ['server', 'browser'] as const) {
    if (place === 'browser') await moveToBrowser(page);
    await page.getByRole('button', { name: 'Classify', exact: true }).click();
    await expect(page.getByTestId('readout')).toContainText(place === 'server' ? 'Server' : 'This browser', {
      timeout: 200_000,
    });
    await expect(page.getByTestId('best')).toHaveText(wanted[0]![0]!.label);
    const bars = page.getByTestId('classes').getByRole('listitem');
    await expect(bars).toHaveCount(2);
    await expect(bars.first()).toContainText(whole(wanted[0]![0]!.score));
  }
  await text(page).fill(`${lines.join('\n\n')}\n`);
  await page.getByLabel('Each line by itself').check();
  await page.getByRole('button', { name: 'Classify', exact: true }).click();
  const rows = page.getByTestId('classes').getByRole('listitem');
  await expect(rows).toHaveCount(4);
  for (const [i, line] of lines.entries()) {
    await expect(rows.nth(i)).toContainText(line);
    await expect(rows.nth(i)).toContainText(wanted[i + 1]![0]!.label);
  }
});

test('Classify finds names, colours them by type, and hides a type', async ({ page }) => {
  const [wanted] = await alone<Entity[][]>('tag', 'tiny-names', [context]);
  const types = [...new Set(wanted!.map((e) => e.label))];
  expect(types.length).toBeGreaterThan(1);

  await openTask(page, '/classify', { device: 'wasm' }, { mode: 'tag' });
  await ready(page);
  await text(page).fill(context);
  for (const place of ['server', 'browser'] as const) {
    if (place === 'browser') await moveToBrowser(page);
    await page.getByRole('button', { name: 'Find names' }).click();
    await expect(page.getByTestId('readout')).toContainText(place === 'server' ? 'Server' : 'This browser', {
      timeout: 200_000,
    });
    const marks = page.locator('mark.entity');
    await expect(marks).toHaveCount(wanted!.length);
    for (const [i, entity] of wanted!.entries())
      expect(await marks.nth(i).evaluate((mark) => mark.firstChild?.textContent)).toBe(entity.text);
    await expect(page.getByTestId('entities').locator('tbody tr')).toHaveCount(wanted!.length);
  }
  await picture(page, 'tiny-names');
  const [first] = types as [string];
  await page.getByTestId('legend').locator('label').filter({ hasText: first }).click();
  await expect(page.locator('mark.entity')).toHaveCount(wanted!.filter((e) => e.label !== first).length);
});

test('a text that is handed over before the models are known is not lost', async ({ page }) => {
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  await page.route('**/api/trpc/models*', async (route) => {
    await held;
    await route.continue();
  });
  await openTask(page, '/classify');
  await expect(page.getByText('Looking for models…')).toBeVisible();
  await text(page).fill(sentences[0]!);
  await text(page).press('Control+Enter');
  await expect(page.getByText('It starts as soon as the models are found…')).toBeVisible();
  release();
  await done(page);
});

test('where a model is missing its training is offered, and the model is found when it is there', async ({ page }) => {
  // The list without classifiers, as if none had been trained; later as it is.
  let hidden = true;
  await page.route('**/api/trpc/models*', async (route) => {
    const response = await route.fetch();
    let body = await response.text();
    if (hidden) body = body.replaceAll('"tasks":["classify"]', '"tasks":[]').replaceAll('\\"classify\\"', '');
    await route.fulfill({ response, body });
  });
  await openTask(page, '/classify');
  await expect(page.getByRole('heading', { name: 'There is no model here yet that classifies.' })).toBeVisible();
  await expect(page.locator('code').first()).toContainText('npm run yumo -- ');
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.getByRole('button', { name: 'Copy the command' }).first().click();
  await expect(page.getByText('Copied')).toBeVisible();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(
    await page.locator('code').first().textContent(),
  );
  await picture(page, 'missing');
  hidden = false;
  await ready(page);
  await expect(text(page)).toBeVisible();
});

test('a model that comes while the app runs is used without a restart', async ({ page }) => {
  const made = join(tinyFolder, 'tiny-comes-later');
  rmSync(made, { recursive: true, force: true });
  await openTask(page, '/classify');
  await ready(page);
  cpSync(tiny('tiny-sentiment'), made, { recursive: true });
  try {
    await page.reload();
    await ready(page);
    await page.getByLabel('Model', { exact: true }).selectOption('tiny-comes-later');
    await text(page).fill(sentences[0]!);
    await page.getByRole('button', { name: 'Classify', exact: true }).click();
    await done(page);
  } finally {
    rmSync(made, { recursive: true });
  }
});

test('a damaged download is not used: it is fetched again, and refused when it is still damaged', async ({ page }) => {
  let damage = 0;
  await page.route('**/models/tiny-sentiment/model.safetensors', async (route) => {
    if (route.request().method() !== 'GET' || damage <= 0) return route.continue();
    damage--;
    const response = await route.fetch();
    const body = await response.body();
    body[body.length - 5]! ^= 1;
    await route.fulfill({ response, body });
  });
  // A service worker would answer in place of the route.
  await page.addInitScript(() => {
    Object.defineProperty(navigator, 'serviceWorker', { value: undefined });
  });
  await openTask(page, '/classify', { place: 'browser', device: 'wasm' });
  await ready(page);
  await text(page).fill(sentences[0]!);
  damage = 2;
  await page.getByRole('button', { name: 'Classify', exact: true }).click();
  await expect(page.getByRole('alert').filter({ hasText: 'SHA-256' })).toBeVisible({ timeout: 200_000 });
  damage = 1;
  await page.getByRole('button', { name: 'Try again' }).click();
  await done(page);
});

test('what goes wrong is said by name, and trying again works', async ({ page }) => {
  await openTask(page, '/ask');
  await ready(page);
  await text(page).fill('a b');
  await page.getByLabel('Question').fill(sentences.join(' ').repeat(3));
  await page.getByLabel('Question').press('Enter');
  await expect(
    page.getByRole('alert').filter({ hasText: 'The text is longer than the model can read.' }),
  ).toBeVisible();
  await page.route('**/api/trpc/ask*', (route) => route.abort());
  await page.getByLabel('Question').fill('where?');
  await page.getByLabel('Question').press('Enter');
  await expect(page.getByRole('alert').filter({ hasText: 'The server cannot be reached.' })).toBeVisible();
  await page.unroute('**/api/trpc/ask*');
  await page.getByRole('button', { name: 'Try again' }).click();
  await done(page);
});

test('the pages are reached by their names, with keys, in both languages, and fit a narrow screen', async ({
  browser,
}) => {
  const browserContext = await browser.newContext({ viewport: { width: 360, height: 740 }, locale: 'en-US' });
  const page = await browserContext.newPage();
  await openTask(page, '/', { place: 'server' });
  for (const name of ['Ask', 'Summarize', 'Translate', 'Classify']) {
    const link = page.getByRole('navigation').getByRole('link', { name, exact: true });
    await link.focus();
    await page.keyboard.press('Enter');
    await expect(link).toHaveAttribute('aria-current', 'page', { timeout: 120_000 });
    await ready(page);
    expect(await overflow(page)).toBeLessThanOrEqual(0);
    await page.getByTestId('examples').getByRole('button').first().click();
    await done(page);
    expect([name, await overflow(page)]).toEqual([name, Math.min(0, await overflow(page))]);
    await picture(page, `tiny-${name.toLowerCase()}-narrow`);
  }
  // The first key reaches the field.
  await page.reload();
  await ready(page);
  await page.keyboard.press('Tab');
  await expect(page.getByRole('link', { name: 'Skip to the text field' })).toBeFocused();
  await page.evaluate(() => localStorage.setItem('yumo.language', '"zh"'));
  for (const address of ['/ask', '/summarize', '/translate', '/classify']) {
    await page.goto(address);
    await ready(page);
    await expect(page.locator('html')).toHaveAttribute('lang', 'zh-Hans');
    expect(await overflow(page)).toBeLessThanOrEqual(0);
    // No word of the other language is left over; models are called as their cards call them.
    const words = await page.locator('main').evaluate((main) => {
      const copy = main.cloneNode(true) as HTMLElement;
      for (const other of copy.querySelectorAll(
        'select, textarea, [data-testid=model-line], [data-testid=examples], details',
      ))
        other.remove();
      return copy.textContent ?? '';
    });
    expect(words.replaceAll(/Ctrl|Enter|Esc|WebGPU|WebAssembly/g, '').match(/[A-Za-z]{4,}/g)).toBeNull();
  }
  await browserContext.close();
});
