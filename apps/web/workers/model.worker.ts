// The model inside the page: loads it once, writes, reads, translates, off the thread that draws.

import {
  type Checksums,
  type FileSource,
  isYumoError,
  type Runtime,
  streamLongText,
  TextGenerator,
  throwIfAborted,
  urlSource,
  verifiedSource,
  YumoError,
} from '@yumo/core';
import { onnxruntimeWeb } from '@yumo/core/web';
import {
  ask,
  classify,
  type Form,
  type Head,
  headOf,
  openTask,
  smallFiles,
  summarize,
  type TaskModels,
  tag,
  translate,
} from '@yumo/serve/tasks';
import { Tokenizer } from '@yumo/tokenizer';
import type { Device } from '../features/chat/settings.ts';
import type {
  BrowserEvent,
  BrowserModel,
  BrowserTaskEvent,
  FromWorker,
  GenerateMessage,
  TaskMessage,
  TaskName,
  ToWorker,
  WorkMessage,
} from './messages.ts';

const enginePath = new URL(process.env.YUMO_ENGINE_PATH ?? '', self.location.origin).href;
const engineFiles = (process.env.YUMO_ENGINE_FILES ?? '').split(' ');
const engineBytes = Number(process.env.YUMO_ENGINE_BYTES);

const post = (message: FromWorker): void => self.postMessage(message);
type AnyEvent = BrowserEvent | BrowserTaskEvent<TaskName>;
type Tell = (event: AnyEvent) => void;

/** Fetches the engine's files ahead of the engine, which tells no progress; its own requests are then answered from the browser's cache. */
async function downloadEngine(tell: Tell, signal: AbortSignal): Promise<void> {
  let loaded = 0;
  for (const file of engineFiles) {
    const response = await fetch(enginePath + file, { signal }).catch((error: unknown) => {
      throwIfAborted(signal, 'loading the engine');
      throw new YumoError('FILE', `${enginePath}${file}: the server cannot be reached`, { file }, error);
    });
    if (!response.ok)
      throw new YumoError('FILE', `${enginePath}${file}: the server answered ${response.status}`, { file });
    for (const reader = response.body?.getReader(); reader; ) {
      const { done, value } = await reader.read();
      if (done) break;
      loaded += value.length;
      tell({ kind: 'download', what: 'engine', loaded, total: engineBytes });
    }
  }
}

const cacheName = 'yumo-models';

/** The files of a model on the server: kept for use without a network, and compared with the server's checksums. */
async function sourceOf(model: string, onProgress: (path: string, loaded: number) => void): Promise<FileSource> {
  const address = new URL(`/models/${encodeURIComponent(model)}`, self.location.origin).href;
  const fetched = (): FileSource => urlSource(address, { cache: true, cacheName, onProgress });
  const source = fetched();
  const text = await source.read('checksums.json');
  const checksums = JSON.parse(new TextDecoder().decode(text)) as Checksums; // written by our server
  return verifiedSource(source, checksums, {
    fresh: async (path) => {
      await (await caches.open(cacheName)).delete(`${address}/${path}`);
      return fetched();
    },
  });
}

interface Opened {
  readonly key: string;
  readonly form: Form;
  readonly runtime: Runtime;
  /** A generator, or the model of a task. */
  readonly loaded: { dispose(): Promise<void> };
}

// One runtime a device, one model at a time: a page's memory is small.
const runtimes = new Map<Device, Promise<Runtime>>();
let current: Opened | undefined;

