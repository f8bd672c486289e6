// A person teaches a small classifier in the page: the loss falls, what it did not learn is told apart, and it is there to try.

import { expect, test } from '@playwright/test';
import { overflow, picture } from './task-page.ts';

/** Two classes that no two examples share a word of: what is learnt must be told apart. */
const words = {
  fruit: ['apple', 'pear', 'plum', 'cherry', 'peach'],
  tool: ['hammer', 'saw', 'nail', 'chisel', 'drill'],
} as const;
const examples = (kind: keyof typeof words): string =>
  words[kind].flatMap((a) => words[kind].map((b) => `${a} ${b}`)).join('\n');

test('a classifier is taught in the page, measured on examples that it did not learn, and tried', async ({ page }) => {
  await page.addInitScript(() => {
    localStorage.setItem('yumo.settings', JSON.stringify({ device: 'wasm' }));
    localStorage.setItem('yumo.language', '"en"');
  });
  await page.goto('/classify');
  await page.getByRole('link', { name: 'Teach it classes of your own' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toContainText('Teach it your own classes.');
  const teach = page.getByRole('button', { name: 'Teach', exact: true });
  await page.getByLabel('Name of class 1').fill('fruit');
  await page.getByLabel('Name of class 2').fill('fruit');
  await expect(page.getByText('Each class needs a name of its own.')).toBeVisible();
  await expect(teach).toBeDisabled();
  await page.getByLabel('Name of class 2').fill('tool');
  await page.getByLabel('Examples of fruit').fill(examples('fruit'));
  await page.getByLabel('Examples of tool').fill(examples('tool'));
  await page.getByLabel('Steps').fill('40');
  const foreign: string[] = [];
  page.on('request', (request) => {
    if (request.method() === 'POST' && !request.url().includes('/api/trpc/models')) foreign.push(request.url());
  });
  await teach.click();
  const loss = page.getByTestId('loss');
  await expect(loss).toBeVisible({ timeout: 120_000 });
  const first = Number(await loss.getAttribute('data-loss'));
  await expect(page.getByTestId('learning')).toHaveAttribute('data-state', 'done', { timeout: 240_000 });
  expect(Number(await loss.getAttribute('data-loss'))).toBeLessThan(first / 2);
  await expect(page.getByTestId('right')).toContainText('on 10 examples that it did not learn');
  expect(Number(await page.getByTestId('right').getAttribute('data-right'))).toBeGreaterThan(0.8);

  const taught = page.getByTestId('taught').getByRole('listitem');
  for (const [text, label] of [
    ['cherry plum', 'fruit'],
    ['drill hammer', 'tool'],
  ] as const) {
    await page.getByLabel('Try it').fill(text);
    await expect(taught.first()).toContainText(label, { timeout: 120_000 });
  }
  await picture(page, 'teach');
  expect(foreign).toEqual([]); // nothing was sent anywhere
  await page.setViewportSize({ width: 360, height: 740 });
  expect(await overflow(page)).toBeLessThanOrEqual(0);
});

test('teaching is stopped, and what was taught before is replaced by the next', async ({ page }) => {
  await page.addInitScript(() => {
    localStorage.setItem('yumo.settings', JSON.stringify({ device: 'wasm' }));
    localStorage.setItem('yumo.language', '"zh"');
  });
  await page.goto('/teach');
  await page.getByLabel('步数').fill('400');
  await page.getByRole('button', { name: '开始学习' }).click();
  await expect(page.getByTestId('loss')).toBeVisible({ timeout: 120_000 });
  await page.getByRole('button', { name: '停止' }).click();
  await expect(page.getByTestId('learning')).toHaveAttribute('data-state', 'done', { timeout: 60_000 });
  await page.getByLabel('步数').fill('10');
  await page.getByRole('button', { name: '开始学习' }).click();
  await expect(page.getByTestId('right')).toBeVisible({ timeout: 200_000 });
  await expect(page.getByLabel('试一试')).toBeVisible({ timeout: 60_000 });
});
