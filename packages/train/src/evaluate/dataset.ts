// Files as rows of the task that is measured, whatever their format: which column is what is found out and told.

import { YumoError } from '@yumo/core';
import {
  type ChatRow,
  type DataFile,
  type DataRow,
  type Format,
  type InstructionRow,
  isZip,
  type MarkedTextRow,
  type OnBadRow,
  type PairRow,
  type QuestionRow,
  type ReadFile,
  type ReadReport,
  type RecordRow,
  readData,
  readParallel,
  type SequenceRow,
  type TaggingRow,
  type TextRow,
  unpacked,
  unzipped,
} from '../data/readers/index.ts';
import { formatOf } from '../data/readers/read.ts';
import { RowError, Tracker } from '../data/readers/report.ts';
import { type EvaluationTask, taskNeeds } from './capability.ts';
import { Columns, type FieldNames } from './columns.ts';

/** A row and where it stands. */
export interface Placed<Row> {
  readonly row: Row;
  /** `dev.tsv:12`. */
  readonly place: string;
}

/** A text to classify, or a pair of texts, with its label or labels. */
export interface LabelledText {
  readonly text: string;
  readonly pair?: string;
  readonly labels: readonly string[];
}

export interface DatasetOptions {
  readonly format?: Format | undefined;
  readonly fields?: FieldNames | undefined;
  readonly onBadRow?: OnBadRow | undefined;
  /** Of tables; told by the first lines by default. */
  readonly delimiter?: string | undefined;
}

/** What was made of the files. */
export interface Dataset<Row> {
  readonly rows: readonly Placed<Row>[];
  /** For people: which format, which columns, what was passed over. */
  readonly remarks: readonly string[];
  readonly skipped: number;
}

/** A file that was opened, read when it is known what for. */
export interface OpenedFile {
  readonly file: DataFile;
  readonly format: Format;
  /** Of files in an archive, the folder they lie in. */
  readonly folder: string | undefined;
}

/** Looks into files: archives become their files, formats are told. @throws YumoError `DATA` */
export async function openFiles(
  files: readonly DataFile[],
  { format, delimiter }: Pick<DatasetOptions, 'format' | 'delimiter'> = {},
): Promise<OpenedFile[]> {
  const opened: OpenedFile[] = [];
  const told = ({ name, bytes }: DataFile): Format =>
    formatOf(name, bytes, {
      ...(format === undefined ? {} : { format }),
      ...(delimiter === undefined ? {} : { table: { delimiter } }),
    }).format;
  for (const file of files) {
    const bytes = await unpacked(file);
    if (bytes.length === 0) throw new YumoError('DATA', `${file.name}: the file is empty`, { file: file.name });
    if (isZip(bytes))
      for (const inner of await unzipped({ name: file.name, bytes }))
        opened.push({
          file: { name: `${file.name}/${inner.name}`, bytes: inner.bytes },
          format: told(inner),
          folder: inner.name.split('/').at(-2),
        });
    else
      opened.push({
        file: { name: file.name, bytes },
        format: told({ name: file.name, bytes }),
        folder: undefined,
      });
  }
  return opened;
}

const read = (
  { file, format }: OpenedFile,
  { onBadRow, delimiter }: DatasetOptions,
  textUnit: 'line' | 'file',
): Promise<ReadFile> =>
  readData(file, {
    format,
    textUnit,
    ...(onBadRow === undefined ? {} : { onBadRow }),
    // Rows with more fields than the first (the sources in STS-B) are counted; commas inside unquoted text are an error.
    table: { ragged: format === 'tsv' || delimiter === '\t', ...(delimiter === undefined ? {} : { delimiter }) },
  });

/** Rows of one kind from all files, with remarks. */
class Gathered<Row> implements Dataset<Row> {
  readonly rows: Placed<Row>[] = [];
  readonly remarks: string[] = [];
  skipped = 0;

  add(name: string, rows: readonly (readonly [Row, number])[]): void {
    for (const [row, line] of rows) this.rows.push({ row, place: `${name}:${line}` });
  }

  remark(text: string): void {
    if (!this.remarks.includes(text)) this.remarks.push(text);
  }

