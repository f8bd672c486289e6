// The page trains as Node does: on WebAssembly and on WebGPU, and goes on after a reload.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, type Page, test } from '@playwright/test';
import { parseRecipe } from '@yumo/train';
import { train } from '@yumo/train/node';
import { recipeFor } from '../features/training/example.ts';

const text = 'the cat sat on the mat and the dog sat on the log. '.repeat(40);
/**
 * Loss of a step in another engine: float32 sums in another order, carried on by the optimizer. After 20 steps of AdamW the engines are
 * within a few 1e-6 of each other; the loss itself falls by more than 1.
 */
const tolerance = 2e-4;

async function lossesInNode(steps: number): Promise<number[]> {
  const folder = await mkdtemp(join(tmpdir(), 'yumo-page-'));
  await writeFile(join(folder, 'page.txt'), text);
  const losses: number[] = [];
  for await (const event of train(parseRecipe({ ...recipeFor(text, steps), threads: 1 }), {
    folder: join(folder, 'run'),
    dataFolders: [folder],
  }))
    if (event.kind === 'step') losses.push(event.loss);
  await rm(folder, { recursive: true });
  return losses;
}

const lossesOn = async (page: Page): Promise<number[]> =>
  page
    .getByTestId('training-events')
    .locator('[data-kind=step]')
    .evaluateAll((rows) => rows.map((row) => Number((row as HTMLElement).dataset.loss)));

async function begin(page: Page, device: string, steps: number, button: string): Promise<void> {
  await page.getByLabel('Text to learn').fill(text);
  await page.getByLabel('Steps').fill(String(steps));
  await page.getByLabel('Processor').selectOption(device);
  await page.getByRole('button', { name: button }).click();
}
const done = (page: Page) =>
  expect(page.getByTestId('training-events').locator('[data-kind=done]')).toBeVisible({ timeout: 280_000 });

for (const [device, engine, steps] of [
  ['wasm', 'WebAssembly', 20],
  ['webgpu', 'WebGPU', 6],
] as const)
  test(`on ${engine} the losses fall as they do in Node`, async ({ page }) => {
    const expected = await lossesInNode(steps);
    await page.goto('/training');
    await begin(page, device, steps, 'Start anew');
    await done(page);
    const losses = await lossesOn(page);
    await expect(page.getByTestId('training-events').locator('[data-kind=start]')).toContainText(engine);
    expect(losses).toHaveLength(steps);
    for (const [i, loss] of losses.entries()) expect(Math.abs(loss - expected[i]!)).toBeLessThan(tolerance);
    expect(losses.at(-1)).toBeLessThan(losses[0]! - (steps > 10 ? 0.5 : 0.05));
  });

test('after a reload in the middle it goes on from its checkpoint, as if nothing had been', async ({ page }) => {
  const expected = await lossesInNode(30);
  await page.goto('/training');
  await begin(page, 'wasm', 30, 'Start anew');
  await expect(page.getByTestId('training-events').locator('[data-kind=step][data-step="13"]')).toBeVisible({
    timeout: 120_000,
  });
  await page.reload(); // no goodbye: the worker is killed between two steps
  await begin(page, 'wasm', 30, 'Go on');
  await done(page);
  const steps = await page
    .getByTestId('training-events')
    .locator('[data-kind=step]')
    .evaluateAll((rows) => rows.map((row) => Number((row as HTMLElement).dataset.step)));
  // Checkpoints are at 10 and 20; events after the last one happen again.
  expect([11, 21]).toContain(steps[0]);
  const losses = await lossesOn(page);
  for (const [i, step] of steps.entries()) expect(Math.abs(losses[i]! - expected[step - 1]!)).toBeLessThan(tolerance);
  expect(steps.at(-1)).toBe(30);
});

test('Stop writes a checkpoint; a run that is not there cannot go on', async ({ page }) => {
  await page.goto('/training');
  await begin(page, 'wasm', 30, 'Go on');
  await expect(page.getByRole('alert').filter({ hasText: 'runs/page: no training/recipe.json' })).toBeVisible();
  await begin(page, 'wasm', 500, 'Start anew');
  await expect(page.getByTestId('training-events').locator('[data-kind=step]').first()).toBeVisible({
    timeout: 120_000,
  });
  await page.getByRole('button', { name: 'Stop' }).click();
  await done(page);
  const stopped = (await lossesOn(page)).length;
  await begin(page, 'wasm', stopped + 2, 'Go on');
  await done(page);
  expect(await lossesOn(page)).toHaveLength(2);
});
