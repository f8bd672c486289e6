// The commands that the documents show are ones that the program takes: command, options, recipe and its fields. Nothing is run.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { recipeFields } from '@yumo/train';
import { loadRecipe } from '@yumo/train/node';
import type { Command } from 'commander';
import { expect, it } from 'vitest';
import { interruption } from '../src/interrupt.ts';
import { languages } from '../src/language.ts';
import { buildProgram } from '../src/program.ts';
import { normalizeFlags } from '../src/recipe-flags.ts';
import { findRecipe } from '../src/recipe-places.ts';
import { Output } from '../src/ui/output.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const documents = [
  'README.md',
  'README.zh.md',
  ...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`),
].filter((name) => name.endsWith('.md'));

/** Words of the `yumo …` lines in a document's code blocks, as a shell cuts them, without the comment. */
const commandsOf = (document: string): string[][] =>
  [...readFileSync(join(root, document), 'utf8').matchAll(/^(?:npm run yumo -- |yumo )(.*)$/gm)].map(([, line]) =>
    [...line!.replace(/\s+#.*$/, '').matchAll(/"([^"]*)"|\S+/g)].map(([word, quoted]) => quoted ?? word),
  );

const leaves = (command: Command): Command[] =>
  command.commands.length === 0 ? [command] : command.commands.flatMap(leaves);

/** Parses as the program does; a command that is reached is told instead of run. */
async function parsed(words: readonly string[]): Promise<Command> {
  const stop = interruption(() => undefined);
  let reached: Command | undefined;
  try {
    const program = buildProgram({
      output: new Output(process, { json: false }),
      phrases: languages.en,
      interruption: stop,
    });
    for (const command of leaves(program))
      command.action(() => {
        reached = command;
      });
    await program.parseAsync(normalizeFlags(words), { from: 'user' });
  } finally {
    stop.dispose();
  }
  return reached!;
}

/** The recipe of a `train` line with its changes; a file of the reader's own is stood for by a template. */
function recipeOf(command: Command) {
  const options = command.opts<Record<string, unknown>>();
  const named = recipeFields.flatMap(({ path }) => (path in options ? [`${path}=${String(options[path])}`] : []));
  const set = (options.set ?? []) as readonly string[];
  const given = command.args[0]!;
  const template = set.some((change) => change.startsWith('data.train.')) ? 'sentiment-zh' : 'shakespeare-quick';
  return findRecipe(given.endsWith('.json') ? template : given).then((path) =>
    loadRecipe(path, [...named, ...set.filter((change) => !named.includes(change))]),
  );
}

const shown = documents.flatMap((document) =>
  commandsOf(document).map((words) => [document, words.join(' '), words] as const),
);

it('finds the commands of docs/training.md', () => {
  expect(commandsOf('docs/training.md').length).toBeGreaterThanOrEqual(6);
});

it.each(shown)('%s: yumo %s', async (_, line, words) => {
  const command = await parsed(words);
  expect(line).toContain(command.name());
  if (command.name() === 'train' && command.parent?.name() === 'yumo') await recipeOf(command);
});

it.each([
  ['trian mlm-zh', /unknown command/],
  ['train mlm-zh --dry', /unknown option/],
  ['train mlm-zzh', /did you mean/],
  ['train mlm-zh --steps many', /steps/],
  ['train mlm-zh --objective.kind masked', /objective/],
])('would not pass: yumo %s', async (line, message) => {
  await expect(parsed(line.split(' ')).then(recipeOf)).rejects.toThrow(message);
});