  report(name: string, { skipped, notes, problems }: ReadReport): void {
    this.skipped += skipped;
    if (skipped > 0) this.remark(`${name}: ${skipped} rows skipped; ${problems[0]?.message ?? ''}`);
    for (const [what, count] of notes) this.remark(`${name}: ${what} (${count})`);
  }
}

const isRecord = (row: DataRow): row is RecordRow => row.task === 'record';

/** Records with what HF's translation sets nest brought to the top. */
const recordsOf = ({ rows }: ReadFile): RecordRow[] =>
  rows.filter(isRecord).map((row) => {
    const { translation } = row.fields;
    return typeof translation === 'object' && translation !== null && !Array.isArray(translation)
      ? { ...row, fields: { ...row.fields, translation: undefined, ...translation } }
      : row;
  });

/** The error for a file that does not hold what the task needs. */
function unfit(task: EvaluationTask, file: ReadFile | OpenedFile, found: string): YumoError {
  const name = 'name' in file ? file.name : file.file.name;
  return new YumoError(
    'DATA',
    `${name}: ${task} needs ${taskNeeds[task][1]}, but the file holds ${found} (read as ${file.format}); give another file, a model for what it holds, or say what is what by --format, --text, --label, --source, --target`,
    { file: name, task, format: file.format },
  );
}

const describe = (file: ReadFile): string => {
  const [first] = file.rows;
  if (!first) return 'nothing';
  if (first.task === 'record') return `records with ${Object.keys(first.fields).join(', ')}`;
  return {
    text: 'plain text',
    classification: 'texts with labels',
    pair: 'pairs of texts',
    'question-answering': 'questions with contexts',
    'sequence-to-sequence': 'sources with targets',
    tagging: 'tokens with tags',
    spans: 'texts with marked entities',
    instruction: 'instructions with answers',
    chat: 'conversations',
    preference: 'answers in order of preference',
  }[first.task];
};

/** Where a row of a file stands: its line, else its number. */
const lineOf = (file: ReadFile, i: number): number => {
  const row = file.rows[i];
  return row?.task === 'record' ? row.line : (file.lines?.[i] ?? i + 1);
};

/** A field as text: lists are joined by `between`. Undefined when there is none. */
function textOf({ fields }: RecordRow, names: readonly string[], between = ' '): string | undefined {
  const parts = names.flatMap((name) => {
    const value = fields[name];
    return Array.isArray(value)
      ? value.filter((item) => typeof item === 'string')
      : typeof value === 'string'
        ? [value]
        : typeof value === 'number'
          ? [String(value)]
          : [];
  });
  const text = parts.join(between);
  return text.trim() === '' ? undefined : text;
}

/** Rows without what they need (`make` throws a RowError) are errors, unless skipping was asked for. */
function each<Row>(
  gathered: Gathered<Row>,
  file: ReadFile,
  { onBadRow = 'error' }: DatasetOptions,
  make: (record: RecordRow) => Row | undefined,
): void {
  const tracker = new Tracker(file.name, onBadRow);
  for (const record of recordsOf(file))
    for (const row of tracker.at(record.line, () => make(record)))
      if (row !== undefined) gathered.rows.push({ row, place: `${file.name}:${record.line}` });
  gathered.report(file.name, tracker.report(gathered.rows.length));
}

/** Files whose lines are names of classes: `class.txt`. */
const classFile = /(?:^|\/)(?:class(?:es)?|labels?)(?:[._-]?names?)?\.txt$/i;

