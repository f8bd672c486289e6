// Work in threads: jobs go out in turn, and their answers come back in order.

import { availableParallelism } from 'node:os';
import { type Transferable, Worker } from 'node:worker_threads';
import { throwIfAborted } from '@yumo/core';

/** What a thread answers. */
export type FromThread<Answer> = { readonly answer: Answer } | { readonly failed: string; readonly code?: string };

/** Jobs that wait for each thread: it never idles, and memory stays bounded. */
const jobsPerThread = 2;

// Unbuilt sources have no file that Node could start.
const canRunWorker = import.meta.url.endsWith('.js');

export interface PoolOptions<Job, Message, Answer> {
  /** 0: in this thread. All processors but one by default. */
  readonly threads?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** The module of the thread, and what it is started with. */
  readonly worker: URL;
  readonly workerData: unknown;
  messageOf(job: Job): Message;
  /** The same in this thread. */
  here(message: Message): Answer;
  /** An error as threads tell it. */
  readonly failure?: (failed: string, code: string | undefined) => Error;
}

/** Does jobs in order. Threads are started when the first is asked for, and end with the generator. */
export async function* inThreads<Job, Message, Answer>(
  jobs: AsyncIterable<Job>,
  options: PoolOptions<Job, Message, Answer>,
): AsyncGenerator<readonly [Job, Answer]> {
  const { threads = Math.max(1, availableParallelism() - 1), signal, messageOf, here } = options;
  if (threads === 0 || !canRunWorker) {
    for await (const job of jobs) {
      throwIfAborted(signal, 'data');
      yield [job, here(messageOf(job))];
    }
    return;
  }
  const pool = Array.from({ length: threads }, () => new Thread<Message, Answer>(options));
  const waiting: Promise<readonly [Job, Answer]>[] = [];
  try {
    let turn = 0;
    for await (const job of jobs) {
      throwIfAborted(signal, 'data');
      const done = pool[turn++ % threads]!.ask(messageOf(job)).then((answer) => [job, answer] as const);
      done.catch(() => undefined); // it is told when its turn comes
      waiting.push(done);
      if (waiting.length >= threads * jobsPerThread) yield await waiting.shift()!;
    }
    for (const done of waiting) yield await done;
  } finally {
    await Promise.all(pool.map((thread) => thread.end()));
  }
}

/** Answers jobs in a thread: the other side of {@link inThreads}. */
export function answerJobs<Message, Answer>(
  port: NonNullable<typeof import('node:worker_threads').parentPort>,
  answer: (message: Message) => Answer,
  transfer: (answer: Answer) => Transferable[],
): void {
  port.on('message', (message: Message) => {
    try {
      const made = answer(message);
      port.postMessage({ answer: made } satisfies FromThread<Answer>, transfer(made));
    } catch (error) {
      const code = (error as { code?: unknown }).code;
      const failed = error instanceof Error ? error.message : String(error);
      port.postMessage({ failed, ...(typeof code === 'string' ? { code } : {}) } satisfies FromThread<Answer>);
    }
  });
}

class Thread<Message, Answer> {
  readonly #worker: Worker;
  readonly #waiting: { resolve(answer: Answer): void; reject(error: Error): void }[] = [];

  constructor({
    worker,
    workerData,
    failure = (failed) => new Error(failed),
  }: Pick<PoolOptions<unknown, Message, Answer>, 'worker' | 'workerData' | 'failure'>) {
    this.#worker = new Worker(worker, { workerData });
    this.#worker.on('message', (message: FromThread<Answer>) => {
      const next = this.#waiting.shift();
      if ('failed' in message) next?.reject(failure(message.failed, message.code));
      else next?.resolve(message.answer);
    });
    const end = (error: Error): void => {
      for (const { reject } of this.#waiting.splice(0)) reject(error);
    };
    this.#worker.on('error', end);
    this.#worker.on('exit', (code) => end(new Error(`internal: a thread ended with code ${code}`)));
  }

  ask(message: Message): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#worker.postMessage(message);
    });
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }
}
