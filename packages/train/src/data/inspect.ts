// What a data set is made of: lengths, labels, languages, repeats, overlap between files, personal data, tokens.

import type { Tokenizer } from '@yumo/tokenizer';
import { findDuplicates, findOverlap } from './cleaning/duplicates.ts';
import { languageOf } from './cleaning/language.ts';
import { countCharacters } from './corpus.ts';
import { findPrivate } from './privacy/find.ts';
import type { PrivateKind } from './privacy/patterns.ts';
import type { ReadFile } from './readers/read.ts';
import type { DataRow } from './readers/rows.ts';

/** Lengths of texts: quartiles, extremes, and how many lie in each of a few ranges. */
export interface Lengths {
  readonly mean: number;
  /** Minimum, quartiles, 95 and 99 per cent, maximum. */
  readonly quantiles: Readonly<Record<'0' | '25' | '50' | '75' | '95' | '99' | '100', number>>;
  /** `[from, to)`, each twice as wide as the one before. */
  readonly histogram: readonly { readonly from: number; readonly to: number; readonly count: number }[];
}

/** How a tokenizer fares on the texts. */
export interface TokenCoverage {
  readonly tokens: number;
  readonly charactersPerToken: number;
  /** Tokens that stand for text outside the vocabulary. */
  readonly unknown: number;
  /** Texts that do not come back as they were. */
  readonly changed: number;
  /** Ids that occur, and all there are. */
  readonly used: number;
  readonly vocabulary: number;
  readonly lengths: Lengths;
}

export interface FileInspection {
  readonly name: string;
  readonly format: string;
  readonly rows: number;
  readonly skipped: number;
  readonly problems: readonly string[];
  readonly notes: Readonly<Record<string, number>>;
  readonly characters: number;
  readonly samples: readonly DataRow[];
  readonly lengths: Lengths;
  /** By how often they occur. */
  readonly labels?: Readonly<Record<string, number>>;
  readonly languages: Readonly<Record<string, number>>;
  readonly duplicates: { readonly exact: number; readonly near: number };
  /** What was found, by kind; never the data themselves. */
  readonly private: { readonly rows: number; readonly byKind: Readonly<Partial<Record<PrivateKind, number>>> };
  readonly tokens?: TokenCoverage;
}

export interface FileOverlap {
  readonly first: string;
  readonly second: string;
  /** Rows of the second that stand in the first, exactly or nearly. */
  readonly shared: number;
  readonly rows: number;
  readonly warning: string;
}

export interface Inspection {
  readonly files: readonly FileInspection[];
  readonly overlaps: readonly FileOverlap[];
}

export interface InspectOptions {
  readonly tokenizer?: Tokenizer;
  /** Rows shown of each file. Default 3. */
  readonly samples?: number;
  /** Field of labels in tables and JSON; told by its name and values when absent. */
  readonly label?: string;
}

/** Looks through files that were read. Between every pair of files repeats are counted, as between training and test data. */
export function inspectData(files: readonly ReadFile[], options: InspectOptions = {}): Inspection {
  const texts = files.map(({ rows }) => rows.map(textOfRow));
  return {
    files: files.map((file, i) => inspectFile(file, texts[i]!, options)),
    overlaps: files.flatMap((first, i) =>
      files.slice(i + 1).flatMap((second, j): FileOverlap[] => {
        const { shared, testTexts, warning } = findOverlap(texts[i]!, texts[i + 1 + j]!);
        if (warning === undefined) return [];
        return [{ first: first.name, second: second.name, shared: shared.length, rows: testTexts, warning }];
      }),
    ),
  };
}

function inspectFile(
  file: ReadFile,
  texts: readonly string[],
  { tokenizer, samples = 3, label }: InspectOptions,
): FileInspection {
  const { name, format, rows, report } = file;
  const characters = texts.map(countCharacters);
  const labels = labelsOf(rows, label);
  const exact = findDuplicates(texts, { likeness: 'exact' }).length;
  const near = findDuplicates(texts, { likeness: 'near' }).length;
  return {
    name,
    format,
    rows: rows.length,
    skipped: report.skipped,
    problems: report.problems.map((p) => p.message),
    notes: Object.fromEntries(report.notes),
    characters: characters.reduce((a, b) => a + b, 0),
    samples: evenly(rows, samples),
    lengths: lengthsOf(characters),
    ...(labels ? { labels } : {}),
    languages: counted(texts.map((text) => languageOf(text).language ?? 'unclear')),
    duplicates: { exact, near: near - exact },
    private: privateIn(texts),
    ...(tokenizer ? { tokens: coverage(texts, tokenizer) } : {}),
  };
}

/** The text of a row as a model would see it; of records their text fields. */
export function textOfRow(row: DataRow): string {
  switch (row.task) {
    case 'text':
    case 'classification':
    case 'spans':
      return row.text;
    case 'record': {
      const fields = Object.values(row.fields)
        .map(stringIn)
        .filter((text) => text !== '');
      // Labels and numbers beside a text say nothing of its length.
      const longest = Math.max(0, ...fields.map((f) => f.length));
      return fields.filter((f) => f.length > longest / 20).join('\n');
    }
    case 'pair':
      return `${row.first}\n${row.second}`;
    case 'question-answering':
      return `${row.question}\n${row.context}`;
    case 'sequence-to-sequence':
      return `${row.source}\n${row.targets.join('\n')}`;
    case 'tagging':
      return row.tokens.join(/^\p{Script=Han}$/u.test(row.tokens[0] ?? '') ? '' : ' ');
    case 'instruction':
      return [row.instruction, row.input, row.output].filter((t) => t !== '').join('\n');
    case 'chat':
      return row.messages.map((m) => m.content).join('\n');
    case 'preference':
      return [...row.messages.map((m) => m.content), ...row.ranked].join('\n');
  }
}

