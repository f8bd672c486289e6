// Which column holds the text, the label, the target? By the names that published sets use, else by what stands in them.

import { suggestion, YumoError } from '@yumo/core';
import { languages } from '../data/cleaning/language.ts';
import type { RecordRow } from '../data/readers/index.ts';

/** What `--text`, `--label` and their like say. Several columns, divided by commas, are joined (texts) or are several references (targets). */
export interface FieldNames {
  readonly text?: string | undefined;
  readonly pair?: string | undefined;
  readonly label?: string | undefined;
  readonly score?: string | undefined;
  readonly source?: string | undefined;
  readonly target?: string | undefined;
}

/** What is known of one column. */
interface Column {
  readonly name: string;
  /** Texts, or lists of texts. */
  readonly textual: boolean;
  readonly numeric: boolean;
  /** Of numeric columns: some are not whole, all lie in 0 … 5. */
  readonly fractions: boolean;
  readonly graded: boolean;
  readonly distinct: number;
  /** Share of rows that have a value. */
  readonly filled: number;
  readonly meanLength: number;
}

const looked = 2000;

/** The columns of records, those that hold nothing or always the same (`to title`) left out. */
export class Columns {
  readonly file: string;
  /** Every name, in the order of the file. */
  readonly names: readonly string[];
  readonly #useful: readonly Column[];
  readonly #rows: number;

  constructor(rows: readonly RecordRow[], file: string) {
    this.file = file;
    const head = rows.slice(0, looked);
    this.#rows = head.length;
    this.names = [...new Set(head.flatMap(({ fields }) => Object.keys(fields)))];
    this.#useful = this.names
      .map((name) => columnOf(name, head))
      .filter(
        (column) =>
          (column.distinct > 1 && column.filled > 0.5) ||
          head.length === 1 ||
          usual.some((list) => list.includes(key(column.name).replace(/\d+$/, ''))),
      );
  }

  /** A column by its name or its number from 1. @throws YumoError `DATA` */
  named(asked: string): string {
    const name = this.names.includes(asked) ? asked : /^\d+$/.test(asked) ? this.names[Number(asked) - 1] : undefined;
    if (name !== undefined) return name;
    throw new YumoError(
      'DATA',
      `${this.file}: no column "${asked}"${suggestion(asked, this.names) || `; it has ${this.names.join(', ')}`}`,
      { file: this.file, field: asked },
    );
  }

  list(asked: string): readonly string[] {
    return asked.split(',').map((name) => this.named(name.trim()));
  }

  /** The column of class names. */
  label(): string | undefined {
    const few = (c: Column): boolean => c.meanLength <= 40 && (c.distinct <= 20 || c.distinct <= this.#rows / 4);
    return (
      this.#byName(labelNames) ??
      least(
        this.#useful.filter((c) => (c.textual || c.numeric) && few(c)),
        (c) => c.distinct,
      )
    );
  }

  /** The columns of the text that is classified. */
  text(except: readonly (string | undefined)[]): readonly string[] {
    const byName = this.#byName(textNames, except);
    if (byName !== undefined) return [byName];
    const left = this.#useful.filter((c) => c.textual && !c.numeric && !except.includes(c.name));
    const longest = Math.max(0, ...left.map((c) => c.meanLength));
    return left
      .filter((c) => c.meanLength >= longest / 20 && c.distinct > Math.min(this.#rows / 4, 50))
      .map((c) => c.name);
  }

  /** Two columns whose texts are compared. */
  pair(except: readonly (string | undefined)[] = []): readonly [string, string] | undefined {
    for (const [a, b] of pairNames) {
      const [first, second] = [this.#byName([a]), this.#byName([b])];
      if (first !== undefined && second !== undefined) return [first, second];
    }
    const texts = this.#useful.filter(
      (c) => c.textual && !c.numeric && !except.includes(c.name) && c.distinct > this.#rows / 10,
    );
    const longest = [...texts].sort((a, b) => b.meanLength - a.meanLength).slice(0, 2);
    const [first, second] = texts.filter((c) => longest.includes(c));
    return first &&
      second &&
      Math.min(first.meanLength, second.meanLength) * 4 >= Math.max(first.meanLength, second.meanLength)
      ? [first.name, second.name]
      : undefined;
  }

  /** Whether two columns have the names of a pair. */
  get namesPair(): boolean {
    return pairNames.some((names) => names.every((name) => this.#byName([name]) !== undefined));
  }

  /** The column of degrees: similarity from 0 to 5, say. */
  score(): string | undefined {
    const graded = this.#useful.filter((c) => c.numeric && c.graded && c.distinct > 2);
    return this.#byName(scoreNames, [], true) ?? (graded.find((c) => c.fractions) ?? graded.at(-1))?.name;
  }

  /** Source and targets of translation or summarization. */
  sequence(): { readonly source: string; readonly targets: readonly string[] } | undefined {
    const codes = this.#useful.filter((c) => c.textual && (languages as readonly string[]).includes(codeOf(c.name)));
    if (codes.length === 2) return { source: codes[0]!.name, targets: [codes[1]!.name] };
    const targets = this.#targets();
    const source = this.#byName(sourceNames, targets);
    if (source !== undefined && targets.length > 0) return { source, targets };
    const texts = this.#useful.filter(
      (c) => c.textual && !c.numeric && c.distinct > this.#rows / 10 && !targets.includes(c.name),
    );
    const longest = [...texts].sort((a, b) => b.meanLength - a.meanLength);
    if (targets.length > 0 && longest[0]) return { source: longest[0].name, targets };
    const [first, second] = texts.filter((c) => longest.slice(0, 2).includes(c));
    return first && second ? { source: first.name, targets: [second.name] } : undefined;
  }

  /** The column of running text. */
  running(): string | undefined {
    const longest = least(
      this.#useful.filter((c) => c.textual),
      (c) => -c.meanLength,
    );
    return this.#byName(runningNames) ?? longest;
  }

  #targets(): readonly string[] {
    for (const name of targetNames) {
      const found = this.#useful.filter(
        (c) =>
          c.textual &&
          (key(c.name) === name || (key(c.name).startsWith(name) && /^\d+$/.test(key(c.name).slice(name.length)))),
      );
      if (found.length > 0) return found.map((c) => c.name);
    }
    return [];
  }

  #byName(
    wanted: readonly string[],
    except: readonly (string | undefined)[] = [],
    numeric = false,
  ): string | undefined {
    for (const name of wanted) {
      const found = this.#useful.find(
        (c) => key(c.name) === name && !except.includes(c.name) && (!numeric || c.numeric),
      );
      if (found) return found.name;
    }
    return undefined;
  }
}

