// Counting words in worker threads, for pipelines whose normalizer or pre-tokenizer takes most of the time.
import { Worker } from 'node:worker_threads';
import { TokenizerError } from '../errors.ts';
import { checkRange, textGroups } from './count-words.ts';
import type { WordCounting } from './options.ts';
import { splitterOf } from './stages.ts';
import { spellUnits, WordCounts } from './word-counts.ts';

/** What a worker is asked: to count texts, numbered from `first`; or to give what it counted. */
export type CountRequest = { texts: readonly string[]; first: number } | 'finish';

/** What a worker answers: that it wants more; what it counted, words as code units with their counts and first texts. */
export type CountAnswer =
  | { words: number }
  | {
      units: Uint16Array<ArrayBuffer>;
      starts: Uint32Array<ArrayBuffer>;
      counts: Float64Array<ArrayBuffer>;
      firstTexts: Float64Array<ArrayBuffer>;
    };

/** Texts that wait at each worker, in batches: enough to keep it busy while the source is read. */
const batchesAhead = 2;

/**
 * A `counter` for the trainers: `trainWordPiece(texts, { counter: threads(4) })`. The tokenizer is the same as with one
 * thread, unless the text is so long that rare words are forgotten (`maxRemembered`, which each thread has a part of).
 *
 * Worth it for WordPiece and Unigram; byte-level BPE reads faster than texts can be handed over.
 *
 * @param count worker threads, 1 … 256.
 */
export function threads(count: number): WordCounting {
  checkRange('threads', count, 1, 256);
  return async (texts, counted, stages, options, pace) => {
    if (stages.segment !== null) {
      throw new TokenizerError(
        'ARGUMENT',
        'segment: a function cannot be handed to other threads; leave out `counter`',
      );
    }
    splitterOf(counted, stages); // its errors are for this thread
    const { maxRemembered = 2 ** 24 } = options;
    const limits = { ...options, maxRemembered: Math.max(1024, Math.floor(maxRemembered / count)) };
    const workers = Array.from({ length: count }, () => new CountingThread({ counted, stages, limits }));
    try {
      let read = 0;
      let next = 0;
      for await (const group of textGroups(texts)) {
        const worker = workers[next++ % count]!;
        await worker.ready(batchesAhead);
        worker.send({ texts: group, first: read });
        read += group.length;
        const pause = pace.step(
          'counting',
          workers.reduce((sum, { words }) => sum + words, 0),
          null,
        );
        if (pause) await pause;
      }
      const words = inFirstSeenOrder(await Promise.all(workers.map((worker) => worker.finish())));
      pace.finish('counting', words.size);
      return words;
    } finally {
      await Promise.all(workers.map((worker) => worker.end()));
    }
  };
}

type Counted = Exclude<CountAnswer, { words: number }>;

/** A worker, its queue and its failures. */
class CountingThread {
  /** Distinct words so far. */
  words = 0;
  readonly #worker: Worker;
  #waiting = 0;
  #result: Counted | null = null;
  #failure: Error | null = null;
  #changed: () => void = () => {};

  constructor(workerData: unknown) {
    // Run from source, as tests do, the worker is still the built one: Node starts no thread from TypeScript.
    const built = import.meta.url.endsWith('.ts') ? '../../dist/train/count-worker.node.js' : './count-worker.node.js';
    this.#worker = new Worker(new URL(built, import.meta.url), { workerData });
    this.#worker.on('message', (answer: CountAnswer) => {
      if ('words' in answer) {
        this.#waiting--;
        this.words = answer.words;
      } else this.#result = answer;
      this.#changed();
    });
    this.#worker.on('error', (error) => {
      this.#failure = error instanceof Error ? error : new Error(String(error));
      this.#changed();
    });
    this.#worker.on('exit', (code) => {
      this.#failure ??= new Error(`internal: a counting thread ended with code ${code}`);
      this.#changed();
    });
  }

  send(request: CountRequest): void {
    this.#waiting++;
    this.#worker.postMessage(request);
  }

  /** Waits until fewer than `most` batches wait. */
  async ready(most: number): Promise<void> {
    await this.#until(() => this.#waiting < most);
  }

  async finish(): Promise<Counted> {
    this.send('finish');
    await this.#until(() => this.#result !== null);
    return this.#result!;
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }

  async #until(done: () => boolean): Promise<void> {
    while (!done() && this.#failure === null) {
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
    }
    if (!done() && this.#failure !== null) throw this.#failure;
  }
}

/** The counts of all threads as one thread would have them: words in the order of the text in which they came first. */
function inFirstSeenOrder(parts: readonly Counted[]): WordCounts {
  const order = parts.flatMap(({ firstTexts }, part) => Array.from(firstTexts, (text, word) => ({ part, word, text })));
  order.sort((a, b) => a.text - b.text); // stable: words of one text stay in the order of their thread
  const merged = new WordCounts();
  for (const { part, word } of order) {
    const { units, starts, counts } = parts[part]!;
    const text = spellUnits(units, starts[word]!, starts[word + 1]!);
    merged.add(text, 0, text.length, counts[word]);
  }
  return merged;
}