/** Texts with labels. Also the class names of a `class.txt` among the files. */
export async function labelledTexts(
  files: readonly OpenedFile[],
  options: DatasetOptions,
  { pairs, multiLabel }: { readonly pairs: boolean; readonly multiLabel: boolean },
): Promise<Dataset<LabelledText> & { readonly classNames: readonly string[] }> {
  const all = new Gathered<LabelledText>();
  const classNames: string[] = [];
  const named = files.filter((f) => !(files.length > 1 && f.format === 'text' && classFile.test(f.file.name)));
  for (const file of files.filter((f) => !named.includes(f)))
    classNames.push(...(await read(file, options, 'line')).rows.map((row) => (row as TextRow).text.trim())); // format text
  const fromName = classOfFile(named);
  const { text, pair, label } = options.fields ?? {};
  for (const opened of named) {
    const inArchive = opened.folder !== undefined;
    const file = await read(opened, options, inArchive ? 'file' : 'line');
    all.report(file.name, file.report);
    const own = fromName.get(opened);
    const [first] = file.rows;
    if (first?.task === 'text') {
      if (own === undefined)
        throw unfit(
          'text-classification',
          file,
          'plain text without labels; with one file for each class, give them all',
        );
      all.remark(
        inArchive
          ? `${file.name.split('.zip/')[0]}.zip: the classes are its folders`
          : `${file.name}: lines of class "${own}", by the name of the file`,
      );
      all.add(
        file.name,
        file.rows.map((row, i) => [{ text: (row as TextRow).text.trim(), labels: [own] }, lineOf(file, i)]),
      );
      continue;
    }
    if (first?.task !== 'record') throw unfit('text-classification', file, describe(file));
    const columns = new Columns(recordsOf(file), file.name);
    const byFile = opened.format === 'reviews' && label === undefined && own !== undefined;
    const labelColumn = byFile ? undefined : label !== undefined ? columns.named(label) : columns.label();
    if (labelColumn === undefined && !byFile)
      throw unfit('text-classification', file, `${describe(file)}; none of them looks like a label`);
    const asked = text === undefined ? undefined : columns.list(text);
    const two =
      pair !== undefined
        ? ([asked ?? columns.text([labelColumn, columns.named(pair)]), columns.named(pair)] as const)
        : undefined;
    const found =
      two === undefined && asked === undefined && (pairs || columns.namesPair)
        ? columns.pair([labelColumn])
        : undefined;
    const [firstNames, second] =
      two ?? (found ? [[found[0]], found[1]] : [asked ?? columns.text([labelColumn]), undefined]);
    if (firstNames.length === 0)
      throw unfit('text-classification', file, `${describe(file)}; none of them looks like a text`);
    all.remark(
      `${file.name}: ${second === undefined ? `text ${firstNames.join(' + ')}` : `pairs ${firstNames.join(' + ')}, ${second}`}, label ${labelColumn ?? `"${own}", by the name of the file`}`,
    );
    let without = 0;
    each(all, file, options, (record) => {
      const content = textOf(record, firstNames);
      if (content === undefined) throw new RowError(`${firstNames.join(' and ')}: no text`);
      const other = second === undefined ? undefined : textOf(record, [second]);
      if (second !== undefined && other === undefined) throw new RowError(`${second}: no text`, second);
      const labels = labelColumn === undefined ? [own!] : labelsOf(record.fields[labelColumn], multiLabel);
      if (labels === undefined) throw new RowError(`${labelColumn}: no label`, labelColumn);
      if (labels.length === 1 && labels[0] === '-') {
        without++;
        return undefined;
      }
      return { text: content, ...(other === undefined ? {} : { pair: other }), labels };
    });
    if (without > 0) all.remark(`${file.name}: rows without an agreed label, left out (${without})`);
  }
  return { rows: all.rows, remarks: all.remarks, skipped: all.skipped, classNames };
}

function labelsOf(value: unknown, several: boolean): readonly string[] | undefined {
  if (Array.isArray(value)) return several ? value.map(String) : value.length === 1 ? [String(value[0])] : undefined;
  if (typeof value === 'number' || typeof value === 'boolean') return [String(value)];
  if (typeof value !== 'string') return undefined;
  if (several)
    return value
      .split(/[|;,]/)
      .map((label) => label.trim())
      .filter((label) => label !== '');
  return value.trim() === '' ? undefined : [value.trim()];
}

/** The class of each file, by what its name has and others lack: `rt-polarity.neg`, `books.negative.review.gz`, `neg/cv000.txt`. */
function classOfFile(files: readonly OpenedFile[]): Map<OpenedFile, string> {
  const found = new Map<OpenedFile, string>();
  for (const file of files) if (file.folder !== undefined) found.set(file, file.folder);
  const flat = files.filter((f) => f.folder === undefined);
  const parts = (f: OpenedFile): string[] => f.file.name.split('/').at(-1)!.replace(/\.gz$/, '').split(/[._]/);
  const known = /^(?:neg|negative|pos|positive|neutral|neu)$/i;
  for (const file of flat) {
    const own = parts(file);
    const differing = flat.length > 1 ? own.filter((part) => !flat.every((other) => parts(other).includes(part))) : [];
    const name =
      own.find((part) => known.test(part)) ??
      (differing.length > 0 && flat.length > 1 ? differing.join('.') : undefined);
    if (name !== undefined) found.set(file, name);
  }
  return found;
}

