// Without a network: the page, its engine and its model are here, and a reload works.

import { expect, test } from '@playwright/test';
import { composer, finished, open, picture, ready, write } from './writing-page.ts';

test('a page that has written in this browser is reloaded and writes without a network', async ({ page, context }) => {
  await open(page, { place: 'browser', device: 'wasm', temperature: 0, maxNewTokens: 30 });
  const prompt = 'ROMEO:\nO, she doth teach';
  const online = await write(page, prompt, 200_000);
  await expect(page.getByText('kept on this device, works offline')).toBeVisible();
  await page.evaluate(() => navigator.serviceWorker.ready);
  // What the worker was told to keep is kept.
  await expect
    .poll(() => page.evaluate(async () => (await (await caches.open('yumo-shell-2')).keys()).length))
    .toBeGreaterThan(5);

  await context.setOffline(true);
  expect(
    await page.evaluate(() =>
      fetch('/health').then(
        () => 'reached',
        () => 'not reached',
      ),
    ),
  ).toBe('not reached');
  await page.reload();
  await expect(page.getByText('You are offline.')).toBeVisible();
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
  await expect(finished(page)).toHaveCount(1); // the text is still there
  await page.getByRole('button', { name: 'New page' }).click();
  expect(await write(page, prompt, 200_000)).toBe(online);
  await picture(page, 'offline');

  // The server is another matter, and the page says so.
  await page.getByRole('banner').getByText('Server').click();
  await ready(page);
  await composer(page).fill('MORE:\n');
  await composer(page).press('Enter');
  await expect(page.getByRole('button', { name: 'Use this browser instead' })).toBeVisible();
  await page.getByRole('button', { name: 'Use this browser instead' }).click();
  await expect(finished(page)).toHaveCount(2);
  await context.setOffline(false);
});
