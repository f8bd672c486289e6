// Files in the forms of published sets: which column is what, without being told.

import { describe, expect, test } from 'vitest';
import type { DataFile } from '../data/readers/index.ts';
import {
  type DatasetOptions,
  labelledTexts,
  markedTexts,
  openFiles,
  questions,
  runningTexts,
  scoredTexts,
  sequences,
} from './dataset.ts';

const file = (name: string, text: string): DataFile => ({ name, bytes: new TextEncoder().encode(text) });
const lines = (count: number, line: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => `${line(i)}\n`).join('');
const single = { pairs: false, multiLabel: false };
const classify = async (files: readonly DataFile[], options: DatasetOptions = {}, kind = single) => {
  const { rows } = await labelledTexts(await openFiles(files), options, kind);
  return rows.map(({ row, place }) => [
    place,
    row.text,
    ...(row.pair === undefined ? [] : [row.pair]),
    row.labels.join('+'),
  ]);
};
const text = (i: number): string => `the ${i}th sentence of a longer story , told in words`;

describe('texts with labels', () => {
  test('a table without header: the text is the long column, the label the one with few values', async () => {
    expect(
      (
        await classify([
          file(
            'dev.tsv',
            lines(30, (i) => `${text(i)}\t${i % 2}`),
          ),
        ])
      )[1],
    ).toEqual(['dev.tsv:2', text(1), '1']);
    expect(
      (
        await classify([
          file(
            'test.txt',
            lines(30, (i) => `to category\t${text(i)}\t${i % 3 ? '文学' : '理学'}`),
          ),
        ])
      )[0],
    ).toEqual(['test.txt:1', text(0), '理学']);
    const news = await classify([
      file(
        'test.csv',
        lines(30, (i) => `"${1 + (i % 4)}","Title ""${i}""","${text(i)}"`),
      ),
    ]);
    expect(news[4]).toEqual(['test.csv:5', `Title "4" ${text(4)}`, '1']);
  });

  test('a table with header goes by its names', async () => {
    expect(
      (
        await classify([
          file('a.csv', `cat,label,review\n${lines(20, (i) => `books,${i % 2},${text(i).replace(',', '')}`)}`),
        ])
      )[0]?.[2],
    ).toBe('0');
    const nli = `premise\thypothesis\tlabel\n${lines(9, (i) => `${text(i)}\tother ${text(i)}\t${i % 3}`)}`;
    expect((await classify([file('snli.tsv', nli)]))[2]).toEqual(['snli.tsv:4', text(2), `other ${text(2)}`, '2']);
  });

  test('columns that are named are taken, by name or number; unknown ones are answered with the nearest', async () => {
    const table = file('a.tsv', `kind\tbody\tgrade\n${lines(9, (i) => `x${i % 2}\t${text(i)}\t${i}`)}`);
    expect((await classify([table], { fields: { label: '1', text: 'body' } }))[0]).toEqual(['a.tsv:2', text(0), 'x0']);
    await expect(classify([table], { fields: { text: 'boody' } })).rejects.toThrow(
      'a.tsv: no column "boody"; did you mean "body"?',
    );
  });

  test('one file for each class, named by what differs', async () => {
    const files = [file('rt-polarity.neg', lines(3, text)), file('rt-polarity.pos', lines(2, text))];
    expect((await classify(files)).map((row) => row[2])).toEqual(['neg', 'neg', 'neg', 'pos', 'pos']);
    const review = (t: string): string =>
      `<review>\n<rating>\n1.0\n</rating>\n<review_text>\n${t} & <so> on\n</review_text>\n</review>\n`;
    const reviews = [file('books.negative.review', review('bad')), file('books.positive.review', review('good'))];
    expect(await classify(reviews)).toEqual([
      ['books.negative.review:1', 'bad & <so> on', 'negative'],
      ['books.positive.review:1', 'good & <so> on', 'positive'],
    ]);
    await expect(classify([file('some.txt', text(1))])).rejects.toThrow('plain text without labels');
  });

  test('rows without a label that annotators agree on are left out; bad rows stop, or are counted', async () => {
    const rows = lines(6, (i) =>
      JSON.stringify({ sentence1: text(i), sentence2: 'b', label: i === 2 ? '-' : 'neutral' }),
    );
    expect(await classify([file('ocnli.json', rows)])).toHaveLength(5);
    const bad = file('x.jsonl', `{"text":"a b","label":1}\n{"text":"","label":1}\n{"text":"c","label":null}\n`);
    await expect(classify([bad])).rejects.toThrow('x.jsonl:2: text: no text');
    const opened = await openFiles([bad]);
    const skipping = await labelledTexts(opened, { onBadRow: 'skip' }, single);
    expect([skipping.rows.length, skipping.skipped]).toEqual([1, 2]);
  });

  test('a file of class names beside the data is not data', async () => {
    const opened = await openFiles([
      file(
        'test.txt',
        lines(9, (i) => `${text(i)}\t${i % 2}`),
      ),
      file('class.txt', 'finance\nsport\n'),
    ]);
    const { rows, classNames } = await labelledTexts(opened, {}, single);
    expect([rows.length, classNames]).toEqual([9, ['finance', 'sport']]);
  });
});

