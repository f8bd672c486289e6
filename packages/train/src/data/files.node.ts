// Text files from disk: patterns, gzip, JSON lines.

import { readdir, readFile, stat } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { suggestion, YumoError } from '@yumo/core';
import { cacheFolder } from '../cache-folder.node.ts';
import type { Note } from '../objectives/objective.ts';
import type { DataRecipe, SourceRecipe } from '../recipe.ts';
import type { TextFile } from './corpus.ts';
import { DiskKeeper } from './disk-keeper.node.ts';
import { encodingAdvice } from './encoding.ts';
import type { DataFile } from './readers/bytes.ts';
import type { FilePlace } from './row-pieces.node.ts';
import { rowStream, type StreamedFile } from './row-stream.node.ts';
import { type LoadedSource, type RowStream, readRows, refuseUneven, type TrainingData } from './sources.ts';
import { encodedTexts, textStream } from './streamed-corpus.node.ts';

/** Which files, and the text field of .jsonl rows. */
export type TextFilesQuery = Pick<Extract<DataRecipe, { kind: 'text' }>, 'files' | 'field'>;

/** How a message names what was asked for, and the way out. */
export interface Asker {
  readonly who: string;
  readonly remedy: string;
}
const recipeAsker: Asker = { who: 'data.files', remedy: 'give the folder that holds it by --data' };

/**
 * Reads the data of a recipe: running text, or rows.
 * @throws YumoError `FILE` when a pattern matches nothing, `DATA` for what does not fit its format.
 */
export async function readTrainingData(
  data: DataRecipe,
  folders: readonly string[],
  note: Note,
  signal?: AbortSignal,
): Promise<TrainingData> {
  if (data.kind === 'text' && data.stream) {
    const { unit, field, separator, trainShare } = data;
    const paths = await findFiles(data.files, folders);
    return textStream(paths, { unit, field, separator, trainShare, ...(signal ? { signal } : {}) });
  }
  if (data.kind === 'rows' && data.stream) return streamedRows(data, folders, signal);
  if (data.kind === 'text') return { kind: 'text', files: await readTextFiles(data, folders) };
  const load = (sources: readonly SourceRecipe[], field: string) =>
    Promise.all(sources.map((s, i) => loadSource(s, folders, `${field}[${i}]`)));
  return readRows(data, load, note);
}

/** Rows that are read in pieces and kept in the user's cache. */
async function streamedRows(
  data: Extract<DataRecipe, { kind: 'rows' }>,
  folders: readonly string[],
  signal: AbortSignal | undefined,
): Promise<RowStream> {
  const keeper = new DiskKeeper({ cache: cacheFolder('rows'), signal });
  const files = async (sources: readonly SourceRecipe[], field: string): Promise<StreamedFile[]> => {
    const found: StreamedFile[] = [];
    for (const [i, source] of sources.entries()) {
      const [from, to] = await placesOf(source, folders, `${field}[${i}]`);
      for (const [n, path] of from.entries()) found.push({ file: path, target: to?.[n], source });
    }
    return found;
  };
  const training = await files(data.train, 'data.train');
  const validation = data.validation && (await files(data.validation, 'data.validation'));
  const apart = data.apart && (await files(data.apart, 'data.apart'));
  return {
    ...rowStream({ training, validation, apart }, keeper, signal),
    encoded: (parts, tokenizer, { context, end, progress }) =>
      encodedTexts(
        parts,
        training.map(({ file }) => file.name),
        tokenizer,
        context,
        { cache: cacheFolder('tokens'), signal, end, progress },
      ),
  };
}

/** The files of a source, and those that their lines belong to. @throws YumoError `DATA` when there are not as many */
async function placesOf(
  source: SourceRecipe,
  folders: readonly string[],
  field: string,
): Promise<readonly [readonly FilePlace[], readonly FilePlace[] | undefined]> {
  const places = async (patterns: readonly string[], name: string): Promise<FilePlace[]> => {
    const paths = await findFiles(patterns, folders, { ...recipeAsker, who: `${field}.${name}` });
    return paths.map((path) => ({ path, name: nameIn(folders, path) }));
  };
  const files = await places(source.files, 'files');
  const targets = source.targets && (await places(source.targets, 'targets'));
  refuseUneven(files, targets);
  return [files, targets];
}

async function loadSource(source: SourceRecipe, folders: readonly string[], field: string): Promise<LoadedSource> {
  const [files, targets] = await placesOf(source, folders, field);
  const load = (places: readonly FilePlace[]): Promise<DataFile[]> =>
    Promise.all(places.map(async ({ path, name }) => ({ name, bytes: new Uint8Array(await readBytes(path)) })));
  return { source, files: await load(files), targets: targets && (await load(targets)) };
}

/** A file as a recipe would name it: where it lies in the first of the folders that holds it. Model cards are read on other computers. */
function nameIn(folders: readonly string[], path: string): string {
  const inside = folders.map((folder) => relative(folder, path)).filter((p) => !p.startsWith('..') && !isAbsolute(p));
  return inside.length === 0 ? path : inside.reduce((short, p) => (p.length < short.length ? p : short));
}

/**
 * Reads the text files of a recipe.
 * @param folders where relative paths are looked for, in this order; the first folder that has a file wins.
 * @throws YumoError `FILE` when a pattern matches nothing, naming the folders; `DATA` for text that is not UTF-8 and rows without the
 *   field, with file and line.
 */
