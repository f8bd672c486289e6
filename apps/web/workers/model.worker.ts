// The model inside the page: loads it once, continues texts, off the thread that draws.

import {
  isYumoError,
  type Runtime,
  streamLongText,
  TextGenerator,
  throwIfAborted,
  urlSource,
  YumoError,
} from '@yumo/core';
import { onnxruntimeWeb } from '@yumo/core/web';
import { Tokenizer } from '@yumo/tokenizer';
import type { Device } from '../features/chat/settings.ts';
import type { BrowserEvent, FromWorker, GenerateMessage, ToWorker } from './messages.ts';

const enginePath = new URL(process.env.YUMO_ENGINE_PATH ?? '', self.location.origin).href;
const engineFiles = (process.env.YUMO_ENGINE_FILES ?? '').split(' ');
const engineBytes = Number(process.env.YUMO_ENGINE_BYTES);

const post = (message: FromWorker): void => self.postMessage(message);
type Tell = (event: BrowserEvent) => void;

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

// One runtime a device, one model at a time: a page's memory is small.
const runtimes = new Map<Device, Promise<Runtime>>();
let current: { readonly key: string; readonly generator: TextGenerator } | undefined;

async function generatorFor(
  { model, bytes, device }: GenerateMessage,
  tell: Tell,
  signal: AbortSignal,
): Promise<TextGenerator> {
  const key = `${device} ${model}`;
  if (current?.key === key) return current.generator;
  let runtime = runtimes.get(device);
  if (!runtime) {
    await downloadEngine(tell, signal);
    runtime = onnxruntimeWeb({ device, wasmPaths: enginePath });
    runtimes.set(device, runtime);
    runtime.catch(() => runtimes.delete(device));
  }
  await current?.generator.dispose();
  current = undefined;
  const loadedOf = new Map<string, number>();
  const source = urlSource(new URL(`/models/${encodeURIComponent(model)}`, self.location.origin).href, {
    cache: true,
    onProgress(path, loaded) {
      loadedOf.set(path, loaded);
      const sum = [...loadedOf.values()].reduce((a, b) => a + b, 0);
      tell({ kind: 'download', what: 'model', loaded: sum, total: Math.max(bytes, sum) });
    },
  });
  const ready = await runtime;
  tell({ kind: 'preparing' });
  const generator = await TextGenerator.load(source, ready, { tokenizer: (json) => Tokenizer.fromJson(json), signal });
  current = { key, generator };
  return generator;
}

const stops = new Map<number, AbortController>();
/** Generations run one after the other: a page has one writer. */
let last: Promise<void> = Promise.resolve();

async function generate(message: GenerateMessage, signal: AbortSignal): Promise<void> {
  const { id, prompt, options } = message;
  const tell: Tell = (event) => post({ id, kind: 'event', event });
  try {
    throwIfAborted(signal, 'generate');
    const generator = await generatorFor(message, tell, signal);
    for await (const event of streamLongText(generator, prompt, { ...options, signal })) {
      tell(event);
      // A stop waits in the message queue, which is served between tasks only.
      if (event.kind === 'token') await new Promise<void>((resolve) => nextTask(resolve));
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
  last = last.then(() => generate(data, stop.signal));
};
