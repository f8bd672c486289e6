// The table as text, and what was measured so far on disk: a run may be stopped at any cell and goes on there.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { folder } from './bundle.ts';
import type { Column } from './columns.ts';
import { type Cell, cells, type Outcome, rows } from './measure.ts';

/** `row part` → outcome; or why the engine is not on this machine. */
export type Results = Readonly<Record<string, Outcome>> | string;

export const keyOf = ({ row, part }: Cell): string => `${row} ${part}`;

const fileOf = (label: string): string => join(folder, `${label.replaceAll(/\W+/g, '-')}.json`);

/** @returns what was measured with this very program; nothing when there is none. */
export function readResults(label: string, digest: string): Results {
  if (!existsSync(fileOf(label))) return {};
  const kept = JSON.parse(readFileSync(fileOf(label), 'utf8')) as { digest: string; results: Results };
  return kept.digest === digest ? kept.results : {};
}

export function keepResults(label: string, digest: string, results: Results): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(fileOf(label), JSON.stringify({ digest, results }));
}

/** Some cell is measured, or the engine is known not to be here. */
export const hasBegun = (results: Results): boolean => typeof results === 'string' || Object.keys(results).length > 0;

function shown(x: Outcome | undefined): string {
  if (typeof x === 'number') return x === 0 ? '0' : x.toExponential(1);
  if (typeof x === 'string') return 'fails';
  return x ? `${shown(x.error)}*` : '?';
}

/** Forward and gradient in one cell: `3.0e-8 / 1.2e-7`. */
const shownRow = (results: Readonly<Record<string, Outcome>>, row: string): string =>
  (['forward', 'gradient'] as const)
    .map((part) => results[keyOf({ row, part })])
    .filter((x) => x !== null)
    .map(shown)
    .join(' / ');

/** A table whose columns are aligned, as the formatter wants it. */
function aligned(lines: readonly (readonly string[])[]): string {
  const widths = lines[0]!.map((_, i) => Math.max(3, ...lines.map((line) => line[i]!.length)));
  const row = (line: readonly string[]): string => `| ${line.map((cell, i) => cell.padEnd(widths[i]!)).join(' | ')} |`;
  const [head, ...body] = lines;
  return [row(head!), `| ${widths.map((n) => '-'.repeat(n)).join(' | ')} |`, ...body.map(row)].join('\n');
}

/** Column → `row part` → what the engine says, and why it does. */
export type KnownFailures = Readonly<
  Record<string, Readonly<Record<string, { readonly words: RegExp; readonly why: string }>>>
>;

/** Sums of a few hundred terms, and rounding carried through some dozen operations. */
const rounding = 2e-5;
/** WGSL lets sin and cos be off by 2⁻¹¹ within ±π (https://www.w3.org/TR/WGSL/, accuracy of built-in functions); GLSL says nothing. */
const toleranceOf = ({ graphics }: Column, row: string): number =>
  graphics && (row === 'sin' || row === 'cos') ? 2 ** -11 : rounding;

/** What is wrong with a cell: what was thrown, that it hung or died, or that it is off by more than rounding. */
export function failureOf(column: Column, cell: Cell, results: Readonly<Record<string, Outcome>>): string | undefined {
  const outcome = results[keyOf(cell)] ?? undefined;
  if (outcome === undefined || typeof outcome === 'string') return outcome;
  const error = typeof outcome === 'number' ? outcome : outcome.error;
  const most = toleranceOf(column, cell.row);
  if (error > most) return `off by ${error.toExponential(1)}, where at most ${most.toExponential(1)} is rounding`;
  if (typeof outcome === 'number' || column.refuses?.words.test(outcome.refused)) return undefined;
  return `${outcome.cases} of ${outcome.of} cases: ${outcome.refused}`;
}

/** The line about what a column refuses by design; nothing where it refused nothing. */
function refusalNote({ label, refuses }: Column, results: Readonly<Record<string, Outcome>>): string[] {
  const found = Object.values(results).filter((x) => typeof x === 'object' && x !== null);
  if (!refuses || found.length === 0) return [];
  const [first] = found;
  return [`- ${label}, \`*\` (${found.length} cells): ${refuses.why}: \`${first!.refused.replaceAll('`', "'")}\``];
}

/** The text of PARITY.md. */
export function tableText(
  all: readonly { readonly column: Column; readonly results: Results }[],
  knownFailures: KnownFailures,
): string {
  const notes: string[] = [];
  const measured: { readonly column: Column; readonly results: Readonly<Record<string, Outcome>> }[] = [];
  for (const { column, results } of all)
    if (typeof results === 'string') notes.push(`- ${column.label}: not measured: ${results}`);
    else measured.push({ column, results });
  for (const { column, results } of measured) {
    const missing = cells.filter((cell) => !(keyOf(cell) in results)).length;
    if (missing > 0) notes.push(`- ${column.label}: ${missing} of ${cells.length} cells (\`?\`) are not measured yet`);
    notes.push(...refusalNote(column, results));
    for (const cell of cells) {
      const failure = failureOf(column, cell, results);
      const why = knownFailures[column.label]?.[keyOf(cell)]?.why;
      if (failure !== undefined)
        notes.push(`- ${column.label}, ${keyOf(cell)}: \`${failure.replaceAll('`', "'")}\`${why ? ` (${why})` : ''}`);
    }
  }
  const head = ['', ...measured.map(({ column }) => column.label)];
  const body = rows.map((row) => [row, ...measured.map(({ results }) => shownRow(results, row))]);
  return `# Every operation and every family of models on every engine

Forward / gradients: the largest error over max(1, |value|) against the double-precision interpreter, over all cases of \`test/cases.ts\`, and
over the first head of each family (tiny, all outputs; gradients of its loss by every parameter). float32 rounds at 6e-8. One number: there is
nothing to differentiate. \`*\`: some cases are refused, in words (below). WebGPU and WebGL run on a processor here (SwiftShader); what they are off by in sin and cos, their standards allow.
Written by \`YUMO_PARITY_ENGINES=1 npx vitest run test/parity.test.ts\` in \`packages/core\`.

${aligned([head, ...body])}

## What fails, in the engine's words

${notes.length > 0 ? notes.join('\n') : 'Nothing.'}
`;
}