/** Pairs with a score, or single texts with one. */
export async function scoredTexts(files: readonly OpenedFile[], options: DatasetOptions): Promise<Dataset<PairRow>> {
  const all = new Gathered<PairRow>();
  for (const opened of files) {
    const file = await read(opened, options, 'line');
    all.report(file.name, file.report);
    if (file.rows[0]?.task !== 'record') throw unfit('sentence-similarity', file, describe(file));
    const columns = new Columns(recordsOf(file), file.name);
    const { text, pair, score, label } = options.fields ?? {};
    const degree = score ?? label;
    const scoreColumn = degree === undefined ? columns.score() : columns.named(degree);
    if (scoreColumn === undefined)
      throw unfit('sentence-similarity', file, `${describe(file)}; none of them looks like a score`);
    const found =
      text !== undefined && pair !== undefined
        ? ([columns.named(text), columns.named(pair)] as const)
        : columns.pair([scoreColumn]);
    if (found === undefined)
      throw unfit('sentence-similarity', file, `${describe(file)}; no two of them look like a pair of sentences`);
    all.remark(`${file.name}: pairs ${found.join(', ')}, score ${scoreColumn}`);
    each(all, file, options, (record): PairRow => {
      const [first, second] = [textOf(record, [found[0]]), textOf(record, [found[1]])];
      if (first === undefined || second === undefined)
        throw new RowError(`${first === undefined ? found[0] : found[1]}: no text`);
      const value = record.fields[scoreColumn];
      const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
      if (typeof number !== 'number' || !Number.isFinite(number))
        throw new RowError(`${scoreColumn} is ${JSON.stringify(value) ?? 'missing'}, expected a number`);
      return { task: 'pair', first, second, score: number };
    });
  }
  return all;
}

/** A text with entities, or tokens with tags. */
export type EntityRow = MarkedTextRow | TaggingRow;

/** @param classes names of the model's tags, for files that number them */
export async function markedTexts(
  files: readonly OpenedFile[],
  options: DatasetOptions,
  classes: readonly string[],
): Promise<Dataset<EntityRow>> {
  const all = new Gathered<EntityRow>();
  for (const opened of files) {
    const file = await read(opened, options, 'line');
    all.report(file.name, file.report);
    const [first] = file.rows;
    if (first?.task === 'tagging' || first?.task === 'spans')
      all.add(
        file.name,
        file.rows.map((row, i) => [row as EntityRow, lineOf(file, i)]),
      ); // rows of a file are of one task
    else if (first?.task === 'record') {
      const columns = new Columns(recordsOf(file), file.name);
      const { text, label } = options.fields ?? {};
      const has = (names: readonly string[]): string | undefined =>
        columns.names.find((name) => names.includes(name.toLowerCase()));
      const words = text === undefined ? has(['tokens', 'words', 'text', 'sentence']) : columns.named(text);
      const marks =
        label === undefined
          ? has(['ner_tags', 'tags', 'labels', 'bio', 'spans', 'entities', 'label'])
          : columns.named(label);
      if (words === undefined || marks === undefined) throw unfit('token-classification', file, describe(file));
      all.remark(`${file.name}: text ${words}, tags ${marks}`);
      each(all, file, options, ({ fields }) => entityRow(fields[words], fields[marks], classes));
    } else throw unfit('token-classification', file, describe(file));
  }
  return all;
}

