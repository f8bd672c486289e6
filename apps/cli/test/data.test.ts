// `yumo data`: what is found in small files whose contents are known, and what a cleaner file holds.

import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type TinyFolder, tinyFolder } from './tiny.ts';
import { documentOf, yumo } from './yumo.ts';

const long = 'This film has a slow beginning, but the second half is among the best that I have seen in years';
const rows = [
  ['good film, worth seeing', 'positive'],
  ['Good film, worth seeing!', 'positive'],
  [long, 'positive'],
  [`${long}.`, 'positive'],
  [`${long} indeed`, 'positive'],
  ['nothing here works, call me at 13812345678', 'negative'],
  ['这部电影真的很难看', 'negative'],
] as const;

let folder: TinyFolder;
beforeAll(async () => {
  folder = await tinyFolder();
  const table = rows.map((r) => r.join('\t')).join('\n');
  await writeFile(folder.at('train.tsv'), `text\tlabel\n${table}\n`);
  await writeFile(folder.at('dev.tsv'), 'text\tlabel\nGOOD FILM, worth seeing\tpositive\nsomething new\tnegative\n');
});
afterAll(() => folder[Symbol.asyncDispose]());
const run = (words: readonly string[]) => yumo(words, { cwd: folder.path });

describe('yumo data inspect', () => {
  test('counts rows, labels, repeats, languages, personal data, and what two files share', async () => {
    const result = await run(['data', 'inspect', 'train.tsv', 'dev.tsv', '--json']);
    expect(result.exit, result.stderr).toBe(0);
    const { files, overlaps } = documentOf(result) as {
      files: Record<string, unknown>[];
      overlaps: Record<string, unknown>[];
    };
    expect(files[0]).toMatchObject({
      format: 'tsv',
      rows: 7,
      labels: { positive: 5, negative: 2 },
      duplicates: { exact: 2, near: 1 },
      private: { rows: 1, byKind: { phone: 1 } },
    });
    expect(files[0]!.languages).toMatchObject({ zh: 1 });
    expect(overlaps).toMatchObject([{ shared: 1, rows: 2 }]);
    const text = await run(['data', 'inspect', 'train.tsv', 'dev.tsv']);
    expect(text.stdout).toContain('WARNING: 1 of 2 rows of');
    expect(text.stdout).not.toContain('13812345678,'); // samples may show it, the report of what was found does not
  });

  test('a wrong row is named with what leaves it out', async () => {
    await writeFile(folder.at('wrong.jsonl'), '{"text": "good", "label": 1}\n{"text": \n');
    const wrong = await run(['data', 'inspect', 'wrong.jsonl']);
    expect(wrong.exit).toBe(5);
    expect(wrong.stderr).toMatch(/wrong\.jsonl:2: not JSON .*; --skip leaves such rows out\n/);
    expect((await run(['data', 'inspect', 'wrong.jsonl', '--skip'])).exit).toBe(0);
    const recipe = { name: 'w', data: { kind: 'rows', train: [{ files: ['wrong.jsonl'] }] } };
    const settings = { tokenizer: { kind: 'characters' }, model: { model_type: 'bert' }, batch: 1, steps: 1 };
    const objective = { kind: 'sequence-classification' };
    await writeFile(folder.at('wrong.json'), JSON.stringify({ ...recipe, ...settings, objective }));
    const trained = await run(['train', 'wrong.json', '--json']);
    expect(trained.exit, trained.stderr).toBe(5);
    expect((documentOf(trained) as { error: { message: string } }).error.message).toMatch(
      /wrong\.jsonl:2: .*"onBadRow": "skip" beside its files in the recipe/,
    );
    const skipped = await run(['train', 'wrong.json', '--set', 'data.train.*.onBadRow=skip']);
    expect(skipped.stderr).not.toContain('wrong.jsonl:2');
    expect(skipped.stderr).toContain('the validation part has no rows');
  });

  test('a table is read by the delimiter that is named', async () => {
    await writeFile(folder.at('hash.txt'), 'good # 1\nbad # 0\nfine # 1\n');
    const result = await run(['data', 'inspect', 'hash.txt', '--delimiter', ' # ', '--label', 'column2', '--json']);
    const { files } = documentOf(result) as { files: Record<string, unknown>[] };
    expect(files[0]).toMatchObject({ format: 'csv', rows: 3, labels: { 1: 2, 0: 1 } });
  });

  test('other encodings, missing files and unknown formats are named', async () => {
    await writeFile(folder.at('gbk.txt'), Buffer.from('b5c4d2bbcac7b2bbc1cbd4dac8cbd3d0ced2cbfbd5e2b8f6', 'hex'));
    const gbk = await run(['data', 'inspect', 'gbk.txt']);
    expect(gbk.exit).toBe(5);
    expect(gbk.stderr).toContain(
      'gbk.txt:1: not UTF-8 text, it looks like GBK (gb18030); convert it first: iconv -f gb18030',
    );
    expect((await run(['data', 'inspect', 'none.txt'])).exit).toBe(4);
    expect((await run(['data', 'inspect', 'train.tsv', '--format', 'tvs'])).exit).toBe(2);
  });
});

describe('yumo data clean', () => {
  test('writes what stays, masked, and says what became of the rest', async () => {
    const lines = ['same  text', 'same text', 'x', 'write to a.b@example.com today', ''];
    await writeFile(folder.at('raw.jsonl'), lines.map((text, id) => JSON.stringify({ id, text })).join('\n'));
    const result = await run(['data', 'clean', 'raw.jsonl', '-o', 'clean.jsonl', '--min', '3', '--mask', '--json']);
    expect(result.exit, result.stderr).toBe(0);
    expect(documentOf(result)).toMatchObject({
      texts: 5,
      kept: 2,
      dropped: { duplicate: 1, 'too short': 1, empty: 1 },
      masked: { affected: 1, byKind: { email: 1 } },
    });
    const written = (await readFile(folder.at('clean.jsonl'), 'utf8')).trim().split('\n');
    expect(written.map((line) => JSON.parse(line) as unknown)).toEqual([
      { id: 0, text: 'same text' },
      { id: 3, text: 'write to [EMAIL] today' },
    ]);
  });
});
