// The engines of the table, and how each is driven: in a process or a browser of its own, so that one that hangs or dies costs a cell and no more.

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { type Browser, chromium, type Page } from 'playwright-core';
import { type Bundle, bundle, pageServer } from './bundle.ts';
import { chromiumPath } from './chromium.ts';
import type { Cell, Outcome } from './measure.ts';
import type { ParityPage } from './page.ts';

export interface Column {
  readonly label: string;
  readonly place: 'Node' | 'Chromium';
  /** As its program (`programOf`) names it. */
  readonly engine: string;
  /** Computes by shaders, whose sin and cos are less exact. */
  readonly graphics?: true;
  /** What it refuses by design, in its words. */
  readonly refuses?: { readonly words: RegExp; readonly why: string };
}

const integersAsFloats = {
  words: /^tfjs-web(gl|gpu): .* this backend keeps integers as float32, exact up to 2²⁴/,
  why: 'cases with integers beyond 2²⁴ are refused, since its shaders compute on integers as float32',
};

export const columns: readonly Column[] = [
  { label: 'onnxruntime cpu, Node', place: 'Node', engine: 'cpu' },
  { label: 'onnxruntime webgpu, Node', place: 'Node', engine: 'webgpu', graphics: true },
  { label: 'onnxruntime-web wasm, Node', place: 'Node', engine: 'wasm' },
  { label: 'onnxruntime-web wasm, Chromium', place: 'Chromium', engine: 'wasm' },
  { label: 'onnxruntime-web webgpu, Chromium', place: 'Chromium', engine: 'webgpu', graphics: true },
  { label: 'tfjs cpu, Node', place: 'Node', engine: 'tfjs-cpu' },
  { label: 'tfjs wasm, Node', place: 'Node', engine: 'tfjs-wasm' },
  { label: 'tfjs webgl, Chromium', place: 'Chromium', engine: 'tfjs-webgl', graphics: true, refuses: integersAsFloats },
  {
    label: 'tfjs webgpu, Chromium',
    place: 'Chromium',
    engine: 'tfjs-webgpu',
    graphics: true,
    refuses: integersAsFloats,
  },
];

/** The program that measures a column. */
export const programOf = ({ place, engine }: Column): Promise<Bundle> => {
  const kind = engine.startsWith('tfjs') ? 'tfjs' : 'onnxruntime';
  return place === 'Node' ? bundle(`node-${kind}.ts`, 'node') : bundle(`page-${kind}.ts`, 'browser');
};

/** Seconds that a cell may take, starting the engine for the first one included; software that plays a GPU takes a minute for the gradients of a model. */
const limit = 300;
const tooLong = `timed out after ${limit} s`;

const unanswered = 'no answer: ';
/** The engine hung or died, or was stopped with the run: not in its own words, and tried again the next time. */
export const isUnanswered = (outcome: Outcome): boolean => String(outcome).startsWith(unanswered);

/** An engine that was started. `measure` rejects when it hangs, dies or closes; then a new one is needed. */
interface Driver extends AsyncDisposable {
  measure(cell: Cell): Promise<Outcome>;
}

/** The engine cannot be opened on this machine; the message says why. */
export class Absent extends Error {}

async function inTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(tooLong)), limit * 1000);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
    work.catch(() => undefined); // nobody waits for it any more
  }
}

/** Chromium's package brings a Vulkan driver in software, and the library that loads it. */
const driver = '/usr/lib/chromium/vk_swiftshader_icd.json';

/** Variables that onnxruntime in Node finds a Vulkan driver by; they must be there when the process begins. */
function vulkan(): NodeJS.ProcessEnv {
  const { VK_DRIVER_FILES, VK_ICD_FILENAMES, LD_LIBRARY_PATH } = process.env;
  if (VK_DRIVER_FILES ?? VK_ICD_FILENAMES) return process.env;
  if (!existsSync(driver)) throw new Absent('no Vulkan driver');
  const libraries = [LD_LIBRARY_PATH, dirname(driver)].filter(Boolean).join(':');
  return { ...process.env, VK_ICD_FILENAMES: driver, LD_LIBRARY_PATH: libraries };
}