function entityRow(words: unknown, marks: unknown, classes: readonly string[]): EntityRow {
  if (!Array.isArray(marks))
    throw new RowError(`tags are ${JSON.stringify(marks)?.slice(0, 40) ?? 'missing'}, expected a list`);
  if (Array.isArray(words)) {
    const tags = marks.map((tag) => (typeof tag === 'number' ? (classes[tag] ?? `LABEL_${tag}`) : String(tag)));
    if (tags.length !== words.length) throw new RowError(`${words.length} tokens, but ${tags.length} tags`);
    return { task: 'tagging', tokens: words.map(String), tags };
  }
  if (typeof words !== 'string')
    throw new RowError(`text is ${JSON.stringify(words)?.slice(0, 40) ?? 'missing'}, expected text or tokens`);
  const entities: { type: string; start: number; end: number }[] = [];
  for (const mark of marks as unknown[]) {
    const { start, end, ...rest } = (typeof mark === 'object' && mark !== null ? mark : {}) as Readonly<
      Record<string, unknown>
    >;
    const type = rest.label ?? rest.type ?? rest.entity;
    if (
      typeof start !== 'number' ||
      typeof end !== 'number' ||
      typeof type !== 'string' ||
      !(start >= 0 && start < end && end <= words.length)
    )
      throw new RowError(`${JSON.stringify(mark)?.slice(0, 60)} is no span {start, end, label} of the text`);
    entities.push({ type, start, end });
  }
  return { task: 'spans', text: words, entities };
}

/** Questions: SQuAD JSON, or records with context, question and answers. */
export async function questions(files: readonly OpenedFile[], options: DatasetOptions): Promise<Dataset<QuestionRow>> {
  const all = new Gathered<QuestionRow>();
  for (const opened of files) {
    const file = await read(opened, options, 'line');
    all.report(file.name, file.report);
    const [first] = file.rows;
    if (first?.task === 'question-answering')
      all.add(
        file.name,
        file.rows.map((row, i) => [row as QuestionRow, i + 1]),
      );
    else if (first?.task === 'record' && 'context' in first.fields && 'question' in first.fields)
      each(all, file, options, questionRow);
    else throw unfit('question-answering', file, describe(file));
  }
  return all;
}

function questionRow({ fields, line }: RecordRow): QuestionRow {
  const { context, question, id, title } = fields;
  if (typeof context !== 'string' || typeof question !== 'string')
    throw new RowError('context and question must be texts');
  const texts = answerTexts(fields.answers ?? fields.answer);
  if (texts === undefined)
    throw new RowError(`answers are ${JSON.stringify(fields.answers)?.slice(0, 60) ?? 'missing'}, expected texts`);
  return {
    task: 'question-answering',
    id: typeof id === 'string' ? id : String(line),
    title: typeof title === 'string' ? title : '',
    context,
    question,
    answers: texts.map((text) => ({ text })),
  };
}

/** `"a"`, `["a"]`, `[{"text": "a"}]`, `{"text": ["a"], …}`; none for questions without an answer. */
function answerTexts(value: unknown): readonly string[] | undefined {
  if (typeof value === 'string') return value === '' ? [] : [value];
  if (Array.isArray(value)) {
    const texts = value.map((item: unknown) =>
      typeof item === 'object' && item !== null ? (item as { text?: unknown }).text : item,
    );
    return texts.every((text) => typeof text === 'string') ? texts : undefined;
  }
  return typeof value === 'object' && value !== null ? answerTexts((value as { text?: unknown }).text) : undefined;
}

