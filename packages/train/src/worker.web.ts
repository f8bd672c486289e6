// The training worker of a page: owns the engine, whose calls block their thread, and the run in the browser's private files.

import { openBundle, throwIfAborted, urlSource, YumoError } from '@yumo/core';
import { onnxruntimeWeb } from '@yumo/core/web';
import type { DataFile } from './data/readers/index.ts';
import type { TrainingEvent } from './events.ts';
import { readMemoryData } from './memory-data.ts';
import { privateFiles, privateSource } from './private-folder.web.ts';
import type { RecipeInput } from './recipe.ts';
import { parseRecipe } from './recipe-fields.ts';
import { openPrivateRun } from './run.web.ts';
import { type Notice, noteInto, runTraining } from './trainer.ts';
import { type FromWorker, sent, type ToWorker } from './worker-messages.ts';

/** A training as it is sent to the worker: data, no functions. */
export interface BrowserTraining {
  readonly recipe: RecipeInput;
  /** Where the run lies in the private files: `runs/first`. */
  readonly folder: string;
  readonly mode: 'new' | 'overwrite' | 'resume';
  /** By the names that the recipe's data have. */
  readonly files: readonly DataFile[];
  /** `init.from` of the recipe is looked for at this address, else in the private files. */
  readonly models?: string | undefined;
  /** `auto`: WebGPU when there is a graphics processor, else WebAssembly. By default the recipe's device. */
  readonly device?: 'auto' | 'webgpu' | 'wasm' | undefined;
  readonly threads?: number | undefined;
}

export interface WorkerOptions {
  /** Where the engine's files lie, ending in `/`; where the bundler put them by default. */
  readonly wasmPaths?: string;
}

/** The part of a worker's global scope that is used. */
interface WorkerScope {
  postMessage(message: FromWorker): void;
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void;
}

/** Makes this worker a training worker: the whole body of a worker's file. */
export function serveTraining(options: WorkerOptions = {}): void {
  const scope = globalThis as unknown as WorkerScope; // a dedicated worker's scope, which the types of pages do not know
  const stop = new AbortController();
  let started = false;
  let dropped = false;
  scope.addEventListener('message', ({ data }) => {
    if (data === ('drop' satisfies ToWorker)) dropped = true;
    if (data === ('stop' satisfies ToWorker) || dropped) stop.abort();
    else if (!started) {
      started = true;
      void run(data as BrowserTraining); // the client sends nothing else
    }
  });

  async function run(order: BrowserTraining): Promise<void> {
    try {
      for await (const event of trainHere(order, options, stop.signal)) {
        if (dropped) break;
        scope.postMessage({ kind: 'event', event });
        await nextTask(); // messages are heard between tasks only: a step itself blocks the thread
      }
      scope.postMessage({ kind: 'ended' });
    } catch (error) {
      scope.postMessage({ kind: 'failed', error: sent(error) });
    }
  }
}

/** Trains in this worker. @throws as `runTraining` and `openPrivateRun` */
export async function* trainHere(
  { recipe: input, folder, mode, files, models, device, threads }: BrowserTraining,
  { wasmPaths }: WorkerOptions,
  signal?: AbortSignal,
): AsyncGenerator<TrainingEvent> {
  const recipe = parseRecipe(input);
  const asked = device ?? (recipe.device === 'webgpu' || recipe.device === 'wasm' ? recipe.device : 'auto');
  const count = threads ?? recipe.threads;
  const runtime = await onnxruntimeWeb({
    device: asked,
    ...(count === undefined ? {} : { threads: count }),
    ...(wasmPaths === undefined ? {} : { wasmPaths }),
  });
  throwIfAborted(signal, folder);
  const notices: Notice[] = [];
  const data = await readMemoryData(recipe.data, files, noteInto(notices));
  if (recipe.tokenizer.kind === 'file')
    throw new YumoError(
      'CONFIG',
      'tokenizer: a page has no files by path; start from a model (init), or learn a tokenizer',
      {},
    );
  const root = await privateFiles();
  const init =
    recipe.init &&
    (await openBundle(
      models === undefined ? await placeOf(root, recipe.init.from) : urlSource(`${models}/${recipe.init.from}`),
    ));
  const opened = await openPrivateRun(root, folder, mode);
  try {
    yield* runTraining({
      recipe,
      data,
      notices,
      init,
      runtime,
      store: opened.store,
      signal,
      resume: mode === 'resume',
    });
  } finally {
    opened.close();
  }
}

async function placeOf(root: Awaited<ReturnType<typeof privateFiles>>, path: string) {
  let place = root;
  for (const name of path.split('/')) place = await place.getDirectoryHandle(name);
  return privateSource(place, path);
}

/** A task of its own. A timer would wait 4 ms after a few calls. */
function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
