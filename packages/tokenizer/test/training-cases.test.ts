import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import type {
  BpeJson,
  NormalizerJson,
  PreTokenizerJson,
  TokenizerJson,
  UnigramJson,
  WordPieceJson,
} from '../src/index.ts';
import {
  byteAlphabet,
  trainBpe,
  trainByteLevelBpe,
  trainUnigram,
  trainWordLevel,
  trainWordPiece,
} from '../src/index.ts';
import { UnigramLattice } from '../src/train/unigram-lattice.ts';

const folder = join(
  process.env.YUMO_SHARED ?? resolve(import.meta.dirname, '../../../../shared'),
  'data/tokenizers/training',
);
const there = existsSync(join(folder, 'cases.json'));
if (!there) console.log(`skipped: the training cases are not in ${folder}; set YUMO_SHARED`);

interface Case {
  name: string;
  model: 'BPE' | 'WordPiece' | 'Unigram' | 'WordLevel';
  normalizer?: NormalizerJson | null;
  preTokenizer: PreTokenizerJson;
  settings: {
    vocabSize: number;
    minFrequency?: number;
    special?: string[];
    initialAlphabet?: 'byteLevel';
    limitAlphabet?: number;
    maxTokenLength?: number;
    prefix?: string;
    suffix?: string;
  };
  file: string;
  vocab: number;
  fullDigest?: { merges: number; sha256OfMergesJoinedByNewline: string };
}

const cases: Case[] = there ? JSON.parse(readFileSync(join(folder, 'cases.json'), 'utf8')).cases : [];
const lines = there ? readFileSync(join(folder, 'corpus.txt'), 'utf8').match(/[^\n]*\n|[^\n]+$/g)! : [];

/** The tokenizer.json that our trainer makes of a case, with `vocabularySize` instead of the case's. */
async function trained(
  { model, normalizer, preTokenizer, settings }: Case,
  vocabularySize: number,
): Promise<TokenizerJson> {
  const shared = {
    vocabularySize,
    normalizer: normalizer ?? null,
    preTokenizer,
    specialTokens: settings.special ?? [],
  };
  const merging = {
    ...shared,
    minFrequency: settings.minFrequency ?? 0,
    initialAlphabet: settings.initialAlphabet === 'byteLevel' ? byteAlphabet : [],
    limitAlphabet: settings.limitAlphabet ?? null,
    maxTokenLength: settings.maxTokenLength ?? null,
  };
  switch (model) {
    case 'BPE': {
      if (preTokenizer.type === 'ByteLevel') return (await trainByteLevelBpe(lines, merging)).toJson();
      const affixes = { continuingSubwordPrefix: settings.prefix ?? null, endOfWordSuffix: settings.suffix ?? null };
      return (await trainBpe(lines, { ...merging, ...affixes })).toJson();
    }
    case 'WordPiece':
      return (await trainWordPiece(lines, merging)).toJson();
    case 'Unigram':
      return (await trainUnigram(lines, { ...shared, unknownToken: null })).toJson();
    case 'WordLevel':
      return (await trainWordLevel(lines, { ...shared, unknownToken: null })).toJson();
  }
}

function reference({ file }: Case): TokenizerJson['model'] {
  return JSON.parse(readFileSync(join(folder, file), 'utf8')).model;
}

const mergesOf = (model: TokenizerJson['model']) =>
  (model as BpeJson).merges.map((m) => (typeof m === 'string' ? m : m.join(' ')));

/** Mean logarithm of probability of a token in the best segmentation of some words. */
function likelihood(vocabulary: [string, number][], words: readonly string[]): number {
  const codePoints = (text: string) => Int32Array.from(text, (c) => c.codePointAt(0)!);
  const scores = Float64Array.from([Number.NaN, ...vocabulary.map(([, score]) => score)]);
  const lattice = new UnigramLattice({
    pieces: [new Int32Array(0), ...vocabulary.map(([p]) => codePoints(p))],
    scores,
  });
  let sum = 0;
  let tokens = 0;
  for (const word of words) {
    lattice.read(codePoints(word), 0, [...word].length);
    for (const piece of lattice.best()) {
      sum += scores[piece]!;
      tokens++;
    }
  }
  return sum / tokens;
}

describe.runIf(there)('the reference trainings', () => {
  for (const each of cases.filter(({ model }) => model === 'BPE')) {
    it(`${each.name}: the same vocabulary, and the same merges in the same order`, async () => {
      const [ours, theirs] = [(await trained(each, each.vocab)).model as BpeJson, reference(each)];
      expect(mergesOf(ours)).toEqual(mergesOf(theirs));
      expect(ours.vocab).toEqual(theirs.vocab);
    });

    if (each.fullDigest === undefined) continue;
    const { merges, sha256OfMergesJoinedByNewline } = each.fullDigest;
    it(`${each.name}: all ${merges} merges of the full run`, async () => {
      const full = mergesOf((await trained(each, each.settings.vocabSize)).model);
      expect(full).toHaveLength(merges);
      expect(createHash('sha256').update(full.join('\n')).digest('hex')).toBe(sha256OfMergesJoinedByNewline);
    });
  }

  for (const each of cases.filter(({ model }) => model === 'WordPiece')) {
    it(`${each.name}: at least 99.5 % of the tokens`, async () => {
      const theirs = Object.keys((reference(each) as WordPieceJson).vocab);
      const ours = ((await trained(each, each.vocab)).model as WordPieceJson).vocab;
      expect(Object.keys(ours)).toHaveLength(theirs.length);
      expect(theirs.filter((token) => token in ours).length / theirs.length).toBeGreaterThanOrEqual(0.995);
    });
  }

  for (const each of cases.filter(({ model }) => model === 'WordLevel')) {
    it(`${each.name}: the same words with the same ids`, async () => {
      expect(((await trained(each, each.settings.vocabSize)).model as WordPieceJson).vocab).toEqual(
        (reference(each) as WordPieceJson).vocab,
      );
    });
  }

  for (const each of cases.filter(({ model }) => model === 'Unigram')) {
    it(`${each.name}: at least 99.5 % of the pieces, and the likelihood of a token within 0.5 %`, async () => {
      const theirs = (reference(each) as UnigramJson).vocab;
      const ours = ((await trained(each, each.vocab)).model as UnigramJson).vocab;
      const pieces = new Set(ours.map(([piece]) => piece));
      expect(ours).toHaveLength(theirs.length);
      expect(theirs.filter(([piece]) => pieces.has(piece)).length / theirs.length).toBeGreaterThanOrEqual(0.995);
      const words = lines.flatMap((line) => `▁${line.normalize('NFKC').replaceAll(' ', '▁')}`.match(/▁?[^▁]*/g)!);
      const [a, b] = [likelihood(ours, words), likelihood(theirs, words)];
      expect(Math.abs(a - b) / Math.abs(b)).toBeLessThan(0.005);
    });
  }
});