/** Sources with targets. Plain files stand line by line: the first is the source, the others are targets. */
export async function sequences(
  files: readonly OpenedFile[],
  options: DatasetOptions,
  task: EvaluationTask,
): Promise<Dataset<SequenceRow>> {
  const all = new Gathered<SequenceRow>();
  if (files.length > 1 && files.every((f) => f.format === 'text')) {
    const [source, ...targets] = files as [OpenedFile, ...OpenedFile[]];
    const sides = await Promise.all(targets.map((target) => readParallel(source.file, target.file, options.onBadRow)));
    for (const side of sides) all.report(source.file.name, side.report);
    all.remark(`line by line: ${source.file.name} → ${targets.map((t) => t.file.name).join(', ')}`);
    // By their lines: with --skip-bad-rows each side may lack others.
    const byLine = sides.map(({ rows, lines }) => new Map(rows.map((row, i) => [lines[i]!, row])));
    const whole = [...byLine[0]!].filter(([line]) => byLine.every((side) => side.has(line)));
    if (whole.length < byLine[0]!.size)
      all.remark(`lines without all ${sides.length} targets, left out (${byLine[0]!.size - whole.length})`);
    all.add(
      source.file.name,
      whole.map(([line, row]) => [{ ...row, targets: byLine.flatMap((side) => side.get(line)!.targets) }, line]),
    );
    return all;
  }
  for (const opened of files) {
    const file = await read(opened, options, 'line');
    all.report(file.name, file.report);
    const [first] = file.rows;
    if (first?.task === 'instruction') {
      all.add(
        file.name,
        (file.rows as InstructionRow[]).map((row, i) => [
          {
            task: 'sequence-to-sequence',
            source: row.input === '' ? row.instruction : `${row.instruction}\n${row.input}`,
            targets: [row.output],
          },
          i + 1,
        ]),
      );
      continue;
    }
    if (first?.task !== 'record')
      throw unfit(
        task,
        file,
        first?.task === 'text' ? 'one side only; give the other file too, line by line' : describe(file),
      );
    const columns = new Columns(recordsOf(file), file.name);
    const { source, target, text } = options.fields ?? {};
    const guess = columns.sequence();
    const from = source ?? text;
    const sources =
      from === undefined
        ? guess && target !== undefined && guess.source === columns.named(target.split(',')[0]!)
          ? guess.targets
          : guess && [guess.source]
        : columns.list(from);
    const targets =
      target === undefined
        ? guess && from !== undefined && guess.targets.includes(columns.list(from)[0]!)
          ? [guess.source]
          : guess?.targets
        : columns.list(target);
    if (sources === undefined || targets === undefined)
      throw unfit(task, file, `${describe(file)}; no two of them look like source and target`);
    all.remark(`${file.name}: source ${sources.join(' + ')}, target ${targets.join(', ')}`);
    each(all, file, options, (record): SequenceRow => {
      const content = textOf(record, sources);
      if (content === undefined) throw new RowError(`${sources.join(' and ')}: no text`);
      const references = targets.flatMap((name) => {
        const value = record.fields[name];
        return (Array.isArray(value) ? value : [value]).filter(
          (item): item is string => typeof item === 'string' && item.trim() !== '',
        );
      });
      if (references.length === 0) throw new RowError(`${targets.join(' and ')}: no text`);
      return { task: 'sequence-to-sequence', source: content, targets: references };
    });
  }
  return all;
}

/** Running texts: a plain file is one text, a row of records is one. */
export async function runningTexts(files: readonly OpenedFile[], options: DatasetOptions): Promise<Dataset<string>> {
  const all = new Gathered<string>();
  for (const opened of files) {
    const file = await read(opened, options, 'file');
    all.report(file.name, file.report);
    const [first] = file.rows;
    if (first?.task === 'text')
      for (const row of file.rows) all.rows.push({ row: (row as TextRow).text, place: file.name });
    else if (first?.task === 'record') {
      const columns = new Columns(recordsOf(file), file.name);
      const { text } = options.fields ?? {};
      const names = text === undefined ? [columns.running()].filter((name) => name !== undefined) : columns.list(text);
      if (names.length === 0) throw unfit('text-generation', file, `${describe(file)}; none of them looks like a text`);
      all.remark(`${file.name}: text ${names.join(' + ')}`);
      each(all, file, options, (record) => {
        const content = textOf(record, names, '\n');
        if (content === undefined) throw new RowError(`${names.join(' and ')}: no text`);
        return content;
      });
    } else
      all.add(
        file.name,
        file.rows.map((row, i) => [runningText(row), lineOf(file, i)]),
      );
  }
  return all;
}

function runningText(row: DataRow): string {
  switch (row.task) {
    case 'instruction':
      return [row.instruction, row.input, row.output].filter((part) => part !== '').join('\n');
    case 'chat':
      return (row as ChatRow).messages.map((m) => m.content).join('\n');
    case 'tagging':
      return row.tokens.join(' ');
    case 'spans':
      return row.text;
    case 'question-answering':
      return row.context;
    case 'preference':
      return [...row.messages.map((m) => m.content), row.ranked[0]].join('\n');
    default:
      throw new Error(`internal: ${row.task} is no running text`);
  }
}
