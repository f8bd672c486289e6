// The page's side of a training: tells a worker what to train, and passes its events on.

import type { TrainingEvent } from './events.ts';
import type { BrowserTraining } from './worker.web.ts';
import { Arrivals, type FromWorker, type ToWorker } from './worker-messages.ts';

/** The part of a `Worker` that is used. */
export interface TrainingWorker {
  postMessage(message: unknown): void;
  addEventListener(type: 'message', listener: (event: { readonly data: FromWorker }) => void): void;
  addEventListener(type: 'error', listener: (event: { readonly message?: string }) => void): void;
  terminate(): void;
}

/**
 * Trains in a worker whose file calls `serveTraining`, and ends it afterwards. The signal ends the training with a checkpoint after the step
 * at hand; leaving the loop early ends it at once: the last checkpoint stays.
 * @throws YumoError what the training throws
 */
export async function* trainInWorker(
  worker: TrainingWorker,
  training: BrowserTraining,
  signal?: AbortSignal,
): AsyncGenerator<TrainingEvent> {
  const arrivals = new Arrivals();
  worker.addEventListener('message', ({ data }) => arrivals.push(data));
  worker.addEventListener('error', ({ message }) =>
    arrivals.push({
      kind: 'failed',
      error: { code: 'RUNTIME', message: `the training worker failed: ${message ?? 'its file cannot be loaded'}` },
    }),
  );
  const stop = (): void => worker.postMessage('stop' satisfies ToWorker);
  signal?.addEventListener('abort', stop, { once: true });
  try {
    worker.postMessage(training);
    if (signal?.aborted) stop();
    yield* arrivals.events();
  } finally {
    signal?.removeEventListener('abort', stop);
    worker.terminate();
  }
}
