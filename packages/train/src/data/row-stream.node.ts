// Rows of files larger than memory: read once in pieces, divided by their hash, kept on disk as rows of a task.

import { stat } from 'node:fs/promises';
import { throwIfAborted } from '@yumo/core';
import type { SourceRecipe } from '../recipe.ts';
import { type CacheEntry, entryKey, hashOfFile } from './cache-entry.node.ts';
import type { DiskKeeper } from './disk-keeper.node.ts';
import type { RowFacts } from './disk-rows.node.ts';
import { HashSet, hashOfKey } from './hash-set.ts';
import type { Part } from './kept.ts';
import { type ProgressMeter, progressMeter } from './progress.ts';
import type { DataRow } from './readers/rows.ts';
import { type FilePlace, type PieceOptions, rowPieces } from './row-pieces.node.ts';
import { longestTextOf } from './row-texts.ts';
import { isValidationRow, leftApart, type RowStream } from './sources.ts';

/** A file of a recipe, and the file that its lines belong to. */
export interface StreamedFile {
  readonly file: FilePlace;
  readonly target?: FilePlace | undefined;
  readonly source: SourceRecipe;
}

export interface RowStreamFiles {
  readonly training: readonly StreamedFile[];
  readonly validation?: readonly StreamedFile[] | undefined;
  /** Training rows that share their longest text with rows of these are left out. */
  readonly apart?: readonly StreamedFile[] | undefined;
}

/** @param isKeptBack whether a row of the training files belongs to the validation part, where that has no files. */
export function rowStream(
  { training, validation, apart = [] }: RowStreamFiles,
  keeper: DiskKeeper,
  signal: AbortSignal | undefined,
  isKeptBack: (row: string, share: number) => boolean = isValidationRow,
): Omit<RowStream, 'encoded'> {
  return {
    kind: 'row-stream',
    names: training.map(({ file }) => file.name),
    hasValidation: validation !== undefined,
    async parts({ rowsOf, sideOf, note, progress }, share, name) {
      const files = [
        ...training.map((file) => ({ ...file, part: validation ? ('training' as const) : undefined })),
        ...(validation ?? []).map((file) => ({ ...file, part: 'validation' as const })),
      ];
      const sizes = await Promise.all(files.map(async ({ file }) => (await stat(file.path)).size));
      const meter = progressMeter(
        'reading',
        sizes.reduce((a, b) => a + b, 0),
        progress,
      );
      const apartKeys = await Promise.all(apart.map(keyOf));
      let textsApart: HashSet | undefined;
      const entries: CacheEntry<RowFacts>[] = [];
      const keys: string[] = [];
      for (const [i, { file, target, source, part }] of files.entries()) {
        const isTraining = part !== 'validation' && apart.length > 0;
        const key = entryKey(
          'rows',
          await keyOf({ file, target, source }),
          JSON.stringify([name, part ?? share, isTraining ? apartKeys : []]),
        );
        keys.push(key);
        const atBytes = fileMeter(meter, sizes[i]!);
        let found = true;
        entries.push(
          await keeper.rows(key, async (writer) => {
            let goesOn = false;
            if (isTraining) textsApart ??= await longestTextsOf(apart, { note: writer.noted.note, signal });
            const text = (row: DataRow): string => longestTextOf(row, source.fields.text, file.name);
            const pieces = rowPieces(file, target, source, { note: writer.noted.note, signal, onBytes: atBytes });
            for await (const rows of pieces) {
              throwIfAborted(signal, 'data');
              const own = isTraining ? rows.filter((row) => !textsApart!.has(hashOfKey(text(row)))) : rows;
              if (own.length < rows.length) writer.noted.note(leftApart(file.name), rows.length - own.length);
              const made = rowsOf({ name: file.name, source, rows: own, goesOn }, writer.noted.note);
              goesOn = true;
              for (const row of made) {
                const json = JSON.stringify(row);
                const to: Part = part ?? (isKeptBack(sideOf ? sideOf(row) : json, share) ? 'validation' : 'training');
                const writing = writer.add(to, json);
                if (writing) await writing;
              }
            }
            found = false;
          }),
        );
        if (found) meter.skip(sizes[i]!);
      }
      return keeper.partsOf(entries, entryKey('parts', ...keys), note);
    },
  };
}

/** What the rows of a file depend on. Where it lies does not matter, but what it is called: that tells the format, and stands in what is noted. */
async function keyOf({ file, target, source }: StreamedFile): Promise<string> {
  const { files: _files, targets: _targets, ...read } = source;
  const contents = [await hashOfFile(file.path), target ? await hashOfFile(target.path) : ''];
  return JSON.stringify([...contents, file.name, target?.name, read]);
}

async function longestTextsOf(files: readonly StreamedFile[], options: PieceOptions): Promise<HashSet> {
  const texts = new HashSet();
  for (const { file, target, source } of files)
    for await (const rows of rowPieces(file, target, source, options))
      for (const row of rows) texts.add(hashOfKey(longestTextOf(row, source.fields.text, file.name)));
  return texts;
}

/** Bytes of one file so far, as steps of the whole. */
function fileMeter(meter: ProgressMeter, size: number): (bytes: number) => void {
  let told = 0;
  return (bytes) => {
    const now = Math.min(size, Math.max(told, bytes));
    meter.add(now - told);
    told = now;
  };
}