/** The model as it was opened last, or opened by `load`. */
async function opened<M extends Opened['loaded']>(
  { model, bytes, smallBytes, device }: BrowserModel,
  kind: Head | 'write',
  tell: Tell,
  signal: AbortSignal,
  load: (source: FileSource, runtime: Runtime, form: Form) => Promise<M>,
): Promise<Opened & { readonly loaded: M }> {
  let runtime = runtimes.get(device);
  if (!runtime) {
    await downloadEngine(tell, signal);
    runtime = onnxruntimeWeb({ device, wasmPaths: enginePath });
    runtimes.set(device, runtime);
    runtime.catch(() => runtimes.delete(device));
  }
  const ready = await runtime;
  // The products of 8-bit files have kernels on processors only.
  const small = smallBytes !== undefined && ready.name === 'wasm';
  const key = `${device} ${kind} ${model} ${small}`;
  if (current?.key === key) return current as Opened & { readonly loaded: M }; // the kind is part of the key
  await current?.loaded.dispose();
  current = undefined;
  const loadedOf = new Map<string, number>();
  const total = small ? smallBytes : bytes;
  const source = await sourceOf(model, (path, loaded) => {
    loadedOf.set(path, loaded);
    const sum = [...loadedOf.values()].reduce((a, b) => a + b, 0);
    tell({ kind: 'download', what: 'model', loaded: sum, total: Math.max(total, sum) });
  });
  tell({ kind: 'preparing' });
  const form = small ? 'small' : 'full';
  const made = { key, form, runtime: ready, loaded: await load(source, ready, form) } as const;
  current = made;
  return made;
}

const tokenizer = (json: string): Tokenizer => Tokenizer.fromJson(json);

async function* generate(message: GenerateMessage, tell: Tell, signal: AbortSignal): AsyncGenerator<AnyEvent, void> {
  const { loaded, form } = await opened(message, 'write', tell, signal, (source, runtime, form) =>
    TextGenerator.load(source, runtime, {
      tokenizer,
      signal,
      ...(form === 'small' ? { file: smallFiles.model } : {}),
    }),
  );
  yield { kind: 'opened', form };
  yield* streamLongText(loaded, message.prompt, { ...message.options, signal });
}

async function* runTask(message: TaskMessage, tell: Tell, signal: AbortSignal): AsyncGenerator<AnyEvent, void> {
  const open = async <H extends Head>(head: H): Promise<TaskModels[H]> => {
    const model = await opened(message, head, tell, signal, (source, runtime, form) =>
      openTask(head, source, runtime, { tokenizer, form, signal }),
    );
    tell({ kind: 'opened', form: model.form });
    tell({ kind: 'start', runtime: model.runtime.name });
    return model.loaded;
  };
  switch (message.task) {
    case 'ask':
      yield* ask(await open(headOf.ask), message.input, signal);
      break;
    case 'classify':
      yield* classify(await open(headOf.classify), message.input, signal);
      break;
    case 'tag':
      yield* tag(await open(headOf.tag), message.input, signal);
      break;
    case 'translate':
      yield* translate(await open(headOf.translate), message.input, signal);
      break;
    case 'summarize':
      yield* summarize(await open(headOf.summarize), message.input, signal);
  }
}

const stops = new Map<number, AbortController>();
/** Works run one after the other: a page has one model. */
let last: Promise<void> = Promise.resolve();

async function work(message: WorkMessage, signal: AbortSignal): Promise<void> {
  const { id } = message;
  const tell: Tell = (event) => post({ id, kind: 'event', event });
  try {
    throwIfAborted(signal, message.kind);
    const events = message.kind === 'generate' ? generate(message, tell, signal) : runTask(message, tell, signal);
    for await (const event of events) {
      tell(event);
      // A stop waits in the message queue, which is served between tasks only.
      await new Promise<void>((resolve) => nextTask(resolve));
    }
    post({ id, kind: 'end' });
  } catch (error) {
    if (!isYumoError(error)) console.error(error);
    post({
      id,
      kind: 'failure',
      failure: isYumoError(error)
        ? { code: error.code, message: error.message, detail: plain(error.detail) }
        : undefined,
    });
  } finally {
    stops.delete(id);
  }
}

/** Runs `work` in a task of its own. A timer would wait 4 ms after a few calls. */
const channel = new MessageChannel();
const tasks: (() => void)[] = [];
channel.port1.onmessage = () => tasks.shift()?.();
function nextTask(work: () => void): void {
  tasks.push(work);
  channel.port2.postMessage(null);
}

/** Details are JSON by contract; a copy makes sure that they can be posted. */
const plain = (detail: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  JSON.parse(JSON.stringify(detail)) as Record<string, unknown>;

self.onmessage = ({ data }: MessageEvent<ToWorker>) => {
  if (data.kind === 'stop') {
    stops.get(data.id)?.abort();
    return;
  }
  const stop = new AbortController();
  stops.set(data.id, stop);
  last = last.then(() => work(data, stop.signal));
};
