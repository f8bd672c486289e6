// Readers on small files: what is understood, what is counted, and what errors say.

import { parquetWriteBuffer } from 'hyparquet-writer';
import { expect, test } from 'vitest';
import { type DataFile, textOf, unpacked } from './bytes.ts';
import { detectFormat } from './detect.ts';
import { readParallel } from './parallel.ts';
import { type ReadOptions, readData } from './read.ts';
import type { RecordRow } from './rows.ts';
import { classificationRows, pairRows, sequenceRows } from './tasks.ts';

const file = (name: string, text: string): DataFile => ({ name, bytes: new TextEncoder().encode(text) });
const read = (name: string, text: string, options: ReadOptions = {}) => readData(file(name, text), options);
const fieldsOf = async (name: string, text: string, options: ReadOptions = {}) =>
  (await read(name, text, options)).rows.map((row) => (row.task === 'record' ? row.fields : row));

async function gzip(text: string): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream('gzip'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** One table of a text and a structure, as pyarrow 25.0.1 writes it. */
const compressedTables = {
  gzip: 'UEFSMRUAFYwCFVgsFQQVABUGFQYcAAAAH4sIAAAAAAACA2NiYGBgYQwAkk+X7lWgJtYAmpmUmKJADAYAekZY+oYAAAAVABU8FUgsFQYVABUGFQYcAAAAH4sIAAAAAAACA2NiYGBgZmIBkUuAmAECWKA0ADv5JCQeAAAAFQQZbDUAGAZzY2hlbWEVBAAVDCUCGAR0ZXh0JQBMHAAAADUCGAdhbnN3ZXJzFQIANQIYBXN0YXJ0FQIVBkw8AAAANQQYBGxpc3QVAgAVBCUCGAdlbGVtZW50ABYEGRwZLCYAHBUMGSUGABkYBHRleHQVBBYEFrQCFoABJghJHBUAFQAVAgA8FvABGQYZJgAEAAAAJgAcFQQZJQYAGUgHYW5zd2VycwVzdGFydARsaXN0B2VsZW1lbnQVBBYGFmIWbiaIAUkcFQAVABUCADwpJgQCGVYAAAIABAAAABaWAxYEJggW7gEAKCBwYXJxdWV0LWNwcC1hcnJvdyB2ZXJzaW9uIDI1LjAuMRksHAAAHAAAABIBAABQQVIx',
  zstd: 'UEFSMRUAFYwCFVAsFQQVABUGFQYcAAAAKLUv/SCG/QAAsAIAAAAEAVAAAADlpb0gKAAAAGJhZCACAAHJ5ahTAhUAFTwVTiwVBhUAFQYVBhwAAAAotS/9IB7xAAACAAAAAwIEAAAAA6QAAAMAAAAAAAAABAAAAAAAAAAVBBlsNQAYBnNjaGVtYRUEABUMJQIYBHRleHQlAEwcAAAANQIYB2Fuc3dlcnMVAgA1AhgFc3RhcnQVAhUGTDwAAAA1BBgEbGlzdBUCABUEJQIYB2VsZW1lbnQAFgQZHBksJgAcFQwZJQYAGRgEdGV4dBUMFgQWtAIWeCYISRwVABUAFQIAPBbwARkGGSYABAAAACYAHBUEGSUGABlIB2Fuc3dlcnMFc3RhcnQEbGlzdAdlbGVtZW50FQwWBhZiFnQmgAFJHBUAFQAVAgA8KSYEAhlWAAACAAQAAAAWlgMWBCYIFuwBACggcGFycXVldC1jcHAtYXJyb3cgdmVyc2lvbiAyNS4wLjEZLBwAABwAAAARAQAAUEFSMQ==',
  brotli:
    'UEFSMRUAFYwCFVgsFQQVABUGFQYcAAAAG4UAABypUV/M7mAiF2GY6rcTTe6+RRBiwAF7VdqbfcQCWgVHC529eQcObhcVABU8FTIsFQYVABUGFQYcAAAAGx0AAAQ2xsQ8a9aJMNKILDo4EMkFZnKkehUEGWw1ABgGc2NoZW1hFQQAFQwlAhgEdGV4dCUATBwAAAA1AhgHYW5zd2VycxUCADUCGAVzdGFydBUCFQZMPAAAADUEGARsaXN0FQIAFQQlAhgHZWxlbWVudAAWBBkcGSwmABwVDBklBgAZGAR0ZXh0FQgWBBa0AhaAASYISRwVABUAFQIAPBbwARkGGSYABAAAACYAHBUEGSUGABlIB2Fuc3dlcnMFc3RhcnQEbGlzdAdlbGVtZW50FQgWBhZiFlgmiAFJHBUAFQAVAgA8KSYEAhlWAAACAAQAAAAWlgMWBCYIFtgBACggcGFycXVldC1jcHAtYXJyb3cgdmVyc2lvbiAyNS4wLjEZLBwAABwAAAASAQAAUEFSMQ==',
  lz4: 'UEFSMRUAFYwCFUgsFQQVABUGFQYcAAAA7wIAAAAEAVAAAADlpb0gBAA5jygAAABiYWQgBAAMUCBiYWQgFQAVPBU2LBUGFQAVBhUGHAAAAHACAAAAAwIEBgBSpAAAAwABAIAEAAAAAAAAABUEGWw1ABgGc2NoZW1hFQQAFQwlAhgEdGV4dCUATBwAAAA1AhgHYW5zd2VycxUCADUCGAVzdGFydBUCFQZMPAAAADUEGARsaXN0FQIAFQQlAhgHZWxlbWVudAAWBBkcGSwmABwVDBklBgAZGAR0ZXh0FQ4WBBa0AhZwJghJHBUAFQAVAgA8FvABGQYZJgAEAAAAJgAcFQQZJQYAGUgHYW5zd2VycwVzdGFydARsaXN0B2VsZW1lbnQVDhYGFmIWXCZ4SRwVABUAFQIAPCkmBAIZVgAAAgAEAAAAFpYDFgQmCBbMAQAoIHBhcnF1ZXQtY3BwLWFycm93IHZlcnNpb24gMjUuMC4xGSwcAAAcAAAAEAEAAFBBUjE=',
};

test('CSV fields in quotes may hold commas, quotes and line breaks; lines are counted through them', async () => {
  const { rows } = await read('a.csv', 'label,text\r\n1,"one, ""two""\nthree"\r\n0,plain "quotes" inside\r\n');
  expect(rows).toEqual([
    { task: 'record', line: 2, fields: { label: '1', text: 'one, "two"\nthree' } },
    { task: 'record', line: 4, fields: { label: '0', text: 'plain "quotes" inside' } },
  ]);
});

test('a quote without end names the line where it began', async () => {
  await expect(read('a.csv', 'label,text\n1,ok\n0,"open\nstill\n')).rejects.toThrow(
    'a.csv:3: a quoted field that begins here has no end',
  );
  await expect(read('a.csv', 'label,text\n1,"ok" no\n')).rejects.toThrow('a.csv:2: text after a closing quote: " no"');
});

test('TSV keeps quotes as text', async () => {
  expect(await fieldsOf('a.tsv', 'label\ttext\n1\t"quoted\n0\tplain\n')).toEqual([
    { label: '1', text: '"quoted' },
    { label: '0', text: 'plain' },
  ]);
});

test('TSV as spreadsheets write it has its quotes taken off, where the first rows show that they enclose fields', async () => {
  expect(await fieldsOf('a.tsv', 'text\tlabel\n"a ""good"" one\twith TAB"\t1\n"two\nlines"\t0\nfine\t1\n')).toEqual([
    { text: 'a "good" one\twith TAB', label: '1' },
    { text: 'two\nlines', label: '0' },
    { text: 'fine', label: '1' },
  ]);
  expect(await fieldsOf('a.tsv', 'text\tlabel\n"he ""said"" no"\t1\nplain\t0\n')).toMatchObject([
    { text: 'he "said" no' },
    { text: 'plain' },
  ]);
  // A quote that opens in one row and closes in another is text: every row has its two fields.
  expect(await fieldsOf('a.tsv', 'text\tlabel\n"open\t1\nclose"\t0\n')).toMatchObject([
    { text: '"open' },
    { text: 'close"' },
  ]);
});

test('"|||" divides fields, and is not taken for "||"', async () => {
  const text = 'a b ||| c d\ne f ||| g h\ni j ||| k l\n';
  expect((await fieldsOf('a.txt', text))[1]).toEqual({ column1: 'e f ', column2: ' g h' });
});

test('a header without rows is no row', async () => {
  await expect(read('a.csv', 'text,label\n')).rejects.toThrow('a.csv: no rows as csv');
});

test('a header is told from data, and can be given', async () => {
  expect(await fieldsOf('a.csv', 'good,1\nbad,0\n')).toEqual([
    { column1: 'good', column2: '1' },
    { column1: 'bad', column2: '0' },
  ]);
  expect(await fieldsOf('a.csv', 'to,hi\nto,ho\n')).toHaveLength(2);
  expect(await fieldsOf('a.csv', 'good,1\n', { table: { header: ['text', 'label'] } })).toEqual([
    { text: 'good', label: '1' },
  ]);
  expect(await fieldsOf('a.csv', '1,2\n3,4\n', { table: { header: true } })).toEqual([{ 1: '3', 2: '4' }]);
});

test('rows with the wrong number of fields are errors, or ragged rows that are counted', async () => {
  const text = 'label,text\n1,a\n2,b,c\n3\n';
  await expect(read('a.csv', text)).rejects.toMatchObject({ code: 'DATA', detail: { file: 'a.csv', line: 3 } });
  const { rows, report } = await read('a.csv', text, { table: { ragged: true } });
  expect(rows.map((row) => row.task === 'record' && row.fields)).toEqual([
    { label: '1', text: 'a' },
    { label: '2', text: 'b', column3: 'c' },
    { label: '3' },
  ]);
  expect(report.notes.get('row with 3 fields instead of 2')).toBe(1);
});

test('bad rows are skipped only when asked for, counted and shown with their lines', async () => {
  const text = '{"a":1}\n\nnot json\n[1]\n{"a":2}\n';
  await expect(read('a.jsonl', text)).rejects.toThrow(/^a\.jsonl:3: not JSON/);
  const { rows, report } = await read('a.jsonl', text, { onBadRow: 'skip' });
  expect(rows).toHaveLength(2);
  expect(report).toMatchObject({
    rows: 2,
    skipped: 2,
    problems: [{ line: 3 }, { line: 4, message: 'a.jsonl:4: row is [1], expected an object' }],
  });
  expect(report.notes.get('blank line')).toBe(1);
});

test('gzip is looked through, damage and sizes that explode are refused', async () => {
  const bytes = await gzip('{"a":1}\n'.repeat(1000));
  expect((await readData({ name: 'a.jsonl.gz', bytes })).rows).toHaveLength(1000);
  await expect(readData({ name: 'a.jsonl.gz', bytes: bytes.slice(0, -20) })).rejects.toThrow(
    'a.jsonl.gz: damaged gzip',
  );
  await expect(unpacked({ name: 'a.gz', bytes }, 100)).rejects.toThrow('a.gz: unpacks to more than 100 bytes');
});

test('marks of encodings are understood, other encodings are refused with the line', async () => {
  expect(await textOf({ name: 'a', bytes: new Uint8Array([0xef, 0xbb, 0xbf, 0x61]) })).toBe('a');
  expect(await textOf({ name: 'a', bytes: new Uint8Array([0xff, 0xfe, 0x60, 0x4f]) })).toBe('你');
  const mixed = new Uint8Array([...new TextEncoder().encode('好\n好\n'), 0xc4, 0xe3, 0x0a]); // 你 in GB18030 on line 3
  await expect(readData({ name: 'a.txt', bytes: mixed })).rejects.toThrow('a.txt:3: not UTF-8 text');
});

test('the encoding is told from the lines that are wrong, wherever they stand; of a file of two encodings no conversion is advised', async () => {
  const gbk = [0xbb, 0xb5, 0xb5, 0xc4, 0xd2, 0xb2, 0xb2, 0xbb, 0xca, 0xc7]; // 坏的也不是
  const bytes = (start: string): Uint8Array<ArrayBuffer> =>
    new Uint8Array([...new TextEncoder().encode(start), ...gbk, 10]);
  await expect(textOf({ name: 'late.txt', bytes: bytes('plain\n'.repeat(20_000)) })).rejects.toThrow(
    'late.txt:20001: not UTF-8 text, it looks like GBK (gb18030); convert it first: iconv -f gb18030',
  );
  await expect(textOf({ name: 'mixed.txt', bytes: bytes('好的，这一行没有问题\n') })).rejects.toThrow(
    'mixed.txt:2: not UTF-8 text, it looks like GBK (gb18030), while other lines of the file are UTF-8; write all of it in UTF-8',
  );
});

test('UTF-16: the format is told from the text; without a mark the encoding is named', async () => {
  const text = '{"text":"good","label":1}\n{"text":"bad","label":0}\n';
  const bytes = (start: string) => new Uint8Array(Buffer.from(start + text, 'utf16le'));
  expect(await readData({ name: 'a.jsonl', bytes: bytes('\ufeff') })).toMatchObject({
    format: 'jsonl',
    rows: [{ fields: { text: 'good' } }, { fields: { text: 'bad' } }],
  });
  await expect(readData({ name: 'a.jsonl', bytes: bytes('') })).rejects.toThrow(
    'a.jsonl:1: not UTF-8 text, it looks like utf-16le; convert it first',
  );
});

test('a name that states the format holds where the content is odd: the odd line is named', async () => {
  await expect(read('a.conll', 'EU B-ORG\nrejects\n\n')).rejects.toThrow(
    'a.conll:2: 1 column in "rejects", expected a token and a tag',
  );
  await expect(read('a.bio', 'Peter PERSON\n')).rejects.toThrow('a.bio:1: tag "PERSON" is not of the form B-TYPE');
  await expect(read('a.jsonl', '["a",1]\n')).rejects.toThrow('a.jsonl:1: row is ["a",1], expected an object');
  await expect(read('a.json', '[]')).rejects.toThrow('a.json: no rows as json');
  await expect(read('a.json', 'null')).rejects.toThrow(
    'a.json: expected a list of objects, or {"data": [ … ]}, found null',
  );
});

test('a sentence with a wrong line is left out whole; rows tell the lines they begin on', async () => {
  const text = 'EU B-ORG\nrejects O\n\nPeter B-PER\nBlackburn\nruns\n\n\nBonn B-LOC\n';
  const { rows, lines, report } = await read('a.conll', text, { onBadRow: 'skip' });
  expect(rows).toMatchObject([{ tokens: ['EU', 'rejects'] }, { tokens: ['Bonn'] }]);
  expect(lines).toEqual([1, 9]);
  expect(report).toMatchObject({ skipped: 1, problems: [{ line: 5 }] });
  expect((await read('a.txt', 'one\n\ntwo\n')).lines).toEqual([1, 3]);
});

test('empty files, files of one line and lines of 10 MB', async () => {
  await expect(read('a.txt', '')).rejects.toThrow('a.txt: the file is empty');
  await expect(read('a.txt', ' \n\n')).rejects.toThrow('a.txt: no rows as text');
  expect((await read('a.txt', 'one')).rows).toEqual([{ task: 'text', text: 'one' }]);
  const long = 'x'.repeat(10_000_000);
  expect((await read('a.csv', `text,label\n"${long}",1\n`)).rows).toMatchObject([{ fields: { label: '1' } }]);
  expect((await read('a.txt', `${long}\n`)).rows).toHaveLength(1);
});

test('paragraphs and whole files as rows of text', async () => {
  expect((await read('a.txt', 'a\nb\n\n\nc\n', { textUnit: 'paragraph' })).rows).toEqual([
    { task: 'text', text: 'a\nb' },
    { task: 'text', text: 'c\n' },
  ]);
  expect((await read('a.txt', 'a\n\nb', { textUnit: 'file' })).rows).toHaveLength(1);
});

const squad = (answers: object[], context = '𠮷野家在东京，东京很大。', more = {}) =>
  JSON.stringify({
    version: '1',
    data: [{ title: 't', paragraphs: [{ context, qas: [{ id: 'q', question: '?', answers, ...more }] }] }],
  });

test('SQuAD answers are put where they stand', async () => {
  const starts = async (text: string) => {
    const { rows, report } = await read('a.json', text);
    return [rows.map((row) => row.task === 'question-answering' && row.answers[0]?.start), [...report.notes.keys()]];
  };
  expect(await starts(squad([{ text: '东京', answer_start: 5 }]))).toEqual([[5], []]);
  expect(await starts(squad([{ text: '东京', answer_start: 4 }]))).toEqual([
    [5],
    ['answer offset counted in code points'],
  ]);
  expect(await starts(squad([{ text: '东京', answer_start: 6 }]))).toEqual([[5], ['answer moved to where it stands']]);
  expect(await starts(squad([{ text: '东京', answer_start: 9 }]))).toEqual([[8], ['answer moved to where it stands']]);
  expect(await starts(squad([{ text: '大阪', answer_start: 1 }]))).toEqual([
    [undefined],
    ['answer that does not stand in its context'],
  ]);
  expect((await read('a.json', squad([], 'c', { is_impossible: true }))).rows).toMatchObject([{ answers: [] }]);
});

test('SQuAD files that are damaged name the place', async () => {
  await expect(read('a.json', squad([{ text: 1, answer_start: 0 }]))).rejects.toThrow(
    'a.json:1: data[0].paragraphs[0].qas[0].answers[0].text is 1, expected text',
  );
  await expect(read('a.json', '{"data": [\n{"paragraphs": }]}')).rejects.toThrow(/^a\.json:2: not JSON/);
  await expect(read('a.json', '{"rows": []}', { format: 'squad' })).rejects.toThrow('a.json: no list "data"');
});

test('CoNLL columns: blank lines, comments of documents, position digits; a missing tag names its line', async () => {
  const { rows, report } = await read('a.conll', '-DOCSTART- O\n\nEU NNP B-ORG\nrejects VBZ O\n\nPeter\tB-PER\n');
  expect(rows).toEqual([
    { task: 'tagging', tokens: ['EU', 'rejects'], tags: ['B-ORG', 'O'] },
    { task: 'tagging', tokens: ['Peter'], tags: ['B-PER'] },
  ]);
  expect(report.notes.get('-DOCSTART- line')).toBe(1);
  expect((await read('a.conll', '科0\tB-PER\n𠮷1\tI-PER\n\n')).rows).toMatchObject([{ tokens: ['科', '𠮷'] }]);
  await expect(read('a.conll', 'EU B-ORG\nPeter\n', { format: 'conll' })).rejects.toThrow(
    'a.conll:2: 1 column in "Peter"',
  );
  await expect(read('a.conll', 'EU ORG\n', { format: 'conll' })).rejects.toThrow(
    'a.conll:1: tag "ORG" is not of the form',
  );
});

test('CLUENER spans are checked against the text', async () => {
  const row = (place: number[]) => JSON.stringify({ text: '浙商银行叶老桂', label: { name: { 叶老桂: [place] } } });
  expect((await read('a.json', row([4, 6]))).rows).toEqual([
    { task: 'spans', text: '浙商银行叶老桂', entities: [{ type: 'name', start: 4, end: 7 }] },
  ]);
  await expect(read('a.json', row([4, 7]))).rejects.toThrow('a.json:1: label.name: "叶老桂" does not stand at [4,7]');
});

test('instructions, preferences and chats', async () => {
  const alpaca = await read(
    'a.json',
    JSON.stringify([
      { instruction: 'Add', input: '1 2', output: '3' },
      { instruction: 'Hi', output: '' },
    ]),
  );
  expect(alpaca.rows[0]).toEqual({ task: 'instruction', instruction: 'Add', input: '1 2', output: '3' });
  expect(alpaca.report.notes.get('empty output')).toBe(1);
  const ranked = await read(
    'a.json',
    JSON.stringify([{ instruction: 'Q', input: '', output: ['good', 'bad'], history: [['hi', 'ho']] }]),
  );
  expect(ranked.rows).toEqual([
    {
      task: 'preference',
      messages: [
        { role: 'user', content: 'hi' },
        { role: 'assistant', content: 'ho' },
        { role: 'user', content: 'Q' },
      ],
      ranked: ['good', 'bad'],
    },
  ]);
  const chat = await read(
    'a.jsonl',
    '{"messages":[{"role":"system","content":"s"},{"role":"user","content":"u"},{"role":"assistant","content":"a"}]}\n',
  );
  expect(chat.rows).toMatchObject([
    { task: 'chat', messages: [{ role: 'system' }, { role: 'user' }, { role: 'assistant', content: 'a' }] },
  ]);
  await expect(read('a.json', '[{"conversations":[{"from":"humans","value":"x"}]}]')).rejects.toThrow(
    'role "humans" is not known; did you mean "human"?',
  );
});

test("OpenAI's content in parts is their text; pictures are refused", async () => {
  const chat = (content: string) =>
    read('a.jsonl', `{"messages":[{"role":"developer","content":"s"},{"role":"user","content":${content}}]}`);
  expect((await chat('[{"type":"text","text":"hi "},{"type":"text","text":"there"}]')).rows).toMatchObject([
    {
      messages: [
        { role: 'system', content: 's' },
        { role: 'user', content: 'hi there' },
      ],
    },
  ]);
  await expect(chat('[{"type":"image_url"}]')).rejects.toThrow(
    'a.jsonl:1: messages[1].content[0].type is "image_url", only "text" is read',
  );
});

test('SQuAD without answers says what is missing, and what to write', async () => {
  const text = JSON.stringify({ data: [{ paragraphs: [{ context: 'c', qas: [{ id: 'q', question: 'w?' }] }] }] });
  await expect(read('test.json', text)).rejects.toThrow(
    'test.json:1: data[0].paragraphs[0].qas[0].answers is missing (a test file without answers?); of a question that has none write "answers": []',
  );
});

test('parallel files must have a sentence on every line of both', async () => {
  const { rows, report } = await readParallel(file('a.en', 'one\n\ntwo\n'), file('a.de', 'eins\n\nzwei\n'));
  expect(rows[1]).toEqual({ task: 'sequence-to-sequence', source: 'two', targets: ['zwei'] });
  expect(report.notes.get('blank line')).toBe(1);
  await expect(readParallel(file('a.en', 'one\n'), file('a.de', ''))).rejects.toThrow('a.en has 1 lines, a.de has 0');
  await expect(readParallel(file('a.en', 'one\ntwo\n'), file('a.de', 'eins\n\n'))).rejects.toThrow(
    'a.en:2: the line in a.de is empty',
  );
});

test('Parquet tables are read, damage is named', async () => {
  const bytes = new Uint8Array(
    parquetWriteBuffer({
      columnData: [
        { name: 'text', data: ['好', 'bad'] },
        { name: 'label', data: [1n, 0n], type: 'INT64' },
      ],
    }),
  );
  const { format, rows } = await readData({ name: 'a.bin', bytes });
  expect(format).toBe('parquet');
  expect(rows).toMatchObject([{ line: 1, fields: { text: '好', label: 1 } }, { fields: { text: 'bad', label: 0 } }]);
  await expect(readData({ name: 'a.parquet', bytes: bytes.slice(0, 40) })).rejects.toThrow(
    'a.parquet: cannot be read as Parquet',
  );
});

test.each(Object.entries(compressedTables))(
  'Parquet compressed by %s is read, numbers inside of structures too',
  async (_, base64) => {
    const { rows } = await readData({ name: 'a.parquet', bytes: new Uint8Array(Buffer.from(base64, 'base64')) });
    expect(rows.map((row) => (row as RecordRow).fields)).toEqual([
      { text: '好 '.repeat(20), answers: { start: [3, 4] } },
      { text: 'bad '.repeat(10), answers: { start: [] } },
    ]);
  },
);

test('an unknown format is answered with the nearest', async () => {
  await expect(read('a', 'x', { format: 'json-lines' as 'jsonl' })).rejects.toThrow(
    'format "json-lines" is not known; there are text, jsonl',
  );
  await expect(read('a', 'x', { format: 'sqad' as 'squad' })).rejects.toThrow('did you mean "squad"?');
});

test.each([
  ['x.txt', 'Hi.\t嗨。\nRun!\t跑！\nWho?\t谁？\n', 'tsv'],
  ['x.txt', 'just a line\nanother, with a comma\n', 'text'],
  ['x.json', '{"text":"a","label":{"name":{"a":[[0,0]]}}}\n', 'cluener'],
  ['x.json', '{"sentence1":"a","label":"entailment"}\n{"sentence1":"b"}\n', 'jsonl'],
  ['x.bio', '我 O\n们 O\n\n他 B-PER\n', 'conll'],
])('%s with %j is told as %s', (name, text, format) => {
  expect(detectFormat(name, new TextEncoder().encode(text)).format).toBe(format);
});

test('records become rows of a task; labels and fields that do not fit are named with the nearest', async () => {
  const { rows } = await read('a.csv', 'label,review\n1,很好\n2,不好\n');
  expect(classificationRows(rows, { text: 'review', label: 'label' }, { file: 'a.csv' }).rows[0]).toEqual({
    task: 'classification',
    text: '很好',
    label: '1',
  });
  expect(() => classificationRows(rows, { text: 'reviews', label: 'label' }, { file: 'a.csv' })).toThrow(
    'a.csv: no field "reviews"; did you mean "review"?',
  );
  const named = { text: 'review', label: 'label', labels: ['0', '1'] };
  expect(() => classificationRows(rows, named, { file: 'a.csv' })).toThrow(
    'a.csv:3: label is "2", not one of the labels 0, 1',
  );
  expect(classificationRows(rows, named, { file: 'a.csv', onBadRow: 'skip' }).report).toMatchObject({
    rows: 1,
    skipped: 1,
  });
  expect(() => classificationRows([{ task: 'text', text: 'x' }], named, { file: 'a.txt' })).toThrow(
    'a.txt: its rows are text, without named fields',
  );
});

test('pairs and sequences from records', async () => {
  const pairs = (
    await read('a.jsonl', '{"a":"x","b":"y","label":"-"}\n{"a":"x","b":"z","label":"neutral","score":"4.5"}\n')
  ).rows;
  const made = pairRows(pairs, { first: 'a', second: 'b', label: 'label' }, { file: 'a' });
  expect(made.rows).toEqual([{ task: 'pair', first: 'x', second: 'z', label: 'neutral' }]);
  expect(made.report.notes.get('row without an agreed label')).toBe(1);
  expect(() => pairRows(pairs, { first: 'a', second: 'b', score: 'score' }, { file: 'a' })).toThrow(
    'a:1: score is missing, expected a number',
  );
  const summaries = (await read('a.jsonl', '{"source":["A b.","C d."],"target":["s","t"]}\n')).rows;
  expect(sequenceRows(summaries, { source: 'source', target: 'target' }, { file: 'a' }).rows).toEqual([
    { task: 'sequence-to-sequence', source: 'A b. C d.', targets: ['s', 't'] },
  ]);
});

test('CMRC in its own form: an answer is taken where its text first stands', async () => {
  const text = JSON.stringify([
    {
      context_id: 'T_0',
      title: '曼联',
      context_text: '曼联在老特拉福德球场比赛，曼联获胜。',
      qas: [{ query_id: 'T_0_Q', query_text: '谁获胜？', answers: ['曼联', '曼联队'] }],
    },
  ]);
  const { format, rows, report } = await read('cmrc2018_public_train.json', text);
  expect(format).toBe('squad');
  expect(rows).toEqual([
    {
      task: 'question-answering',
      id: 'T_0_Q',
      title: '曼联',
      context: '曼联在老特拉福德球场比赛，曼联获胜。',
      question: '谁获胜？',
      answers: [{ text: '曼联', start: 0 }, { text: '曼联队' }],
    },
  ]);
  expect([...report.notes]).toEqual([
    ['answer taken where it first stands', 1],
    ['answer that does not stand in its context', 1],
  ]);
  await expect(read('c.json', '[{"context_text": "x", "qas": [{"query_id": 1}]}]')).rejects.toThrow(
    'c.json:1: [0].qas[0].answers is missing',
  );
});

test.each([
  ['on one line', '{"version": "1", "data": [{"text": "a", "label": 0}, {"text": "b", "label": 1}]}'],
  ['indented', '{\n "data": [\n  {"text": "a", "label": 0},\n  {"text": "b", "label": 1}\n ]\n}\n'],
])('an object with a list "data" of objects is that list: %s', async (_, text) => {
  const { format, rows } = await read('r.json', text);
  expect(format).toBe('json');
  expect(rows).toEqual([
    { task: 'record', fields: { text: 'a', label: 0 }, line: 1 },
    { task: 'record', fields: { text: 'b', label: 1 }, line: 2 },
  ]);
});

test('lines of objects that have lists "data" stay lines', async () => {
  const { format, rows } = await read('r.jsonl', '{"data": [{"a": 1}]}\n{"data": [{"a": 2}]}\n');
  expect([format, rows.length]).toEqual(['jsonl', 2]);
});

test('lone carriage returns are line breaks where there are no others', async () => {
  const { rows } = await read('r.csv', 'text,label\rgood film,1\rbad film,0\r');
  expect(rows.map((row) => row.task === 'record' && row.fields)).toEqual([
    { text: 'good film', label: '1' },
    { text: 'bad film', label: '0' },
  ]);
});

test('a file whose delimiter is given is a table', async () => {
  const { format, rows } = await read('r.txt', 'good # 1\nbad # 0\n', { table: { delimiter: ' # ' } });
  expect(format).toBe('csv');
  expect(rows.map((row) => row.task === 'record' && Object.values(row.fields))).toEqual([
    ['good', '1'],
    ['bad', '0'],
  ]);
});
