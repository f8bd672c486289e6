// Which format a file has, by its name and its first bytes, with the reason.

import { linesOf, markOf, withNewlines } from './bytes.ts';

export const formats = [
  'text',
  'jsonl',
  'json',
  'csv',
  'tsv',
  'squad',
  'conll',
  'cluener',
  'alpaca',
  'chat',
  'reviews',
  'parquet',
] as const;
export type Format = (typeof formats)[number];

export interface Detected {
  readonly format: Format;
  /** For people: what gave it away. */
  readonly reason: string;
}

/** Endings of files of tokens with tags: an odd line there is a mistake, and no reason to read them as text. */
const tagColumns = /^(?:conll\d*|bio|iob2?|bioes|bmes|bilou)$/;

/** Content decides before the name, because `.json` and `.txt` say little. */
export function detectFormat(name: string, bytes: Uint8Array): Detected {
  if (bytes[0] === 0x50 && bytes[1] === 0x41 && bytes[2] === 0x52 && bytes[3] === 0x31)
    return { format: 'parquet', reason: 'it begins with "PAR1"' };
  const head = withNewlines(new TextDecoder(markOf(bytes)).decode(bytes.subarray(0, 200_000)));
  const text = head.trimStart();
  const extension = /\.([a-z0-9]+)$/.exec(name.toLowerCase().replace(/\.gz$/, ''))?.[1] ?? '';
  if (/^\{\s*"/.test(text) || /^\[\s*[[{]/.test(text)) return jsonFormat(text, extension);
  if (/^\[|^null\s*$/.test(text) && extension === 'json') return { format: 'json', reason: 'its name ends in .json' };
  if (/^jsonl|^ndjson/.test(extension)) return { format: 'jsonl', reason: `its name ends in .${extension}` };
  if (text.startsWith('<review>')) return { format: 'reviews', reason: 'it begins with "<review>"' };
  const lines = linesOf(head).slice(0, 200);
  const filled = lines.filter((line) => line.trim() !== '');
  const tagged = filled.filter((line) => /\S\s+(?:O|[BIESMLU](?:-\S+)?)$/.test(line));
  if (tagColumns.test(extension)) return { format: 'conll', reason: `its name ends in .${extension}` };
  if (filled.length > 1 && tagged.length >= 0.95 * filled.length && lines.length > filled.length)
    return { format: 'conll', reason: 'its lines are a token and a tag' };
  if (extension === 'csv' || extension === 'tsv') {
    const tabs = filled.filter((line) => line.includes('\t')).length;
    if (tabs >= 0.9 * filled.length && filled.length > 0)
      return { format: 'tsv', reason: 'its lines are divided by TAB' };
    return { format: extension, reason: `its name ends in .${extension}` };
  }
  const columns = new Set(filled.slice(0, -1).map((line) => line.split('\t').length));
  if (filled.length > 2 && columns.size === 1 && !columns.has(1))
    return { format: 'tsv', reason: 'every line has the same number of TABs' };
  for (const bars of ['|||', '||']) {
    const parts = new Set(filled.slice(0, -1).map((line) => line.split(bars).length));
    if (filled.length > 2 && parts.size === 1 && !parts.has(1))
      return { format: 'csv', reason: `every line has the same number of "${bars}"` };
  }
  return { format: 'text', reason: 'no structure was found in its first lines' };
}

function jsonFormat(text: string, extension: string): Detected {
  const start = text.slice(0, 4000);
  const has = (key: string): boolean => new RegExp(`"${key}"\\s*:`).test(start);
  if (/"data"\s*:\s*\[/.test(start) && (has('paragraphs') || has('context')))
    return { format: 'squad', reason: 'it has "data" with "paragraphs"' };
  if (has('context_text') && has('qas')) return { format: 'squad', reason: 'it has "context_text" with "qas"' };
  if (has('paragraphs') && has('qas')) return { format: 'squad', reason: 'it has "paragraphs" with "qas"' };
  if (/^\{[^\n]*"label"\s*:\s*\{/.test(start) && has('text'))
    return { format: 'cluener', reason: 'its rows have a "text" and a "label" with types' };
  if (has('conversations') || /"messages"\s*:\s*\[/.test(start))
    return { format: 'chat', reason: 'its rows have "conversations" or "messages"' };
  if (has('instruction') && has('output') && !has('instances'))
    return { format: 'alpaca', reason: 'its rows have "instruction" and "output"' };
  if (text.startsWith('[')) return { format: 'json', reason: 'it is a list of objects' };
  if (!/^(?:jsonl|ndjson)$/.test(extension) && holdsList(text))
    return { format: 'json', reason: 'it is an object with a list "data"' };
  if (extension === 'jsonl' || parses(linesOf(text)[0]!))
    return { format: 'jsonl', reason: 'its first line is an object' };
  return { format: 'json', reason: 'it is one JSON value' };
}

/** Whether a text is one object with a list of objects `data`, and not lines of objects that have one. */
export function holdsList(text: string): boolean {
  if (!/^\s*\{[^[{]*"data"\s*:\s*\[\s*\{/.test(text.slice(0, 4000))) return false;
  const [first = '', ...others] = linesOf(text.trimStart());
  return !(others.some((line) => line.trim() !== '') && parses(first));
}

function parses(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}
