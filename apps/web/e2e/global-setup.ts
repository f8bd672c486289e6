// Tiny random models of every task, in a folder that the app under test also looks into.

import { rm } from 'node:fs/promises';
import { writeTinyTasks } from '../../../packages/serve/test/tiny-tasks.ts';

export default async function setup(): Promise<void> {
  const folder = process.env.YUMO_TEST_MODELS;
  if (!folder) throw new Error('internal: the configuration names the folder');
  await rm(folder, { recursive: true, force: true });
  await writeTinyTasks(folder);
}
