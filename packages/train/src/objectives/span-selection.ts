// Span selection (Glass et al. 2020, "Span Selection Pre-training for Question Answering"; Lewis et al. 2019, "Unsupervised Question Answering by Cloze Translation"): questions made of the sentences of plain text, so that a reader learns to match and to point before it sees a real one.

import { YumoError } from '@yumo/core';
import { stopWords } from '../data/cleaning/index.ts';
import { textPartsOf } from '../data/documents.ts';
import { bothParts } from '../data/kept.ts';
import type { QuestionRow } from '../data/readers/rows.ts';
import { randomBits, randomUniform, streamKey } from '../random.ts';
import type { Objective } from './objective.ts';
import { questionReading } from './question-reading.ts';

/** Sentences and words by the rules of Unicode (UAX #29); Chinese words by the dictionary of ICU. */
const sentencesOf = new Intl.Segmenter('und', { granularity: 'sentence' });
const wordsOf = new Intl.Segmenter('und', { granularity: 'word' });

/** Fewer than this leave nothing to choose between. */
const fewestSentences = 3;
/** A question of fewer words of content than this could be about any sentence. */
const fewestKept = 2;
/** Most words of an answer. */
const longestAnswer = 5;
/** Words of a question besides the one that asks: at most a number between these is kept, those nearest to the answer. */
const [shortestQuestion, longestQuestion] = [6, 24];

export type ClozeLanguage = 'en' | 'zh';

/** What an answer is, as far as its letters tell. */
type AnswerKind = 'year' | 'number' | 'name' | 'other';

/** Words that ask, by what they ask for. */
const asking: Readonly<Record<ClozeLanguage, Readonly<Record<AnswerKind, readonly string[]>>>> = {
  en: {
    year: ['when', 'in what year', 'what year'],
    number: ['how many', 'how much', 'what'],
    name: ['who', 'what', 'which', 'where'],
    other: ['what', 'what', 'what', 'which', 'what kind of', 'how'],
  },
  zh: {
    year: ['哪一年', '什么时候', '何时'],
    number: ['多少', '几'],
    name: ['谁', '什么', '哪里'],
    other: ['什么', '什么', '哪些', '哪个', '谁', '哪里', '怎么'],
  },
};

/** Words that begin no answer and end none, and tell little of the place of one. */
const functionWords: Readonly<Record<ClozeLanguage, ReadonlySet<string>>> = {
  en: new Set([
    ...stopWords('en'),
    ...'after against all also although another any because before between both during each even every few'.split(' '),
    ...'having however including into just like many more most much no nor not often only other own same several since'.split(
      ' ',
    ),
    ...'some still such than therefore thus through throughout too until upon us very well what when where whether'.split(
      ' ',
    ),
    ...'which while who whom whose why within without yet'.split(' '),
  ]),
  zh: new Set([
    ...stopWords('zh'),
    ...'等 以及 由 为 以 后 前 中 上 下 时 其 该 此 至 则 所 才 将 会 可 可以 能 能够 曾 已 已经 最 更 或者 其中'.split(
      ' ',
    ),
  ]),
};

/** A word of a sentence, or what stands between words. Offsets are UTF-16 units into the passage. */
interface Piece {
  readonly text: string;
  readonly start: number;
  readonly end: number;
  readonly isWord: boolean;
  /** Neither a function word nor a mark. */
  readonly hasContent: boolean;
}

/** A stretch of pieces of a sentence that may be asked for. */
interface Span {
  readonly first: number;
  readonly last: number;
  readonly kind: AnswerKind;
}

/** How questions are made. */
export interface Asking {
  readonly language: ClozeLanguage;
  /** Most of a passage. */
  readonly questions: number;
  /** Share of the questions whose sentence is taken out of the passage, where the answer stands in another one. */
  readonly removed: number;
}

function piecesOf(sentence: string, from: number, language: ClozeLanguage): Piece[] {
  return Array.from(wordsOf.segment(sentence), ({ segment, index, isWordLike }) => ({
    text: segment,
    start: from + index,
    end: from + index + segment.length,
    isWord: isWordLike === true,
    hasContent: isWordLike === true && !functionWords[language].has(segment.toLowerCase()),
  })).filter((piece) => piece.text.trim() !== '');
}

