// The other side of threads.node.ts: counts what it is sent.
import { parentPort, workerData } from 'node:worker_threads';
import { enlarged } from '../enlarged.ts';
import { type CountOptions, WordCounter } from './count-words.ts';
import { type Counted, type Stages, splitterOf } from './stages.ts';
import type { CountAnswer, CountRequest } from './threads.node.ts';
import type { WordCounts } from './word-counts.ts';

const { counted, stages, limits } = workerData as { counted: Counted; stages: Stages; limits: CountOptions };
const counter = new WordCounter(splitterOf(counted, stages), limits);

/** The number of the text in which each word came first. */
let firstTexts = new Float64Array(1024);
let known: WordCounts = counter.words;
let knownSize = 0;

function read(text: string, number: number): void {
  counter.read(text);
  const { words } = counter;
  if (known.size > firstTexts.length) firstTexts = enlarged(firstTexts, known.size);
  firstTexts.fill(number, knownSize, Math.max(knownSize, known.size));
  if (words !== known) {
    // Rare words were forgotten; the others are still in the same order.
    for (let kept = 0, old = 0; kept < words.size; old++) {
      if (known.word(old) === words.word(kept)) firstTexts[kept++] = firstTexts[old]!;
    }
  }
  known = words;
  knownSize = words.size;
}

parentPort?.on('message', (request: CountRequest) => {
  if (request === 'finish') {
    const { units, starts, counts, length, size } = counter.words;
    const answer: CountAnswer = {
      units: units.slice(0, length),
      starts: starts.slice(0, size + 1),
      counts: counts.slice(0, size),
      firstTexts: firstTexts.slice(0, size),
    };
    parentPort?.postMessage(
      answer,
      [answer.units, answer.starts, answer.counts, answer.firstTexts].map((a) => a.buffer),
    );
    return;
  }
  for (const [i, text] of request.texts.entries()) read(text, request.first + i);
  const answer: CountAnswer = { words: counter.words.size };
  parentPort?.postMessage(answer);
});
