// A Unigram vocabulary learned from words: many pieces, thinned out until the wanted number is left.
//
// Kudo 2018 (arXiv:1804.10959, §3.2): estimate the pieces' probabilities by expectation maximisation, drop the pieces whose
// loss costs the likelihood least, repeat. Constants and quirks are those of SentencePiece and of the Rust library
// `tokenizers`, so that vocabularies agree; unlike theirs, ours is the same every time, because sums run in one order.
import { type CodePointWords, codePointWords, spell } from './code-point-words.ts';
import type { Pace } from './pace.ts';
import { UnigramLattice, unknownPiece } from './unigram-lattice.ts';
import { type ScoredPieces, seedPieces } from './unigram-seeds.ts';
import type { WordCounts } from './word-counts.ts';

export interface UnigramSettings {
  /** Pieces in the end, special tokens not counted. */
  pieces: number;
  /** Size that pruning goes by; special tokens counted. */
  vocabularySize: number;
  /** In code points. */
  maxPieceLength: number;
  seedSize: number;
  /** Share of the pieces that one round of pruning leaves, at least. */
  shrinkingFactor: number;
  /** Rounds of estimation between two rounds of pruning. */
  estimations: number;
  /** Characters that are pieces even if the text has none. */
  initialAlphabet: Iterable<string>;
}

/** Expected counts below this end a piece. */
const leastExpectation = 0.5;

/** Scores are set apart by this much for characters that estimation had dropped. */
const scoreStep = 0.0001;

/** Pieces with scores, best first. Every character of the text is among them. */
export async function learnUnigram(
  words: WordCounts,
  settings: UnigramSettings,
  pace: Pace,
): Promise<[piece: string, score: number][]> {
  const text = codePointWords(words);
  const seeds = await seedPieces(text, settings.maxPieceLength, settings.seedSize, pace);
  pace.finish('seeding', seeds.pieces.length);

  // Piece 0 stands for unknown characters.
  let model: ScoredPieces = {
    pieces: [new Int32Array(0), ...seeds.pieces],
    scores: Float64Array.from([Number.NaN, ...seeds.scores]),
  };
  const enough = Math.floor((settings.vocabularySize * 11) / 10);
  for (;;) {
    for (let i = 0; i < settings.estimations; i++) model = maximise(model, await expectations(model, text, pace));
    if (model.pieces.length <= enough) break;
    const kept = Math.max(enough, Math.floor(model.pieces.length * settings.shrinkingFactor));
    const pruned = await prune(model, text, kept, pace);
    // Nothing left that could go: a character each.
    if (pruned.pieces.length >= model.pieces.length) break;
    model = pruned;
  }
  return finalise(model, text, settings);
}

/** E step: how often each piece is expected in the text. */
async function expectations(model: ScoredPieces, text: CodePointWords, pace: Pace): Promise<Float64Array> {
  const expected = new Float64Array(model.pieces.length);
  const lattice = new UnigramLattice(model);
  for (let word = 0, start = 0; word < text.ends.length; word++) {
    const end = text.ends[word]!;
    lattice.read(text.codePoints, start, end);
    lattice.expect(text.weights[word]!, expected);
    start = end;
    if ((word & 63) === 0) {
      const pause = pace.step('estimating', word, text.ends.length);
      if (pause) await pause;
    }
  }
  return expected;
}

/** M step, with the digamma function of a sparse prior instead of the logarithm (Liang & Klein, ACL 2007 tutorial). */
function maximise({ pieces }: ScoredPieces, expected: Float64Array): ScoredPieces {
  const kept: number[] = [];
  let sum = 0;
  for (let id = 1; id < pieces.length; id++) {
    if (expected[id]! < leastExpectation) continue;
    kept.push(id);
    sum += expected[id]!;
  }
  const all = digamma(sum);
  return {
    pieces: [pieces[0]!, ...kept.map((id) => pieces[id]!)],
    scores: Float64Array.from([Number.NaN, ...kept.map((id) => digamma(expected[id]!) - all)]),
  };
}