const isCapital = (text: string): boolean => /^\p{Lu}/u.test(text);
const isNumber = (text: string): boolean => /^\p{Nd}/u.test(text);

function kindOf(pieces: readonly Piece[]): AnswerKind {
  if (pieces.some(({ text }) => /^(1\d|20)\d\d(?!\d)/.test(text))) return 'year';
  if (pieces.some(({ text }) => isNumber(text))) return 'number';
  return pieces.every(({ text, hasContent }) => !hasContent || isCapital(text)) ? 'name' : 'other';
}

/** Does a word of content go on with the span whose first and last words these are? Names and numbers stand apart, a number with what it counts. */
function goesOn(first: string, last: string, next: string): boolean {
  if (isNumber(first)) return isNumber(last) || isNumber(next);
  return isCapital(first) ? isCapital(next) || isNumber(next) : !isCapital(next) && !isNumber(next);
}

/** Runs of words of content; one function word between capitals joins them ("University of Paris"). */
function spansOf(pieces: readonly Piece[]): Span[] {
  const spans: Span[] = [];
  for (let first = 0; first < pieces.length; first++) {
    if (!pieces[first]!.hasContent) continue;
    const begin = pieces[first]!.text;
    let last = first;
    for (;;) {
      const [next, after] = [pieces[last + 1], pieces[last + 2]];
      if (next?.hasContent && goesOn(begin, pieces[last]!.text, next.text)) last++;
      else if (isCapital(begin) && next?.isWord && !next.hasContent && after?.hasContent && isCapital(after.text))
        last += 2;
      else break;
    }
    if (last - first < longestAnswer) spans.push({ first, last, kind: kindOf(pieces.slice(first, last + 1)) });
    first = last;
  }
  return spans;
}

/** The words around an answer that a question keeps, in one of three orders. Undefined where too few are left. */
function questionOf(
  pieces: readonly Piece[],
  { first, last, kind }: Span,
  share: number,
  language: ClozeLanguage,
  key: number,
): string | undefined {
  const most = shortestQuestion + (randomBits(key ^ 0x3c6ef372, first) % (longestQuestion - shortestQuestion + 1));
  const kept = pieces
    .map((piece, i) => ({ piece, i, distance: i < first ? first - i : i - last }))
    .filter(({ piece, i, distance }) => piece.isWord && distance > 0 && randomUniform(key, i) < share)
    .sort((a, b) => a.distance - b.distance)
    .slice(0, most)
    .sort((a, b) => a.i - b.i);
  if (kept.filter(({ piece }) => piece.hasContent).length < fewestKept) return undefined;
  const words = asking[language][kind];
  const word = words[randomBits(key ^ 0x27d4eb2f, first) % words.length]!;
  const before = kept.filter(({ i }) => i < first).map(({ piece }) => piece.text);
  const after = kept.filter(({ i }) => i > last).map(({ piece }) => piece.text);
  const orders = [
    [...before, word, ...after],
    [word, ...before, ...after],
    [word, ...after, ...before],
  ];
  const order = orders[randomBits(key ^ 0x5bd1e995, last) % orders.length]!;
  return language === 'zh' ? `${order.join('')}？` : `${order.join(' ')} ?`;
}

/**
 * Questions about a passage. One of its spans is asked for: a name, a number, a run of words of content. The question is some of the other words of
 * its sentence around a word that asks. The sentence stays in the passage, where the words that it shares with the question show the place;
 * or it is taken out where the answer stands in another one too, and then words are left out only where they are too many.
 * @param key of what is drawn: another one, other questions.
 */
