// What is learnt, what is measured, and what is kept apart from both.

import { expect, it } from 'vitest';
import { parseRecipe } from '../recipe-fields.ts';
import type { Kept } from './kept.ts';
import type { QuestionRow } from './readers/rows.ts';
import { partsOf, readRows, type SourceFile } from './sources.ts';

const squad = (contexts: readonly string[]): string =>
  JSON.stringify({
    data: contexts.map((context) => ({
      paragraphs: [
        {
          context,
          qas: [0, 1, 2].map((i) => ({
            id: `${i}`,
            question: `What ${i}?`,
            answers: [{ text: context, answer_start: 0 }],
          })),
        },
      ],
    })),
  });
const contexts = Array.from({ length: 30 }, (_, i) => `Paragraph number ${i} of the whole file.`);

/** A recipe's data read from texts by name. */
async function read(data: Record<string, unknown>, texts: Readonly<Record<string, string>>) {
  const recipe = parseRecipe({
    name: 'x',
    data: { kind: 'rows', ...data },
    tokenizer: { kind: 'characters' },
    batch: 1,
    steps: 1,
  });
  if (recipe.data.kind !== 'rows') throw new Error('a recipe of rows has rows');
  const notes: [string, number][] = [];
  const bytes = (text: string) => new TextEncoder().encode(text) as Uint8Array<ArrayBuffer>;
  const rows = await readRows(
    recipe.data,
    async (sources) =>
      sources.map((source) => ({ source, files: source.files.map((name) => ({ name, bytes: bytes(texts[name]!) })) })),
    (text, count) => void notes.push([text, count]),
  );
  if (rows.kind !== 'rows') throw new Error('rows were read');
  return { rows, notes };
}

it('rows about a text of a test file are left out of training and told; a question that both ask of other texts stays', async () => {
  const { rows, notes } = await read(
    { train: [{ files: ['train.json'] }], apart: [{ files: ['test.json'] }] },
    {
      'train.json': squad(contexts),
      'test.json': squad([contexts[3]!, contexts[7]!, 'Another text, found nowhere else.']),
    },
  );
  const left = rows.training[0]!.rows.map((row) => (row as QuestionRow).context);
  expect(left).toEqual(contexts.filter((_, i) => i !== 3 && i !== 7).flatMap((c) => [c, c, c]));
  expect(notes).toEqual([['train.json: rows left out, their texts are in data.apart', 6]]);
});

it('records are compared by the field of text that the recipe names, or else by their longest field', async () => {
  const texts = {
    'train.tsv': 'text\tlabel\nfirst text\t1\nsecond text\t0\n',
    'test.tsv': 'sentence\tlabel\nsecond text\t1\n',
  };
  for (const fields of [{ text: 'text' }, {}]) {
    const { rows } = await read({ train: [{ files: ['train.tsv'], fields }], apart: [{ files: ['test.tsv'] }] }, texts);
    expect(rows.training[0]!.rows).toMatchObject([{ fields: { text: 'first text' } }]);
  }
});

it('rows that a side is chosen for together stay together', async () => {
  const { rows } = await read({ train: [{ files: ['train.json'] }] }, { 'train.json': squad(contexts) });
  const split = async (sideOf?: (row: QuestionRow) => string) => {
    const reading = { rowsOf: ({ rows: all }: SourceFile) => all as QuestionRow[], note: () => undefined };
    const { training, validation } = await partsOf(rows, 0.4, 'x', { ...reading, sideOf }, 'x');
    const all = async (kept: Kept<QuestionRow>) => await kept.read(Array.from({ length: kept.length }, (_, i) => i));
    return { training: await all(training), validation: await all(validation) };
  };
  const shared = ({ training, validation }: Awaited<ReturnType<typeof split>>) =>
    training.filter((row) => validation.some(({ context }) => context === row.context)).length;
  const together = await split(({ context }) => context);
  expect(shared(together)).toBe(0);
  expect([together.training.length, together.validation.length].map((n) => n % 3)).toEqual([0, 0]);
  expect(shared(await split())).toBeGreaterThan(0);
});