/** Keeps `size` pieces: those without alternative, then those whose loss would cost the likelihood most. */
async function prune(model: ScoredPieces, text: CodePointWords, size: number, pace: Pace): Promise<ScoredPieces> {
  const { pieces, scores } = model;
  const lattice = new UnigramLattice(model);

  const needed = new Uint8Array(pieces.length);
  const alternatives: (number[] | null)[] = [null];
  for (let id = 1; id < pieces.length; id++) {
    lattice.read(pieces[id]!, 0, pieces[id]!.length);
    const found = lattice.withoutWhole();
    needed[id] = found.needed ? 1 : 0;
    alternatives.push(found.alternative);
    if ((id & 1023) === 0) await pace.step('pruning', id, pieces.length);
  }

  const counts = new Float64Array(pieces.length);
  let words = 0;
  for (let word = 0, start = 0; word < text.ends.length; word++) {
    const end = text.ends[word]!;
    lattice.read(text.codePoints, start, end);
    for (const id of lattice.best()) counts[id]! += text.weights[word]!;
    words += text.weights[word]!;
    start = end;
    if ((word & 63) === 0) {
      const pause = pace.step('pruning', word, text.ends.length);
      if (pause) await pause;
    }
  }

  const sum = counts.reduce((a, b) => a + b, 0);
  const kept = [unknownPiece];
  const candidates: { id: number; loss: number }[] = [];
  for (let id = 1; id < pieces.length; id++) {
    const count = counts[id]!;
    const alternative = alternatives[id]!;
    if (alternative === null) {
      if (count > 0 || needed[id]) kept.push(id);
    } else if (count > 0) {
      // The piece's count goes to its alternatives. Both references add it once per piece of the vocabulary, not of the
      // alternative, to the sum of counts; the order of losses is hardly touched, and we agree with them.
      const sumWithout = Math.log(sum + count * (pieces.length - 1));
      const without = alternative.reduce((total, other) => total + Math.log(counts[other]! + count) - sumWithout, 0);
      candidates.push({ id, loss: (count / words) * (Math.log(count) - Math.log(sum) - without) });
    }
  }
  candidates.sort((a, b) => b.loss - a.loss);
  for (const { id } of candidates.slice(0, Math.max(0, size - kept.length))) kept.push(id);
  return { pieces: kept.map((id) => pieces[id]!), scores: Float64Array.from(kept, (id) => scores[id]!) };
}

/** Every character first, then pieces in the order in which pruning left them, until there are enough. */
function finalise(
  { pieces, scores }: ScoredPieces,
  text: CodePointWords,
  settings: UnigramSettings,
): [piece: string, score: number][] {
  const scored = new Map<string, number>();
  let least = Number.POSITIVE_INFINITY;
  for (let id = 1; id < pieces.length; id++) {
    scored.set(spell(pieces[id]!), scores[id]!);
    least = Math.min(least, scores[id]!);
  }
  const characters = new Set(text.codePoints);
  for (const character of settings.initialAlphabet) characters.add(character.codePointAt(0)!);
  const chosen = new Map<string, number>();
  let added = 0;
  for (const codePoint of [...characters].sort((a, b) => a - b)) {
    const character = String.fromCodePoint(codePoint);
    chosen.set(character, scored.get(character) ?? least + scoreStep * added++);
  }
  for (const [piece, score] of scored) {
    if (chosen.size >= settings.pieces) break;
    if (!chosen.has(piece)) chosen.set(piece, score);
  }
  return [...chosen].sort(([, a], [, b]) => b - a);
}

/** ψ(x), the derivative of ln Γ, for x > 0: the recurrence up to 7, then the asymptotic series around x − ½. */
function digamma(x: number): number {
  let shift = 0;
  let at = x;
  for (; at < 7; at++) shift -= 1 / at;
  const y = 1 / (at - 0.5);
  const y2 = y * y;
  const series = y2 * (1 / 24 + y2 * (-7 / 960 + y2 * (31 / 8064 - y2 * (127 / 30720))));
  return shift + Math.log(at - 0.5) + series;
}