test('pairs with a score: STS-B with its extra columns, and columns divided by "||"', async () => {
  const sts = lines(
    40,
    (i) =>
      `main\timages\t2014\t000${i}\t${(i % 11) / 2}\t${text(i)}\t${text(i + 1)}${i % 5 === 0 ? '\thttp://a\thttp://b' : ''}`,
  );
  const { rows } = await scoredTexts(await openFiles([file('sts-dev.csv', sts)]), {});
  expect(rows[1]!.row).toEqual({ task: 'pair', first: text(1), second: text(2), score: 0.5 });
  const cnsd = lines(40, (i) => `2014-04${i}||${text(i)}||${text(i + 2)}||${i % 6}`);
  expect((await scoredTexts(await openFiles([file('cnsd.txt', cnsd)]), {})).rows[7]!.row).toEqual({
    task: 'pair',
    first: text(7),
    second: text(9),
    score: 1,
  });
});

describe('sources and targets', () => {
  const read = async (files: readonly DataFile[], options: DatasetOptions = {}) =>
    (await sequences(await openFiles(files), options, 'translation')).rows.map(({ row }) => [
      row.source,
      ...row.targets,
    ]);

  test('two files line by line; further ones are further references', async () => {
    const [en, de, other] = [
      file('t.en', 'One.\nTwo.\n'),
      file('t.de', 'Eins.\nZwei.\n'),
      file('t.de2', 'Ein.\nZwo.\n'),
    ];
    expect(await read([en, de, other])).toEqual([
      ['One.', 'Eins.', 'Ein.'],
      ['Two.', 'Zwei.', 'Zwo.'],
    ]);
    // What one side lacks is left out of all, and rows are told by their lines.
    const gaps = [
      file('t.en', '\nOne.\nTwo.\nThree.\n'),
      file('t.de', '\nEins.\n\nDrei.\n'),
      file('t.de2', '\nEin.\nZwo.\nDrei!\n'),
    ];
    const { rows, remarks, skipped } = await sequences(await openFiles(gaps), { onBadRow: 'skip' }, 'translation');
    expect(rows.map(({ row, place }) => [place, row.source, ...row.targets])).toEqual([
      ['t.en:2', 'One.', 'Eins.', 'Ein.'],
      ['t.en:4', 'Three.', 'Drei.', 'Drei!'],
    ]);
    expect(skipped).toBe(1);
    expect(remarks.join('\n')).toContain('t.en:3: the line in t.de is empty');
    await expect(read([en, file('t.de', 'Eins.\n')])).rejects.toThrow('t.en has 2 lines, t.de has 1');
    await expect(read([en])).rejects.toThrow('one side only');
  });

  test('tables and JSON lines, lists as texts or as references', async () => {
    expect(
      (
        await read([
          file(
            'dev.txt',
            lines(30, (i) => `Word ${i}.\t词${i}。`),
          ),
        ])
      )[3],
    ).toEqual(['Word 3.', '词3。']);
    expect(
      (
        await read([
          file(
            'csl.tsv',
            lines(30, (i) => `to title\t${text(i)}\ttitle ${i}`),
          ),
        ])
      )[1],
    ).toEqual([text(1), 'title 1']);
    const tldr = lines(3, (i) =>
      JSON.stringify({ source: ['A b.', 'C d.'], source_labels: [0, 1], target: [`x${i}`, 'y'], title: 't' }),
    );
    expect((await read([file('scitldr.jsonl', tldr)]))[0]).toEqual(['A b. C d.', 'x0', 'y']);
    const dialogue = lines(3, (i) =>
      JSON.stringify({ fname: `d${i}`, dialogue: text(i), summary1: 'a', topic1: 'q', summary2: `b${i}`, topic2: 'r' }),
    );
    expect((await read([file('dialogsum.jsonl', dialogue)]))[2]).toEqual([text(2), 'a', 'b2']);
    const nested = lines(3, (i) => JSON.stringify({ translation: { en: `e${i}`, zh: `z${i}` } }));
    expect((await read([file('wmt.jsonl', nested)]))[1]).toEqual(['e1', 'z1']);
  });

  test('--source and --target turn the sides', async () => {
    const table = file(
      'dev.txt',
      lines(30, (i) => `Word ${i}.\t词${i}。`),
    );
    expect((await read([table], { fields: { source: '2', target: '1' } }))[3]).toEqual(['词3。', 'Word 3.']);
    expect((await read([table], { fields: { source: '2' } }))[3]).toEqual(['词3。', 'Word 3.']);
  });
});

