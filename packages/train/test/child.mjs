// A training in a process of its own, to be killed or asked to stop: `node child.mjs <train|resume> <folder> <data folder> [stop after this step] [overrides…]`.
// Prints an event a line, and last how often a timer of 2 ms fired while the thread trained.

import { loadRecipe, resume, train } from '@yumo/train/node';

const [verb, folder, data, stopAfter, ...overrides] = process.argv.slice(2);
const stop = new AbortController();
const options = { folder, dataFolders: [data], signal: stop.signal };
const events =
  verb === 'train'
    ? train(await loadRecipe(`${data}/recipe.json`, overrides), options)
    : resume({ ...options, overrides });
let ticks = 0;
const timer = setInterval(() => ticks++, 2);
for await (const event of events) {
  process.stdout.write(`${JSON.stringify(event)}\n`);
  if (event.kind === 'step' && event.step === Number(stopAfter)) stop.abort();
}
clearInterval(timer);
process.stdout.write(`${JSON.stringify({ ticks })}\n`);
