// Entities: precision, recall and F1 by type. An entity is right when its type and both its ends are.

import { type FileSource, type HeadModelOptions, TokenClassifier, YumoError } from '@yumo/core';
import type { TaggingRow } from '../data/readers/index.ts';
import { type Entity, entitiesOf, spanF1 } from '../metrics/index.ts';
import { piecesOfWords } from '../objectives/makers/tagging.ts';
import { inChunks } from './chunks.ts';
import type { EntityRow, Placed } from './dataset.ts';
import { type Prediction, plainScore, type Scored, scoreOf, type TaskContext } from './evaluation.ts';
import { perClass } from './text-classification.ts';

/** A row as one text with the places of its units: the tokens of a file with tags, else the characters. */
export interface EntityText {
  readonly text: string;
  /** [start, end) of each unit, in UTF-16 units of the text. */
  readonly units: readonly (readonly [number, number])[];
  /** By numbers of units. */
  readonly expected: readonly Entity[];
  /** As the file has it, for the accuracy by token. */
  readonly tags?: readonly string[];
}

export interface EntityOutput {
  readonly entities: readonly Entity[];
  readonly tags?: readonly string[];
}

const han = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u;

/** Tokens stand side by side where most are Chinese characters, else between blanks. */
export function entityText(row: EntityRow): EntityText {
  if (row.task === 'spans') {
    const places: [number, number][] = [];
    const unitAt = new Map<number, number>();
    let at = 0;
    for (const character of row.text) {
      unitAt.set(at, places.length);
      places.push([at, at + character.length]);
      at += character.length;
    }
    unitAt.set(at, places.length);
    const expected = row.entities.flatMap(({ type, start, end }) => {
      const [from, to] = [unitAt.get(start), unitAt.get(end)];
      return from === undefined || to === undefined ? [] : [{ type, start: from, end: to }]; // ends inside a surrogate pair: in no text of people
    });
    return { text: row.text, units: places, expected };
  }
  const between = betweenTokens(row);
  let at = 0;
  const units = row.tokens.map((token): [number, number] => {
    const place: [number, number] = [at, at + token.length];
    at += token.length + between.length;
    return place;
  });
  return { text: row.tokens.join(between), units, expected: entitiesOf(row.tags), tags: row.tags };
}

const betweenTokens = ({ tokens }: TaggingRow): string =>
  tokens.filter((token) => han.test(token) || [...token].length === 1).length >= 0.9 * tokens.length &&
  tokens.some((t) => han.test(t))
    ? ''
    : ' ';

export interface EntityRun {
  readonly rows: readonly (Placed<EntityText> | undefined)[];
  readonly outputs: readonly (EntityOutput | undefined)[];
  readonly remarks: readonly string[];
}

/** Runs the tagger. @throws YumoError `DATA` when file and model have no type in common; as `TokenClassifier.load` and `run`. */
export async function runTagger(
  source: FileSource,
  given: readonly Placed<EntityRow>[],
  load: HeadModelOptions,
  labels: readonly string[],
  { runtime, batchSize = 16, signal, onProgress }: TaskContext,
): Promise<{
  rows: readonly Placed<EntityText>[];
  outputs: readonly (EntityOutput | undefined)[];
  remarks: readonly string[];
}> {
  const tagger = await TokenClassifier.load(source, runtime, load);
  try {
    const texts = given.map(({ row, place }) => ({ row: entityText(row), place }));
    const { rename, remarks } = typesOf(
      texts.map((t) => t.row),
      tagger.model.labels,
      labels,
    );
    const rows = texts.map(({ row, place }) => ({
      place,
      row: { ...row, expected: row.expected.map((e) => ({ ...e, type: rename(e.type) })) },
    }));
    const outputs = await inChunks(
      rows.length,
      { batchSize, signal, onProgress, length: (i) => rows[i]!.row.text.length },
      async (chunk) => {
        const found = await tagger.run(
          chunk.map((i) => rows[i]!.row.text),
          { grouping: 'none', ignoreLabels: [], batchSize, signal },
        );
        return chunk.map((i, k) => outputOf(rows[i]!.row, withWords(rows[i]!.row.text, found[k]!, tagger)));
      },
    );
    return { rows, outputs, remarks };
  } finally {
    await tagger.dispose();
  }
}

interface Piece {
  readonly start: number;
  readonly end: number;
  readonly label: string;
}

/** Pieces of one word as one, with the label of the first: what is trained. Words of Chinese characters stay in pieces. */
function withWords(text: string, pieces: readonly Piece[], { model }: TokenClassifier): Piece[] {
  const encoding = model.tokenizer.encode(text, null, { truncation: null, padding: null });
  const tokens = Array.from(encoding.ids, (_, i) => i).filter((i) => encoding.sequenceIds[i]! >= 0);
  if (tokens.length !== pieces.length) return [...pieces];
  const goesOn = piecesOfWords(text, encoding, tokens);
  const joined: { start: number; end: number; label: string }[] = [];
  for (const [i, { start, end, label }] of pieces.entries()) {
    if (goesOn[i]) joined.at(-1)!.end = end;
    else joined.push({ start, end, label });
  }
  return joined;
}

/** A tag for each unit: that of the piece that begins in it, or goes on over it. */
function outputOf({ units, tags }: EntityText, pieces: readonly Piece[]): EntityOutput {
  let p = 0;
  const own = units.map(([start, end]) => {
    while (p < pieces.length && pieces[p]!.end <= start) p++;
    const piece = pieces[p];
    if (piece === undefined || piece.start >= end) return 'O';
    return piece.start >= start ? piece.label : goingOn(piece.label);
  });
  return { entities: entitiesOf(own), ...(tags === undefined ? {} : { tags: own }) };
}