test('entities: tags by token, spans, and numbers of tags', async () => {
  const conll = file('w.conll', 'Ada\tB-PER\nsees\tO\n\nRome\tI-LOC\n\n');
  const rows = async (f: DataFile) =>
    (await markedTexts(await openFiles([f]), {}, ['O', 'B-PER'])).rows.map(({ row }) => row);
  expect(await rows(conll)).toMatchObject([{ tokens: ['Ada', 'sees'], tags: ['B-PER', 'O'] }, { tags: ['I-LOC'] }]);
  expect(await rows(file('a.jsonl', '{"tokens":["Ada","sees"],"ner_tags":[1,0]}\n'))).toMatchObject([
    { tags: ['B-PER', 'O'] },
  ]);
  expect(
    await rows(file('b.jsonl', '{"text":"Ada sees","spans":[{"start":0,"end":3,"label":"PER"}]}\n')),
  ).toMatchObject([{ entities: [{ type: 'PER', start: 0, end: 3 }] }]);
  await expect(rows(file('c.jsonl', '{"text":"Ada","spans":[{"start":0,"end":9,"label":"PER"}]}\n'))).rejects.toThrow(
    'c.jsonl:1',
  );
});

test('questions in tables of records, with every form of answers', async () => {
  const one = (answers: unknown): string =>
    `${JSON.stringify({ id: 'q', context: 'a b c', question: 'b?', answers })}\n`;
  const { rows } = await questions(
    await openFiles([
      file(
        'q.jsonl',
        one({ text: ['b', 'c'], answer_start: [2, 4] }) + one([{ text: 'b' }]) + one('c') + one({ text: [] }),
      ),
    ]),
    {},
  );
  expect(rows.map(({ row }) => row.answers.map((a) => a.text))).toEqual([['b', 'c'], ['b'], ['c'], []]);
});

test('running texts: a plain file is one text, a poem is its lines', async () => {
  const poems = JSON.stringify([
    { author: 'a', paragraphs: ['一二，', '三四。'], title: 't' },
    { author: 'b', paragraphs: ['五六。'], title: 'u' },
  ]);
  const { rows } = await runningTexts(await openFiles([file('a.txt', 'x\n\ny\n'), file('p.json', poems)]), {});
  expect(rows.map(({ row }) => row)).toEqual(['x\n\ny\n', '一二，\n三四。', '五六。']);
});
