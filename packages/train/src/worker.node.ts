// The training thread: owns the engine, whose calls block their thread, and the run's folder.

import { parentPort, workerData } from 'node:worker_threads';
import { type TrainOrder, trainHere } from './train.node.ts';
import { type FromWorker, sent, type ToWorker } from './worker-messages.ts';

if (!parentPort) throw new Error('internal: worker.node runs as a worker thread only');
const port = parentPort;
const tell = (message: FromWorker): void => port.postMessage(message);

const stop = new AbortController();
let dropped = false;
port.on('message', (message: ToWorker) => {
  if (message === 'drop') dropped = true;
  stop.abort();
});

try {
  for await (const event of trainHere(workerData as TrainOrder, stop.signal)) {
    if (dropped) break;
    tell({ kind: 'event', event });
    // Messages are heard between events: a step itself blocks the thread.
    await new Promise((resolve) => setImmediate(resolve));
  }
  tell({ kind: 'ended' });
} catch (error) {
  tell({ kind: 'failed', error: sent(error) });
} finally {
  port.close();
}