export async function readTextFiles(
  data: TextFilesQuery,
  folders: readonly string[],
  asker: Asker = recipeAsker,
): Promise<TextFile[]> {
  const paths = await findFiles(data.files, folders, asker);
  return Promise.all(paths.map((path) => readTextFile(path, data)));
}

/**
 * The files that patterns of `*`, `?` and `**` name, each once, in the order of the patterns.
 * @param folders where relative paths are looked for, in this order; the first folder that has a file wins.
 * @throws YumoError `FILE` when a pattern matches nothing, naming the folders.
 */
export async function findFiles(
  patterns: readonly string[],
  folders: readonly string[],
  { who, remedy }: Asker = recipeAsker,
): Promise<string[]> {
  const paths = new Set<string>();
  for (const pattern of patterns) {
    const found = await firstMatch(pattern, folders);
    if (found.length === 0)
      throw new YumoError(
        'FILE',
        `${who}: "${pattern}" matches no file in ${folders.map((f) => resolve(f)).join(', ')}; ${remedy}`,
        { pattern, folders },
      );
    for (const path of found) paths.add(path);
  }
  return [...paths];
}

/**
 * Reads files as they are, for readers that find out their format.
 * @param folders as for {@link readTextFiles}
 * @throws YumoError `FILE`
 */
export async function readRawFiles(
  patterns: readonly string[],
  folders: readonly string[],
  asker: Asker,
): Promise<DataFile[]> {
  const paths = await findFiles(patterns, folders, asker);
  return Promise.all(
    paths.map(async (path) => {
      const near = relative('.', path);
      return { name: near.startsWith('..') ? path : near, bytes: new Uint8Array(await readBytes(path)) };
    }),
  );
}

async function firstMatch(pattern: string, folders: readonly string[]): Promise<string[]> {
  for (const folder of isAbsolute(pattern) ? ['/'] : folders) {
    const segments = pattern.split('/').filter((s) => s !== '' && s !== '.');
    const found = await match(isAbsolute(pattern) ? '/' : resolve(folder), segments);
    if (found.length > 0) return found.sort();
  }
  return [];
}

/** Files under a folder that a pattern of `*`, `?` and `**` names. */
async function match(folder: string, [segment, ...rest]: readonly string[]): Promise<string[]> {
  if (segment === undefined) return [];
  if (!/[*?]/.test(segment)) {
    const path = join(folder, segment);
    const status = await stat(path).catch(() => undefined);
    if (rest.length === 0) return status?.isFile() ? [path] : [];
    return status?.isDirectory() ? match(path, rest) : [];
  }
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const found: string[] = [];
  if (segment === '**') found.push(...(await match(folder, rest)));
  const fits = new RegExp(
    `^${segment
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replace(/\*+/g, '.*')
      .replace(/\?/g, '.')}$`,
  );
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue;
    const path = join(folder, entry.name);
    if (segment === '**') {
      if (entry.isDirectory()) found.push(...(await match(path, [segment, ...rest])));
    } else if (fits.test(entry.name)) {
      if (rest.length > 0) found.push(...(await match(path, rest)));
      else if ((await stat(path)).isFile()) found.push(path);
    }
  }
  return [...new Set(found)];
}

const readBytes = (path: string): Promise<Uint8Array> =>
  readFile(path).catch((error: unknown) => {
    throw new YumoError(
      'FILE',
      `${path}: cannot be read (${error instanceof Error ? error.message : String(error)})`,
      { path },
      error,
    );
  });

async function readTextFile(path: string, data: TextFilesQuery): Promise<TextFile> {
  let bytes = await readBytes(path);
  const name = path.replace(/\.gz$/, '');
  if (path.endsWith('.gz')) {
    bytes = await promisify(gunzip)(bytes).catch((error: unknown) => {
      throw new YumoError(
        'DATA',
        `${path}: damaged gzip (${error instanceof Error ? error.message : String(error)})`,
        { path },
        error,
      );
    });
  }
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new YumoError('DATA', `${path}: ${encodingAdvice(bytes, path)}`, { path }, error);
  }
  if (text.trim() === '') throw new YumoError('DATA', `${path}: the file has no text`, { path });
  return { name: path, documents: name.endsWith('.jsonl') ? readLines(path, text, data.field) : [text] };
}

function readLines(path: string, text: string, field: string): string[] {
  return text.split('\n').flatMap((line, i) => {
    if (line.trim() === '') return [];
    const fail = (why: string): never => {
      throw new YumoError('DATA', `${path}:${i + 1}: ${why}`, { path, line: i + 1, field });
    };
    let row: unknown;
    try {
      row = JSON.parse(line);
    } catch (error) {
      return fail(`not JSON (${error instanceof Error ? error.message : String(error)})`);
    }
    if (typeof row !== 'object' || row === null) return fail('not a JSON object');
    const content = (row as Record<string, unknown>)[field];
    if (typeof content === 'string') return [content];
    const names = Object.keys(row);
    return fail(
      content === undefined
        ? `no field "${field}"${suggestion(field, names) || `; it has ${names.join(', ')}; set data.field`}`
        : `"${field}" is ${JSON.stringify(content).slice(0, 40)}, expected text`,
    );
  });
}