const goingOn = (tag: string): string => tag.replace(/^[BSU](?=-)/, 'I');

/** Types of the file under the model's names. */
function typesOf(
  rows: readonly EntityText[],
  classes: readonly string[],
  given: readonly string[],
): { rename: (type: string) => string; remarks: string[] } {
  const known = [...new Set(classes.flatMap((tag) => (tag === 'O' ? [] : [tag.replace(/^[BIESMLU]-/, '')])))];
  const found = [...new Set(rows.flatMap((row) => row.expected.map((e) => e.type)))].sort();
  const plain = (type: string): string => type.toLowerCase().replaceAll(/[\s_.-]/g, '');
  const pairs = new Map(
    given.filter((entry) => entry.includes('=')).map((entry) => entry.split('=') as [string, string]),
  );
  const nameOf = (type: string): string | undefined =>
    pairs.get(type) ?? (known.includes(type) ? type : known.find((name) => plain(name) === plain(type)));
  const missing = found.filter((type) => nameOf(type) === undefined);
  if (found.length > 0 && missing.length === found.length)
    throw new YumoError(
      'DATA',
      `the file marks ${found.join(', ')}; the model knows ${known.join(', ') || 'no type'}: they have no type in common; name pairs by --labels file=model`,
      { file: found, model: known },
    );
  const renamed = found.filter((type) => nameOf(type) !== undefined && nameOf(type) !== type);
  const unused = known.filter((name) => !found.some((type) => nameOf(type) === name));
  return {
    rename: (type) => nameOf(type) ?? type,
    remarks: [
      ...(renamed.length > 0 ? [`types: ${renamed.map((type) => `${type} = ${nameOf(type)}`).join(', ')}`] : []),
      ...(missing.length > 0 ? [`types that the model does not know, counted as missed: ${missing.join(', ')}`] : []),
      ...(unused.length > 0 ? [`types that the file does not mark: ${unused.join(', ')}`] : []),
    ],
  };
}

/** Measures entities; rows without output are left out. */
export function scoreEntities(
  rows: readonly Placed<EntityText>[],
  outputs: readonly (EntityOutput | undefined)[],
): Scored {
  const done = rows.flatMap(({ row, place }, i) => (outputs[i] ? [{ row, place, output: outputs[i] }] : []));
  const parts = done.map(({ row, output }) => spanF1.part({ expected: row.expected, predicted: output.entities }));
  const result = spanF1.result(parts);
  const tagged = done.flatMap(({ row, output }) =>
    row.tags && output.tags ? [{ gold: row.tags, own: output.tags }] : [],
  );
  const tokens = tagged.reduce((n, { gold }) => n + gold.length, 0);
  const right = tagged.reduce((n, { gold, own }) => n + gold.filter((tag, i) => tag === own[i]).length, 0);
  return {
    scores: [
      scoreOf('F1', 'share', spanF1, parts, (r) => r.micro.f),
      plainScore('precision', 'share', result.micro.precision),
      plainScore('recall', 'share', result.micro.recall),
      scoreOf('macro F1', 'share', spanF1, parts, (r) => r.macro.f),
      ...(tokens > 0 ? [plainScore('token accuracy', 'share', right / tokens)] : []),
    ],
    perClass: perClass(result),
    predictions: done.map(({ row, place, output }): Prediction => {
      const key = (e: Entity): string => `${e.type} ${e.start} ${e.end}`;
      const [gold, own] = [new Set(row.expected.map(key)), new Set(output.entities.map(key))];
      const hits = [...gold].filter((k) => own.has(k)).length;
      const wrong = gold.size + own.size - 2 * hits;
      const told = (entities: readonly Entity[]) =>
        entities.map(({ type, start, end }) => {
          const [from, to] = [row.units[start]![0], row.units[end - 1]![1]];
          return { type, text: row.text.slice(from, to), start: from, end: to };
        });
      const shown = (entities: readonly Entity[]): string =>
        told(entities)
          .map((e) => `${e.type} ${e.text}`)
          .join('; ') || '–';
      return {
        place,
        input: row.text,
        expected: shown(row.expected),
        predicted: shown(output.entities),
        score: gold.size + own.size === 0 ? 1 : (2 * hits) / (gold.size + own.size),
        badness: wrong,
        record: { text: row.text, expected: told(row.expected), predicted: told(output.entities) },
      };
    }),
  };
}

/**
 * The baseline of the CoNLL-2003 task (Tjong Kim Sang & De Meulder 2003): names that training data mark, and always with one type, found again
 * by their longest spelling.
 */
export function entityDictionary(training: readonly EntityText[]): (row: EntityText) => EntityOutput {
  const types = new Map<string, string | undefined>();
  let longest = 0;
  const surface = ({ text, units }: EntityText, start: number, end: number): string =>
    text.slice(units[start]![0], units[end - 1]![1]);
  for (const row of training)
    for (const { type, start, end } of row.expected) {
      const name = surface(row, start, end);
      types.set(name, types.has(name) && types.get(name) !== type ? undefined : type);
      longest = Math.max(longest, end - start);
    }
  return (row) => {
    const entities: Entity[] = [];
    for (let start = 0; start < row.units.length; ) {
      let end = Math.min(row.units.length, start + longest);
      while (end > start && types.get(surface(row, start, end)) === undefined) end--;
      if (end > start) entities.push({ type: types.get(surface(row, start, end))!, start, end });
      start = Math.max(end, start + 1);
    }
    return { entities };
  };
}
