// The near side of the training thread: starts it, passes its events on, tells it to stop.

import { Worker } from 'node:worker_threads';
import type { TrainingEvent } from './events.ts';
import type { TrainOrder } from './train.node.ts';
import { Arrivals, type ToWorker } from './worker-messages.ts';

/** Runs an order in a thread of its own. The signal ends it with a checkpoint; leaving the loop early ends it without. */
export async function* inWorker(order: TrainOrder, signal?: AbortSignal): AsyncGenerator<TrainingEvent> {
  const worker = new Worker(new URL('./worker.node.js', import.meta.url), { workerData: order });
  const arrivals = new Arrivals();
  const gone = new Promise<void>((resolve) => {
    worker.once('exit', (code) => {
      arrivals.push({
        kind: 'failed',
        error: { code: 'RUNTIME', message: `the training thread ended with code ${code}`, detail: { code } },
      });
      resolve();
    });
  });
  worker.on('message', (message) => arrivals.push(message));
  worker.on('error', (error: Error) =>
    arrivals.push({ kind: 'failed', error: { message: error.message, stack: error.stack } }),
  );
  const stop = (): void => worker.postMessage('stop' satisfies ToWorker);
  if (signal?.aborted) stop();
  signal?.addEventListener('abort', stop, { once: true });
  try {
    yield* arrivals.events();
  } finally {
    signal?.removeEventListener('abort', stop);
    worker.postMessage('drop' satisfies ToWorker);
    await gone;
  }
}
