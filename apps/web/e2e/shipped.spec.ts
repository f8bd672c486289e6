// The models that come with the repository, page by page: the first example of each gives a result; where there is none, its training is offered.

import { expect, type Page, test } from '@playwright/test';
import type { Settings } from '../features/chat/settings.ts';
import type { TaskSettings } from '../features/tasks/task-settings.ts';
import { done, openTask, overflow, picture, ready } from './task-page.ts';

interface Listed {
  readonly name: string;
  readonly title: string;
  readonly tasks: readonly string[];
  readonly languages: readonly string[];
  readonly results: readonly unknown[];
}

/** Models that are no test's. */
async function shipped(page: Page, task: string): Promise<Listed[]> {
  const answer = await page.request.get('/api/trpc/models');
  const { result } = (await answer.json()) as { result: { data: { models: Listed[] } } };
  return result.data.models.filter((m) => m.tasks.includes(task) && !m.name.startsWith('tiny-'));
}

const pages = [
  ['ask', '/ask', {}],
  ['summarize', '/summarize', {}],
  ['translate', '/translate', {}],
  ['classify', '/classify', { mode: 'classify' }],
  ['tag', '/classify', { mode: 'tag' }],
] as const satisfies readonly (readonly [string, string, Partial<TaskSettings>])[];

for (const [task, address, choices] of pages)
  test(`${task}: every shipped model answers its first example, on the server and in the page`, async ({ page }) => {
    const models = await shipped(page, task);
    test.skip(models.length === 0, 'no such model is shipped; the page offers to train one');
    for (const [i, model] of models.entries()) {
      const settings: Partial<Settings> = { device: 'wasm', form: 'small' };
      const chosen = { models: { [task]: model.name }, direction: null, beams: 4 as const, ...choices };
      // Settings are given anew, and the text of the model before is gone: only an empty page shows examples.
      await page.addInitScript(() => {
        sessionStorage.removeItem('opened');
        localStorage.removeItem('yumo.drafts');
      });
      await openTask(page, address, settings, chosen, model.languages[0] === 'zh' ? 'zh' : 'en');
      await ready(page);
      await page.getByTestId('examples').getByRole('button').first().click();
      await done(page);
      // A card without a measured result is no honest card.
      expect([model.name, model.results.length > 0]).toEqual([model.name, true]);
      await picture(page, i === 0 ? task : `${task}-${model.name}`);
    }
  });

test('pictures: each page as it is without its model, in light, dark, Chinese and on a phone', async ({ browser }) => {
  const hide = async (page: Page): Promise<void> => {
    await page.route('**/api/trpc/models*', async (route) => {
      const response = await route.fetch();
      const body = (await response.text()).replaceAll(
        /"tasks":\["(?:ask|summarize|translate|classify|tag)"\]/g,
        '"tasks":[]',
      );
      await route.fulfill({ response, body });
    });
  };
  for (const [name, address, language, colorScheme, width] of [
    ['offer', '/ask', 'en', 'light', 1280],
    ['offer-dark', '/classify', 'en', 'dark', 1280],
    ['offer-zh', '/translate', 'zh', 'light', 1280],
    ['offer-narrow', '/summarize', 'zh', 'light', 360],
  ] as const) {
    const context = await browser.newContext({ colorScheme, viewport: { width, height: width === 360 ? 740 : 820 } });
    const page = await context.newPage();
    await hide(page);
    await openTask(page, address, {}, {}, language);
    await expect(page.locator('code').first()).toContainText('npm run yumo -- train');
    if (width === 360) expect(await overflow(page)).toBeLessThanOrEqual(0);
    await picture(page, name);
    await context.close();
  }
});