export function clozesOf(passage: string, { language, questions, removed }: Asking, key: number): QuestionRow[] {
  const sentences = Array.from(sentencesOf.segment(passage), ({ segment, index }) => ({
    start: index,
    end: index + segment.length,
    pieces: piecesOf(segment, index, language),
  }));
  const candidates = sentences.flatMap((sentence) => spansOf(sentence.pieces).map((span) => ({ sentence, span })));
  // People ask for names and numbers more often than for the rest.
  const ranked = candidates
    .map((candidate, i) => ({ ...candidate, at: randomUniform(key, i) * (candidate.span.kind === 'other' ? 3 : 1), i }))
    .sort((a, b) => a.at - b.at);
  const rows: QuestionRow[] = [];
  for (const { sentence, span, i } of ranked) {
    if (rows.length === questions) break;
    const own = key ^ Math.imul(i + 1, 0x9e3779b9);
    const [start, end] = [sentence.pieces[span.first]!.start, sentence.pieces[span.last]!.end];
    const text = passage.slice(start, end);
    const without = passage.slice(0, sentence.start) + passage.slice(sentence.end);
    const elsewhere = randomUniform(own, 0) < removed ? placeOf(text, without, language) : -1;
    const share = elsewhere < 0 ? Math.min(1, 0.4 + randomUniform(own, 1)) : 1;
    const question = questionOf(sentence.pieces, span, share, language, own ^ 0x1b873593);
    if (question === undefined) continue;
    rows.push({
      task: 'question-answering',
      id: '',
      title: '',
      question,
      context: elsewhere < 0 ? passage : without,
      answers: [{ text, start: elsewhere < 0 ? start : elsewhere }],
    });
  }
  return rows;
}

/** Where a span stands as whole words, −1 for nowhere. */
function placeOf(span: string, text: string, language: ClozeLanguage): number {
  const isLetter = (at: number): boolean => language === 'en' && /[\p{L}\p{Nd}]/u.test(text[at] ?? '');
  for (let at = text.indexOf(span); at >= 0; at = text.indexOf(span, at + 1))
    if (!isLetter(at - 1) && !isLetter(at + span.length)) return at;
  return -1;
}

/** Passages of at most so many sentences. Short texts give none. */
export function passagesOf(text: string, sentences: number): string[] {
  const all = Array.from(sentencesOf.segment(text.trim()), ({ segment }) => segment);
  const count = Math.ceil(all.length / sentences);
  // Of about equal length, so that no stump is left over.
  return Array.from({ length: count }, (_, i) =>
    all.slice(Math.floor((i * all.length) / count), Math.floor(((i + 1) * all.length) / count)),
  )
    .filter((passage) => passage.length >= fewestSentences)
    .map((passage) => passage.join('').trim());
}

/**
 * The passages of a text, each beside questions about it and their answers, before or after: what is hidden in the one stands in the other, so that
 * a masked language model learns to look there. A text without passages stays as it is.
 */
export function besideQuestions(text: string, sentences: number, asking: Asking, seed: number): string[] {
  const passages = passagesOf(text, sentences);
  if (passages.length === 0) return [text];
  return passages.map((passage) => {
    const key = streamKey(seed, passage);
    const asked = clozesOf(passage, asking, key).map(({ question, answers }) => `${question} ${answers[0]!.text}`);
    return (key % 2 === 0 ? [passage, ...asked] : [...asked, passage]).join('\n');
  });
}

export const spanSelection: Objective<'span-selection'> = async (given) => {
  const { recipe, note, objective } = given;
  const { language, questions, removed, sentences } = objective;
  const texts = await textPartsOf(given);
  const parts = await texts.keeper.derived(
    texts,
    JSON.stringify(['clozes', sentences, language, questions, removed, recipe.seed]),
    (text, tell, part) => {
      const passages = passagesOf(text, sentences);
      if (passages.length === 0) tell(`texts of fewer than ${fewestSentences} sentences, left out`, 1);
      const asking = { language, removed, questions: part === 'training' ? questions : 1 };
      return passages.flatMap((passage) => clozesOf(passage, asking, streamKey(recipe.seed, passage)));
    },
    note,
  );
  for (const part of bothParts)
    if (parts[part].length === 0)
      throw new YumoError(
        'DATA',
        `data: no text of the ${part} part has ${fewestSentences} sentences of which a question can be made, and span-selection asks for words of one sentence among others; give longer texts ("unit": "paragraph" reads paragraphs instead of lines)`,
        { part },
      );
  return questionReading(given, parts);
};
