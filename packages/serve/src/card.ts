// What a model's card (README.md) tells of it: title, languages, licence, examples, measured results.

import { parse } from 'yaml';

/** A number that the card states, in its words. */
export interface CardResult {
  /** What was measured and, where the card says it, on what: `accuracy · ChnSentiCorp (clean test)`. */
  readonly name: string;
  readonly value: string;
}

export interface Card {
  readonly title: string | undefined;
  /** The first sentences after the title. */
  readonly summary: string;
  /** Codes, the source before the target for a translation. */
  readonly languages: readonly string[];
  readonly license: string | undefined;
  /** `translation`, `text-classification` … as model hubs name tasks. */
  readonly pipelineTag: string | undefined;
  /** Texts of `widget`, as model hubs read it. */
  readonly openings: readonly string[];
  readonly results: readonly CardResult[];
}

/** Cards are written by many hands: what cannot be understood is left out. */
export function readCard(text: string): Card {
  const [, front = '', body = text] = /^---\r?\n([\s\S]*?)\r?\n---\r?\n?([\s\S]*)$/.exec(text) ?? [];
  const fields = frontMatter(front);
  const measured = modelIndex(fields['model-index']);
  return {
    title: /^# (.+)$/m.exec(body)?.[1]?.trim(),
    summary: firstParagraph(body),
    languages: strings(fields.language).filter((code) => /^[a-z]{2,3}$/.test(code)),
    license: strings(fields.license)[0],
    pipelineTag: strings(fields.pipeline_tag)[0],
    openings: list(fields.widget)
      .flatMap((entry) => strings(record(entry).text))
      .filter((opening) => opening.trim() !== ''),
    results: measured.length > 0 ? measured : boldRows(body),
  };
}

type Fields = Readonly<Record<string, unknown>>;

function frontMatter(text: string): Fields {
  try {
    // Aliases could blow a small card up; no card needs one.
    return record(parse(text, { maxAliasCount: 0, logLevel: 'silent' }));
  } catch {
    return {};
  }
}

const record = (x: unknown): Fields => (typeof x === 'object' && x !== null && !Array.isArray(x) ? { ...x } : {});
const list = (x: unknown): readonly unknown[] => (Array.isArray(x) ? x : []);
/** One, or a list of them. YAML reads the language `no` as text, but 1.0 as a number. */
const strings = (x: unknown): string[] =>
  (Array.isArray(x) ? x : [x]).flatMap((s: unknown) =>
    typeof s === 'string' || typeof s === 'number' ? [`${s}`] : [],
  );

/** `model-index`, as model hubs read it: results of tasks on data sets. */
function modelIndex(index: unknown): CardResult[] {
  return list(index)
    .flatMap((model) => list(record(model).results))
    .flatMap((result) => {
      const { dataset, metrics } = record(result);
      const where = [strings(record(dataset).name)[0], strings(record(dataset).split)[0]].filter(Boolean).join(' ');
      return list(metrics).flatMap((metric) => {
        const { name, type, value } = record(metric);
        const called = strings(name)[0] ?? strings(type)[0];
        const shown = strings(value)[0];
        return called && shown ? [{ name: [called, where].filter(Boolean).join(' · '), value: shown }] : [];
      });
    });
}

/** Rows of a table that the card sets in bold: `| **Accuracy** (clean test) | **88.1** % |`. */
function boldRows(body: string): CardResult[] {
  const plain = (cell: string): string => cell.replaceAll(/\*\*|`/g, '').trim();
  const rows = [...body.matchAll(/^\|\s*(\*\*[^|]+)\|([^|]+)\|/gm)].map(([, name = '', value = '']) => ({
    name: plain(name),
    value: plain(value),
  }));
  // A reader asks how often it is right; losses come last.
  const isLoss = ({ name }: CardResult): number => Number(/loss|perplexity|the same per/i.test(name));
  return rows.sort((a, b) => isLoss(a) - isLoss(b));
}

/** The first lines that are plain sentences: no heading, table, image, list or quote. */
function firstParagraph(body: string): string {
  const paragraph = body
    .split(/\r?\n\s*\r?\n/)
    .map((part) => part.trim())
    .find((part) => part !== '' && !/^(?:[#|!>`<-]|\*\s|\d+\.)/.test(part));
  return (paragraph ?? '').replaceAll(/\s+/g, ' ').slice(0, 600);
}