const key = (name: string): string => name.toLowerCase().replaceAll(/[\s_-]/g, '');
const codes: Readonly<Record<string, string>> = {
  english: 'en',
  chinese: 'zh',
  german: 'de',
  french: 'fr',
  spanish: 'es',
  cn: 'zh',
  英文: 'en',
  中文: 'zh',
};
const codeOf = (name: string): string => codes[key(name)] ?? key(name);

const labelNames = [
  'label',
  'labels',
  'goldlabel',
  'class',
  'category',
  'sentiment',
  'polarity',
  'entailmentjudgment',
  'relation',
  'intent',
  'topic',
  'stars',
  'target',
  '标签',
  '类别',
  '标记',
];
const textNames = [
  'text',
  'texta',
  'sentence',
  'reviewtext',
  'review',
  'content',
  'comment',
  'utterance',
  'query',
  'question',
  'document',
  'article',
  'body',
  'title',
  'headline',
  '文本',
  '内容',
  '评论',
  '句子',
  '标题',
];
const pairNames = [
  ['premise', 'hypothesis'],
  ['sentence1', 'sentence2'],
  ['sentencea', 'sentenceb'],
  ['texta', 'textb'],
  ['text1', 'text2'],
  ['question1', 'question2'],
] as const;
const scoreNames = ['score', 'similarityscore', 'similarity', 'relatednessscore', 'relatedness', 'rating', 'label'];
const sourceNames = [
  'source',
  'src',
  'document',
  'article',
  'dialogue',
  'dialog',
  'abstract',
  'content',
  'text',
  'body',
  'input',
  'passage',
  'context',
  '正文',
  '内容',
  '原文',
];
const targetNames = [
  'target',
  'tgt',
  'reference',
  'summary',
  'highlights',
  'tldr',
  'headline',
  'translation',
  'title',
  'output',
  'keywords',
  '摘要',
  '标题',
  '译文',
];
const runningNames = [
  'text',
  'content',
  'body',
  'story',
  'document',
  'article',
  'paragraphs',
  'sentence',
  '内容',
  '正文',
  '文本',
];
const usual = [labelNames, textNames, scoreNames, sourceNames, targetNames, runningNames];

function columnOf(name: string, rows: readonly RecordRow[]): Column {
  const values = rows
    .map(({ fields }) => fields[name])
    .filter((value) => value !== undefined && value !== null && value !== '');
  const isText = (value: unknown): boolean =>
    typeof value === 'string' ||
    (Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'string'));
  const numbers = values.map((value) =>
    typeof value === 'number' || (typeof value === 'string' && value.trim() !== '') ? Number(value) : Number.NaN,
  );
  const numeric = values.length > 0 && numbers.every((n) => !Number.isNaN(n));
  const texts = values.map((value) => (typeof value === 'string' ? value : JSON.stringify(value)));
  return {
    name,
    textual: values.length > 0 && values.every(isText),
    numeric,
    fractions: numeric && numbers.some((n) => !Number.isInteger(n)),
    graded: numeric && numbers.every((n) => n >= 0 && n <= 5),
    distinct: new Set(texts).size,
    filled: values.length / Math.max(1, rows.length),
    meanLength: texts.reduce((sum, text) => sum + text.length, 0) / Math.max(1, texts.length),
  };
}

const least = (columns: readonly Column[], of: (column: Column) => number): string | undefined =>
  columns.length === 0 ? undefined : columns.reduce((best, next) => (of(next) < of(best) ? next : best)).name;
