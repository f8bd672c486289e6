// Work done by the model in this page: a worker that is started at the first one.

import type { Failure, Sampling } from '@yumo/serve/client';
import type {
  BrowserEvent,
  BrowserModel,
  BrowserTaskEvent,
  FromWorker,
  TaskInputs,
  TaskMessage,
  TaskName,
  ToWorker,
  WorkMessage,
} from '../../workers/messages.ts';

/** What the worker failed with; undefined failure: a bug of ours. */
export class BrowserModelError extends Error {
  readonly failure: Failure | undefined;
  constructor(failure: Failure | undefined) {
    super(failure?.message ?? 'the model worker failed');
    this.failure = failure;
  }
}

interface Listener {
  message(message: FromWorker): void;
  crash(): void;
}

let worker: Worker | undefined;
let count = 0;
const listeners = new Map<number, Listener>();

function start(): Worker {
  const made = new Worker(new URL('../../workers/model.worker.ts', import.meta.url), { type: 'module' });
  made.onmessage = ({ data }: MessageEvent<FromWorker>) => listeners.get(data.id)?.message(data);
  made.onerror = () => {
    // A worker that did not load, or ran out of memory: a new one next time.
    worker = undefined;
    for (const listener of [...listeners.values()]) listener.crash();
  };
  return made;
}

type Event = (FromWorker & { kind: 'event' })['event'];

/** Ends when the work does, or throws {@link BrowserModelError}. A stopped work may end either way. */
async function* inBrowser(make: (id: number) => WorkMessage, signal: AbortSignal): AsyncGenerator<Event, void> {
  worker ??= start();
  const own = worker;
  const id = ++count;
  const queue: FromWorker[] = [];
  let wake = (): void => undefined;
  let crashed = false;
  listeners.set(id, {
    message(message) {
      queue.push(message);
      wake();
    },
    crash() {
      crashed = true;
      wake();
    },
  });
  const say = (message: ToWorker): void => own.postMessage(message);
  const stop = (): void => say({ kind: 'stop', id });
  signal.addEventListener('abort', stop, { once: true });
  say(make(id));
  if (signal.aborted) stop();
  try {
    for (;;) {
      const message = queue.shift();
      if (message?.kind === 'event') yield message.event;
      else if (message?.kind === 'end') return;
      else if (message?.kind === 'failure') throw new BrowserModelError(message.failure);
      else if (crashed) throw new BrowserModelError(undefined);
      else
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    }
  } finally {
    stop();
    signal.removeEventListener('abort', stop);
    listeners.delete(id);
  }
}

/** A continuation. After a stop the last event is `done` with reason `aborted`. */
export const writeInBrowser = (
  request: BrowserModel & { readonly prompt: string; readonly options: Sampling },
  signal: AbortSignal,
): AsyncGenerator<BrowserEvent, void> =>
  // The events are those of what was asked for.
  inBrowser((id) => ({ kind: 'generate', id, ...request }), signal) as AsyncGenerator<BrowserEvent, void>;

export const runInBrowser = <T extends TaskName>(
  model: BrowserModel,
  task: T,
  input: TaskInputs[T],
  signal: AbortSignal,
): AsyncGenerator<BrowserTaskEvent<T>, void> =>
  // As above; the message's task and input belong together by the signature.
  inBrowser((id) => ({ kind: 'task', id, task, input, ...model }) as TaskMessage, signal) as AsyncGenerator<
    BrowserTaskEvent<T>,
    void
  >;
