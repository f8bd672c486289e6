// The near side of the training thread: starts it, passes its events on, tells it to stop.

import { Worker } from 'node:worker_threads';
import { type ErrorCode, YumoError } from '@yumo/core';
import type { TrainingEvent } from './events.ts';
import type { TrainOrder } from './train.node.ts';

/** What the training thread says. */
export type FromWorker =
  | { readonly kind: 'event'; readonly event: TrainingEvent }
  | { readonly kind: 'failed'; readonly error: SentError }
  | { readonly kind: 'ended' };

/** An error as it crosses threads: classes do not. */
export interface SentError {
  readonly code?: ErrorCode;
  readonly message: string;
  readonly detail?: Readonly<Record<string, unknown>>;
  readonly stack?: string | undefined;
}

/** What it is told: end with a checkpoint, or at once. */
export type ToWorker = 'stop' | 'drop';

/** Runs an order in a thread of its own. The signal ends it with a checkpoint; leaving the loop early ends it without. */
export async function* inWorker(order: TrainOrder, signal?: AbortSignal): AsyncGenerator<TrainingEvent> {
  const worker = new Worker(new URL('./worker.node.js', import.meta.url), { workerData: order });
  const arrived: FromWorker[] = [];
  let wake = (): void => undefined;
  const arrive = (message: FromWorker): void => {
    arrived.push(message);
    wake();
  };
  const gone = new Promise<void>((resolve) => {
    worker.once('exit', (code) => {
      arrive({
        kind: 'failed',
        error: { code: 'RUNTIME', message: `the training thread ended with code ${code}`, detail: { code } },
      });
      resolve();
    });
  });
  worker.on('message', arrive);
  worker.on('error', (error: Error) =>
    arrive({ kind: 'failed', error: { message: error.message, stack: error.stack } }),
  );
  const stop = (): void => worker.postMessage('stop' satisfies ToWorker);
  if (signal?.aborted) stop();
  signal?.addEventListener('abort', stop, { once: true });
  try {
    for (;;) {
      const message = arrived.shift();
      if (!message) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        continue;
      }
      if (message.kind === 'ended') return;
      if (message.kind === 'failed') throw received(message.error);
      yield message.event;
    }
  } finally {
    signal?.removeEventListener('abort', stop);
    worker.postMessage('drop' satisfies ToWorker);
    await gone;
  }
}

function received({ code, message, detail, stack }: SentError): Error {
  const error = code ? new YumoError(code, message, detail) : new Error(message);
  if (stack) error.stack = stack;
  return error;
}
