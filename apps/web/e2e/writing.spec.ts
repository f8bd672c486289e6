// A person and a model write together: on the server, in the page on WebAssembly, in the page on WebGPU.

import { expect, test } from '@playwright/test';
import { composer, continuations, finished, greedyByCommand, open, picture, ready, write } from './writing-page.ts';

const prompt = 'ROMEO:\nO, she doth teach';

test('the server, WebAssembly, WebGPU and the command line write the same greedy text', async ({ page }) => {
  await open(page, { temperature: 0, maxNewTokens: 24 });
  const expected = await greedyByCommand(prompt, 24);
  expect(expected.length).toBeGreaterThan(10);

  const foreign: string[] = [];
  page.on('request', (request) => {
    if (!request.url().startsWith('blob:') && new URL(request.url()).host !== new URL(page.url()).host)
      foreign.push(request.url());
  });
  expect(await write(page, prompt)).toBe(expected);
  await expect(page.getByTestId('readout')).toContainText('Server · cpu');

  for (const [device, name] of [
    ['wasm', 'This browser · wasm'],
    ['webgpu', 'This browser · webgpu'],
  ] as const) {
    await page.getByRole('button', { name: 'New page' }).click();
    await page.getByRole('banner').getByText('This browser').click();
    await page.getByRole('button', { name: 'Settings' }).click();
    await page.getByLabel('Processor').selectOption(device);
    await page.keyboard.press('Escape');
    expect(await write(page, prompt, 240_000)).toBe(expected);
    const readout = page.getByTestId('readout');
    await expect(readout).toContainText(name);
    await expect(readout).toContainText(/first token [\d.]+ m?s/);
    await expect(readout).toContainText(/[\d.]+ tokens\/s/);
    await expect(readout).toContainText('24 tokens');
  }
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
  expect(foreign).toEqual([]);
});

test('turns build one text: each continuation is asked for with all that came before', async ({ page }) => {
  await open(page, { maxNewTokens: 130, seed: 3 });
  const prompts: string[] = [];
  page.on('request', (request) => {
    const asked = /"prompt":("(?:[^"\\]|\\.)*")/.exec(request.postData() ?? '')?.[1];
    if (asked) prompts.push(JSON.parse(asked) as string);
  });
  const first = await write(page, 'KING:\nGood morrow');
  const second = await write(page, 'QUEEN:\n');
  await picture(page, 'writing');
  await page.getByRole('button', { name: 'Write on' }).click();
  await expect(finished(page)).toHaveCount(3);
  const so = `KING:\nGood morrow${first}`;
  const joint = '\n'.repeat(Math.max(0, 2 - (/\n*$/.exec(so)?.[0].length ?? 0)));
  expect(prompts).toEqual(['KING:\nGood morrow', `${so}${joint}QUEEN:\n`, `${so}${joint}QUEEN:\n${second}`]);
});

test('another version replaces the last continuation only', async ({ page }) => {
  await open(page, { maxNewTokens: 40 });
  const first = await write(page, 'KING:\nGood morrow');
  const second = await write(page, 'QUEEN:\n');
  await page.getByRole('button', { name: 'Another version' }).click();
  await expect(continuations(page).last()).not.toHaveText(second);
  await expect(finished(page)).toHaveCount(2);
  await expect(continuations(page).first()).toHaveText(first);
  expect(await continuations(page).last().textContent()).not.toBe(second);
});

test('a text is shown while it is written, and stops at once on the server', async ({ page }) => {
  await open(page, { maxNewTokens: 1000 });
  await ready(page);
  await composer(page).fill(prompt);
  await composer(page).press('Enter');
  await expect(continuations(page)).toHaveText(/.{5}/s);
  await page.getByRole('button', { name: 'Stop' }).click();
  await expect(finished(page)).toHaveCount(1);
  const stopped = (await continuations(page).textContent()) ?? '';
  expect(stopped.length).toBeLessThan(1000);
  await expect(page.getByTestId('readout')).toContainText('stopped');
  // The server has stopped as well, not only the page.
  await expect
    .poll(async () => {
      const health = (await (await page.request.get('/health')).json()) as {
        models: Record<string, { active: number }>;
      };
      return Object.values(health.models).reduce((sum, m) => sum + m.active, 0);
    })
    .toBe(0);
  expect(await continuations(page).textContent()).toBe(stopped);
  await expect(composer(page)).toBeEnabled();
});

test('Escape stops a text that this browser writes, and the next one begins', async ({ page }) => {
  await open(page, { place: 'browser', device: 'wasm', maxNewTokens: 1000 });
  await ready(page);
  await composer(page).fill(prompt);
  await composer(page).press('Enter');
  await expect(continuations(page)).toHaveText(/.{5}/s, { timeout: 120_000 });
  await page.keyboard.press('Escape');
  await expect(finished(page)).toHaveCount(1);
  const stopped = (await continuations(page).textContent()) ?? '';
  expect(stopped.length).toBeLessThan(1000);
  await page.waitForTimeout(500); // a worker that went on would add to it
  expect(await continuations(page).textContent()).toBe(stopped);
  await page.getByRole('button', { name: 'Write on' }).click();
  await expect(continuations(page)).toHaveCount(2);
  await expect(continuations(page).last()).toHaveText(/.{5}/s);
  await page.keyboard.press('Escape');
  await expect(finished(page)).toHaveCount(2);
});

test('a seed gives the same text on the server and in the browser', async ({ page }) => {
  await open(page, { temperature: 0.8, seed: 11, maxNewTokens: 30, device: 'wasm' });
  const onServer = await write(page, prompt);
  await page.getByRole('button', { name: 'New page' }).click();
  await page.getByRole('banner').getByText('This browser').click();
  expect(await write(page, prompt)).toBe(onServer);
});

test('a text longer than the model reads goes on', async ({ page }) => {
  await open(page, { maxNewTokens: 20 });
  const long = 'To be, or not to be, that is the question. '.repeat(40);
  expect((await write(page, long)).length).toBeGreaterThan(0);
  await expect(page.getByText(/The model reads the last [\d\s]+ tokens/)).toBeVisible();
});