/** How a process ended, in a line. */
const ended = (child: ChildProcess, errors: string): string => {
  const last = errors.trim().split('\n').at(-1);
  return `the process ended (${child.signalCode ?? `exit ${child.exitCode}`})${last ? `: ${last}` : ''}`.slice(0, 300);
};

async function inProcess(column: Column, todo: readonly Cell[]): Promise<Driver> {
  const { engine } = column;
  const env = engine === 'webgpu' ? vulkan() : process.env;
  const { program } = await programOf(column);
  const child = spawn(process.execPath, [program, engine, JSON.stringify(todo)], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let errors = '';
  child.stderr.on('data', (text) => {
    errors += text;
  });
  const closed = new Promise<void>((done) => child.once('close', () => done()));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<{ outcome?: Outcome; absent?: string }> => {
    for (;;) {
      const { done, value } = await inTime(lines.next());
      if (done) {
        await closed;
        throw new Error(ended(child, errors));
      }
      if (value.startsWith('{')) return JSON.parse(value); // engines print lines of their own
    }
  };
  const close = async (): Promise<void> => {
    child.kill('SIGKILL');
    await closed;
  };
  try {
    const { absent } = await next();
    if (absent !== undefined) throw new Absent(absent);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    measure: async () => (await next()).outcome ?? null, // in the order of `todo`
    [Symbol.asyncDispose]: close,
  };
}

/** A page of a browser of its own, with a program of this folder in it, which is there when it has set a global name. */
export async function openPage(
  entry: string | Bundle,
  name: string,
): Promise<AsyncDisposable & { readonly page: Page }> {
  if (!chromiumPath) throw new Absent('no Chromium');
  const { program } = typeof entry === 'string' ? await bundle(entry, 'browser') : entry;
  const server = await pageServer(program);
  let browser: Browser | undefined;
  const close = async (): Promise<void> => {
    // A page in an endless loop answers no request to close; the browser is closed from outside.
    await browser?.close();
    await server[Symbol.asyncDispose]();
  };
  try {
    browser = await chromium.launch({ executablePath: chromiumPath, args: ['--no-sandbox', '--enable-unsafe-webgpu'] });
    const page = await browser.newPage();
    await page.goto(server.address);
    await page.waitForFunction(`${JSON.stringify(name)} in globalThis`);
    return { page, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function inPage(column: Column): Promise<Driver> {
  const { engine } = column;
  const opened = await openPage(await programOf(column), 'parity');
  const { page } = opened;
  try {
    const absent = await inTime(
      page.evaluate((name) => (globalThis as unknown as { parity: ParityPage }).parity.open(name), engine),
    );
    if (absent !== undefined) throw new Absent(absent);
  } catch (error) {
    await opened[Symbol.asyncDispose]();
    throw error;
  }
  return {
    measure: (cell) =>
      inTime(page.evaluate((c) => (globalThis as unknown as { parity: ParityPage }).parity.measure(c), cell)),
    [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
  };
}

/** Measures cells one after another; after one that hangs or ends the engine, a new engine goes on with the next. @throws Absent */
export async function* measureColumn(
  column: Column,
  todo: readonly Cell[],
): AsyncGenerator<{ readonly cell: Cell; readonly outcome: Outcome }> {
  let open: Driver | undefined;
  try {
    for (const [at, cell] of todo.entries()) {
      let outcome: Outcome;
      try {
        open ??= column.place === 'Node' ? await inProcess(column, todo.slice(at)) : await inPage(column);
        outcome = await open.measure(cell);
      } catch (error) {
        if (error instanceof Absent) throw error;
        const message = error instanceof Error ? error.message : String(error);
        outcome = `${unanswered}${message.split('\n')[0]!.slice(0, 300)}`;
        await open?.[Symbol.asyncDispose]();
        open = undefined;
      }
      yield { cell, outcome };
    }
  } finally {
    await open?.[Symbol.asyncDispose]();
  }
}
