// Every file of the reference data is read as its README describes it: the format told, and as many rows as are counted there.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Format, type ReadOptions, readData } from '../src/data/readers/index.ts';
import { sharedFolder } from '../src/shared.node.ts';

const folder = sharedFolder('data');

/** Files in forms of their own, which no reader claims to know. */
const others = /\.zip$|\.review\.gz$|semeval|fewrel|fb15k/;
const special: readonly (readonly [RegExp, ReadOptions])[] = [
  [/stsbenchmark/, { table: { ragged: true } }], // some rows carry two more columns with the source
  [/rt-polarity|winobias|class(?:es)?\.txt/, { format: 'text' }],
];
const expected: readonly (readonly [RegExp, Format])[] = [
  [/crows|ag-news\/t|waimai|online-shopping|cnsd/, 'csv'],
  [/chnsenticorp|sst2|thucnews-titles\/t|csl-|snli|sick|wn18rr|umls|tatoeba|stsbenchmark/, 'tsv'],
  [/^qa\//, 'squad'],
  [/cluener/, 'cluener'],
  [/^ner\//, 'conll'],
  [/alpaca|oasst/, 'alpaca'],
  [/chat-demos/, 'chat'],
  [/pii|ocnli|self-instruct|dialogsum|scitldr/, 'jsonl'],
  [/poetry|stereoset/, 'json'],
];

interface Described {
  readonly path: string;
  /** What the README counts in rows, questions, sentences, …. Undefined where it counts characters only. */
  readonly count: number | undefined;
}

function described(): Described[] {
  const kinds = [
    'bias',
    'classification',
    'domain',
    'instruct',
    'knowledge-graph',
    'lm',
    'ner',
    'nli',
    'qa',
    'relations',
    'similarity',
    'summarization',
    'translation',
  ];
  return kinds.flatMap((kind) => {
    let section = '';
    return readFileSync(join(folder, kind, 'README.md'), 'utf8')
      .split('\n')
      .flatMap((line): Described[] => {
        section = /^## (.+)/.exec(line)?.[1] ?? section;
        const [, file, count] = /^\| (\S+) \| (.+?) \|/.exec(line) ?? [];
        const path = `${kind}/${section}/${file}`;
        if (file === undefined || count === undefined || others.test(path) || !existsSync(join(folder, path)))
          return [];
        return [{ path, count: /character|relation names/.test(count) ? undefined : Number.parseInt(count, 10) }];
      });
  });
}

describe.runIf(existsSync(folder))('the reference data', () => {
  const files = existsSync(folder) ? described() : [];

  test.each(files)('$path', async ({ path, count }) => {
    const options = special.find(([pattern]) => pattern.test(path))?.[1] ?? {};
    const read = await readData({ name: path, bytes: new Uint8Array(readFileSync(join(folder, path))) }, options);
    const format = expected.find(([pattern]) => pattern.test(path))?.[1] ?? 'text';
    expect(`${read.format} (${read.reason})`).toBe(`${format} (${read.reason})`);
    expect(read.report.skipped).toBe(0);
    const analogies = path.startsWith('relations/analogy');
    if (count !== undefined)
      expect(read.rows.filter((row) => !(analogies && row.task === 'text' && row.text.startsWith(':')))).toHaveLength(
        count,
      );
  });

  test('answers stand where their rows say, and those that stand nowhere are counted', async () => {
    const counts: Record<string, number> = {};
    for (const { path } of files.filter((file) => file.path.startsWith('qa/'))) {
      const { rows, report } = await readData({ name: path, bytes: new Uint8Array(readFileSync(join(folder, path))) });
      const answers = rows.flatMap((row) =>
        row.task === 'question-answering' ? row.answers.map((answer) => ({ ...answer, context: row.context })) : [],
      );
      for (const { text, start, context } of answers)
        if (start !== undefined) expect(context.slice(start, start + text.length)).toBe(text);
      const nowhere = answers.filter(({ text, context }) => !context.includes(text)).length;
      expect(report.notes.get('answer that does not stand in its context') ?? 0).toBe(nowhere);
      for (const [what, count] of report.notes) {
        const key = `${path.split('/')[1]}: ${what}`;
        counts[key] = (counts[key] ?? 0) + count;
      }
    }
    console.log(counts);
    // CMRC's annotators rephrased some answers (offset −1); DRCD counts code points, its README says; the others are clean.
    expect(Object.keys(counts).sort()).toEqual([
      'cmrc2018: answer that does not stand in its context',
      'drcd: answer offset counted in code points',
    ]);
  });
});
