// The page around the text: languages, light and dark, reloads, small screens, keys, and what happens when things fail.

import { expect, test } from '@playwright/test';
import { composer, continuations, finished, open, picture, ready, write } from './writing-page.ts';

test('speaks Chinese, keeps it over a reload, and remembers the text', async ({ page }) => {
  await open(page, { maxNewTokens: 30 });
  await page.getByRole('button', { name: '中文' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toContainText('模型接着写');
  await expect(page.locator('html')).toHaveAttribute('lang', 'zh-Hans');
  await picture(page, 'beginning-zh');
  const written = await write(page, 'ROMEO:\n');
  await expect(page.getByTestId('readout')).toContainText('服务器 · cpu');
  await expect(page.getByTestId('readout')).toContainText('词元/秒');
  await page.reload();
  await expect(page.getByRole('button', { name: '接着写' })).toBeVisible();
  await expect(continuations(page)).toHaveText(written, { useInnerText: false });
  await page.getByRole('button', { name: '设置' }).click();
  await expect(page.getByRole('dialog')).toContainText('温度');
  await page.waitForTimeout(400); // the drawer slides in
  await picture(page, 'settings-zh');
  // No word of the other language is left over; models are called as their cards call them.
  const words = await page.getByRole('dialog').evaluate((dialog) => {
    const copy = dialog.cloneNode(true) as HTMLElement;
    for (const list of copy.querySelectorAll('select')) list.remove();
    return copy.textContent ?? '';
  });
  expect(words.replaceAll(/English|Top [kp]|WebGPU|WebAssembly/g, '').match(/[A-Za-z]{4,}/g)).toBeNull();
});

test('a browser that speaks Chinese is spoken to in Chinese, by a model of Chinese where there is one', async ({
  browser,
}) => {
  const context = await browser.newContext({ locale: 'zh-CN' });
  const page = await context.newPage();
  await page.goto('/');
  await expect(page.getByRole('heading', { level: 1 })).toContainText('你起个头');
  const { models } = await page.evaluate(async () => {
    const answer = (await (await fetch('/api/trpc/models')).json()) as {
      result: { data: { models: { title: string; languages: string[] }[] } };
    };
    return answer.result.data;
  });
  const expected = models.find((m) => m.languages.includes('zh')) ?? models[0];
  await expect(page.getByTestId('model')).toHaveText(expected?.title ?? '');
  if (expected?.languages.includes('zh')) {
    await page.locator('main li button').first().click();
    await expect(finished(page)).toHaveCount(1);
    await expect(continuations(page)).toHaveText(/[\u4e00-\u9fff]{5}/);
    await picture(page, 'writing-zh');
    await page.getByRole('button', { name: 'English' }).click();
    await expect(page.getByTestId('model')).toHaveText(expected.title); // the text stays with its model
  }
  await context.close();
});

test('light and dark follow the system until one is chosen, and the choice stays', async ({ page }) => {
  await page.emulateMedia({ colorScheme: 'dark' });
  await open(page);
  const paper = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  const dark = await paper();
  await write(page, 'ROMEO:\nBut soft');
  await picture(page, 'writing-dark');
  await page.getByRole('button', { name: 'Light or dark: Light' }).click();
  const light = await paper();
  expect(light).not.toBe(dark);
  await page.reload();
  expect(await paper()).toBe(light);
});

test('is usable with keys alone', async ({ page }) => {
  await open(page, { maxNewTokens: 20 });
  await ready(page);
  await page.keyboard.press('Tab');
  await expect(page.getByRole('link', { name: 'Skip to the writing field' })).toBeFocused();
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  if (!(await composer(page).evaluate((field) => field === document.activeElement))) await composer(page).focus();
  await page.keyboard.type('KING:');
  await page.keyboard.press('Shift+Enter');
  await page.keyboard.type('Away');
  await page.keyboard.press('Enter');
  await expect(finished(page)).toHaveCount(1);
  await expect(page.getByTestId('stanza')).toContainText('KING:\nAway');
  await expect(composer(page)).toBeFocused();
  await page.getByRole('button', { name: 'Settings' }).focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('dialog')).toBeVisible();
  await page.getByLabel('Temperature').focus();
  await page.keyboard.press('Home');
  await expect(page.getByRole('dialog')).toContainText('always the likeliest token');
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toBeHidden();
  await expect(page.getByRole('button', { name: 'Settings' })).toBeFocused();
});

test('fits a narrow screen', async ({ browser }) => {
  const context = await browser.newContext({
    viewport: { width: 360, height: 740 },
    locale: 'en-US',
    hasTouch: true,
    isMobile: true,
  });
  const page = await context.newPage();
  await open(page, { maxNewTokens: 120 });
  await picture(page, 'beginning-narrow');
  // Not innerWidth: a phone widens that to what overflows.
  const overflow = () => page.evaluate(() => document.documentElement.scrollWidth - 360);
  expect(await overflow()).toBeLessThanOrEqual(0);
  await write(page, 'ROMEO:\nBut soft, what light through yonder window breaks');
  expect(await overflow()).toBeLessThanOrEqual(0);
  await picture(page, 'writing-narrow');
  await page.getByRole('button', { name: 'Settings' }).click();
  await page.waitForTimeout(400); // the drawer slides in
  expect(await overflow()).toBeLessThanOrEqual(0);
  await picture(page, 'settings-narrow');
  await context.close();
});

test('a server that breaks is said so, and trying again works', async ({ page }) => {
  await open(page, { maxNewTokens: 20 });
  await page.route('**/api/trpc/generate*', (route) => route.abort());
  await ready(page);
  await composer(page).fill('ROMEO:\n');
  await composer(page).press('Enter');
  await expect(page.getByRole('alert').filter({ hasText: 'The server cannot be reached.' })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Use this browser instead' })).toBeVisible();
  await picture(page, 'unreachable');
  await page.unroute('**/api/trpc/generate*');
  await page.getByRole('button', { name: 'Try again' }).click();
  await expect(finished(page)).toHaveCount(1);
  await expect(page.getByRole('alert').filter({ hasText: 'server' })).toHaveCount(0);
});

test('a list of models that does not come is asked for again', async ({ page }) => {
  await page.route('**/api/trpc/models*', (route) => route.abort());
  await open(page);
  await expect(page.getByRole('alert').filter({ hasText: 'could not be loaded' })).toBeVisible();
  await page.unroute('**/api/trpc/models*');
  await page.getByRole('button', { name: 'Try again' }).click();
  await expect(page.getByText('Or start from one of these')).toBeVisible();
});

test('a new page can be taken back', async ({ page }) => {
  await open(page, { maxNewTokens: 20 });
  const written = await write(page, 'ROMEO:\n');
  await page.getByRole('button', { name: 'New page' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  expect(await page.evaluate(() => scrollY)).toBe(0);
  await page.getByRole('button', { name: 'Bring the old page back' }).click();
  expect(await continuations(page).textContent()).toBe(written);
});

test('a beginning is taken with one click', async ({ page }) => {
  await open(page, { maxNewTokens: 20 });
  await ready(page);
  await picture(page, 'beginning');
  await page.locator('main li button').first().click();
  await expect(finished(page)).toHaveCount(1);
});

test('what is handed over before the list of models has come is handed over when it has', async ({ page }) => {
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  await page.route('**/api/trpc/models*', async (route) => {
    await held;
    await route.continue();
  });
  await open(page, { maxNewTokens: 20 });
  await expect(page.getByText('Looking for models…')).toBeVisible();
  await composer(page).fill('ROMEO:\n');
  await composer(page).press('Enter');
  await expect(page.getByText('Your text is handed over as soon as the models are found…')).toBeVisible();
  release();
  await expect(finished(page)).toHaveCount(1, { timeout: 120_000 });
  await expect(composer(page)).toHaveValue('');
});