/** The label of each row, counted; undefined where rows have none. */
function labelsOf(rows: readonly DataRow[], field: string | undefined): Record<string, number> | undefined {
  const first = rows[0];
  if (first === undefined) return undefined;
  if (first.task === 'record') {
    const name = field ?? labelField(rows);
    if (name === undefined) return undefined;
    return counted(rows.map((row) => (row.task === 'record' ? String(row.fields[name]) : '')));
  }
  const labels = rows.flatMap((row): string[] => {
    switch (row.task) {
      case 'classification':
        return [row.label];
      case 'pair':
        return row.label === undefined ? [] : [row.label];
      case 'tagging':
        return row.tags.filter((tag) => !/^[IMESO](?:-|$)/.test(tag)).map((tag) => tag.replace(/^[BSU]-/, ''));
      case 'spans':
        return row.entities.map((entity) => entity.type);
      case 'question-answering':
        return [row.answers.length > 0 ? 'answered' : 'no answer'];
      default:
        return [];
    }
  });
  return labels.length > 0 ? counted(labels) : undefined;
}

/** A field called so, or the one with few different short values. */
function labelField(rows: readonly DataRow[]): string | undefined {
  const records = rows.flatMap((row) => (row.task === 'record' ? [row.fields] : []));
  const names = Object.keys(records[0] ?? {});
  const named = names.find((name) => /^(?:label|labels|class|category|sentiment|target|y)$/i.test(name));
  if (named) return named;
  return names.find((name) => {
    const values = new Set(records.map((fields) => String(fields[name])));
    return (
      values.size > 1 && values.size <= Math.min(50, records.length / 5) && [...values].every((v) => v.length <= 30)
    );
  });
}

function privateIn(texts: readonly string[]): FileInspection['private'] {
  const found = texts.map((text) => findPrivate(text));
  return {
    rows: found.filter((spans) => spans.length > 0).length,
    byKind: counted(found.flat().map((span) => span.kind)),
  };
}

function coverage(texts: readonly string[], tokenizer: Tokenizer): TokenCoverage {
  const used = new Set<number>();
  const unknownId = unknownOf(tokenizer);
  let unknown = 0;
  let changed = 0;
  const lengths = texts.map((text) => {
    const ids = tokenizer.encodeIds(text, { addSpecialTokens: false });
    for (const id of ids) {
      used.add(id);
      if (id === unknownId) unknown++;
    }
    if (tokenizer.decode([...ids]) !== text) changed++;
    return ids.length;
  });
  const tokens = lengths.reduce((a, b) => a + b, 0);
  const characters = texts.reduce((n, text) => n + countCharacters(text), 0);
  return {
    tokens,
    charactersPerToken: characters / Math.max(1, tokens),
    unknown,
    changed,
    used: used.size,
    vocabulary: tokenizer.vocabularySize,
    lengths: lengthsOf(lengths),
  };
}

function unknownOf(tokenizer: Tokenizer): number | undefined {
  const { model } = tokenizer.toJson() as { model?: { unk_token?: string | null; unk_id?: number | null } };
  if (typeof model?.unk_id === 'number') return model.unk_id;
  return typeof model?.unk_token === 'string' ? tokenizer.tokenToId(model.unk_token) : undefined;
}

/** A text; of a list or structure (tokens, `{en, zh}`) its texts. */
function stringIn(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return '';
  return Object.values(value)
    .map(stringIn)
    .filter((text) => text !== '')
    .join(' ');
}

/** How often each occurs, the most frequent first. */
function counted<K extends string>(items: readonly K[]): Record<K, number> {
  const counts = new Map<K, number>();
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
  return Object.fromEntries([...counts].sort((a, b) => b[1] - a[1])) as Record<K, number>; // every key is one of them
}

/** The first, the last, and what lies evenly between. */
const evenly = <T>(items: readonly T[], count: number): T[] => {
  const n = Math.min(count, items.length);
  return Array.from({ length: n }, (_, i) => items[n === 1 ? 0 : Math.round((i * (items.length - 1)) / (n - 1))]!);
};

/** @param lengths at least one. */
export function lengthsOf(lengths: readonly number[]): Lengths {
  const sorted = Float64Array.from(lengths).sort();
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  const histogram: { from: number; to: number; count: number }[] = [];
  let from = 0;
  for (let to = 1, i = 0; i < sorted.length; from = to, to *= 2) {
    const before = i;
    while (i < sorted.length && sorted[i]! < to) i++;
    if (i > before || histogram.length > 0) histogram.push({ from, to, count: i - before });
  }
  return {
    mean: sorted.reduce((a, b) => a + b, 0) / Math.max(1, sorted.length),
    quantiles: {
      '0': at(0),
      '25': at(0.25),
      '50': at(0.5),
      '75': at(0.75),
      '95': at(0.95),
      '99': at(0.99),
      '100': at(1),
    },
    histogram,
  };
}
