// Training in Node: files on disk, the native engine, a worker thread, so that the process stays responsive.

import { readFile, rm, rmdir, stat } from 'node:fs/promises';
import { register } from 'node:module';
import { arch, cpus, platform, release, totalmem } from 'node:os';
import { dirname, isAbsolute, join, resolve as resolvePath } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Bundle, isModelId, isYumoError, openBundle, type Runtime, YumoError } from '@yumo/core';
import { chooseRuntime, diskSource, modelSource, writeFileAtomic } from '@yumo/core/node';
import { differentFields } from './compare.ts';
import { lossChart } from './curves.ts';
import { readTrainingData } from './data/files.node.ts';
import type { TrainingEvent } from './events.ts';
import { pngOf } from './png.node.ts';
import type { Recipe } from './recipe.ts';
import { applyOverrides, parseRecipe } from './recipe-fields.ts';
import { openRun } from './run.node.ts';
import { changeableFields, type Notice, noteInto, runTraining } from './trainer.ts';
import { inWorker } from './worker-client.node.ts';

export interface NodeTrainOptions {
  /** The run's folder. */
  readonly folder: string;
  /**
   * Where the recipe's relative paths are looked for, in this order; by default the working directory, and for a resumed run also where they
   * were looked for before.
   */
  readonly dataFolders?: readonly string[];
  /** Replaces a training that the folder holds. */
  readonly overwrite?: boolean;
  /** Ends the run with a checkpoint after the step at hand. */
  readonly signal?: AbortSignal;
  /** False: in this thread, which then answers to nothing during a step. Always so where TypeScript sources run unbuilt. */
  readonly worker?: boolean;
}

/** What a worker is told: an order without functions. */
export interface TrainOrder {
  readonly recipe: Recipe;
  readonly mode: 'new' | 'overwrite' | 'resume';
  readonly folder: string;
  readonly dataFolders: readonly string[];
}

const canRunWorker = import.meta.url.endsWith('.js');

/**
 * Trains a recipe into a folder.
 * @throws YumoError `FILE` when the folder holds a training, `BUSY` when one is running there, and all that {@link runTraining} throws.
 */
export function train(recipe: Recipe, options: NodeTrainOptions): AsyncGenerator<TrainingEvent> {
  const { folder, dataFolders = [process.cwd()], overwrite = false, signal, worker = canRunWorker } = options;
  const order: TrainOrder = { recipe, mode: overwrite ? 'overwrite' : 'new', folder, dataFolders };
  return worker ? inWorker(order, signal) : trainHere(order, signal);
}

export interface NodeResumeOptions extends Omit<NodeTrainOptions, 'overwrite'> {
  /** `steps=2000`: only of fields that do not change what was done so far. */
  readonly overrides?: readonly string[];
}

/**
 * Goes on with a run from its last checkpoint.
 * @throws YumoError `CONFIG` when an override would change what was trained so far.
 */
export async function* resume({
  folder,
  dataFolders,
  overrides = [],
  signal,
  worker = canRunWorker,
}: NodeResumeOptions): AsyncGenerator<TrainingEvent> {
  const stored = await readRecipe(folder).catch((error: unknown) => {
    if (!isYumoError(error) || error.code !== 'FILE') throw error;
    throw new YumoError(
      'FILE',
      `${folder}: no training to go on with (there is no training/recipe.json); name the folder of a run, see \`yumo runs\``,
      { folder },
      error,
    );
  });
  const refused = overrides
    .map((o) => o.split('=')[0]!.trim())
    .filter((path) => !changeableFields.includes(path.split('.')[0]!));
  if (refused.length > 0)
    throw new YumoError(
      'CONFIG',
      `${folder}: ${refused.join(', ')} cannot change in the middle of a run; only ${changeableFields.join(', ')} can. Start a new run for it`,
      { refused },
    );
  const recipe = parseRecipe(applyOverrides(stored, overrides), `${folder}/training/recipe.json`);
  const folders = dataFolders ?? [process.cwd(), ...(await keptDataFolders(folder))];
  const order: TrainOrder = { recipe, mode: 'resume', folder, dataFolders: folders };
  yield* worker ? inWorker(order, signal) : trainHere(order, signal);
}

/** Where a run looked for its data. */
async function keptDataFolders(folder: string): Promise<string[]> {
  const text = await readFile(join(folder, 'training', 'environment.json'), 'utf8').catch(() => '{}');
  const { dataFolders } = JSON.parse(text) as { dataFolders?: unknown };
  return Array.isArray(dataFolders) ? dataFolders.filter((f): f is string => typeof f === 'string') : [];
}

/** The recipe that a run was started with. @throws YumoError `FILE`, `CONFIG` */
export async function readRecipe(folder: string): Promise<Recipe> {
  return loadRecipe(join(folder, 'training', 'recipe.json'));
}

/**
 * A recipe from a file: JSON, or a module whose default export is one (.mjs, .js, .ts).
 * @throws YumoError `FILE` when it cannot be read, `CONFIG` when it is wrong.
 */
export async function loadRecipe(path: string, overrides: readonly string[] = []): Promise<Recipe> {
  return parseRecipe(applyOverrides(await readRecipeFile(path), overrides), path);
}

let registered = false;

/** Lets recipes be .ts, and import `@yumo/train` from anywhere. Unbuilt sources have no hooks that Node could load. */
function registerHooks(): void {
  if (registered || !import.meta.url.endsWith('.js')) return;
  register('./recipe-hooks.node.js', import.meta.url);
  registered = true;
}

async function readRecipeFile(path: string): Promise<unknown> {
  if (/\.(m?js|ts)$/.test(path)) {
    try {
      registerHooks();
      const module = (await import(pathToFileURL(resolvePath(path)).href)) as { default?: unknown };
      if (module.default === undefined)
        throw new YumoError('CONFIG', `${path}: no default export; write \`export default defineRecipe({ … })\``, {
          path,
        });
      return module.default;
    } catch (error) {
      if (isYumoError(error)) throw error;
      const why =
        error instanceof SyntaxError && path.endsWith('.ts')
          ? `${error.message}; if that is a type annotation, leave it out (defineRecipe knows the types), or use Node 22.18 or later`
          : String(error);
      throw new YumoError('CONFIG', `${path}: cannot be loaded: ${why}`, { path }, error);
    }
  }
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new YumoError(
      'FILE',
      `recipe ${path}: cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)})`,
      { path },
      error,
    );
  });
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new YumoError(
      'CONFIG',
      `${path}: not JSON (${error instanceof Error ? error.message : String(error)})`,
      { path },
      error,
    );
  }
}

/** Trains in this thread: what the worker runs. */
export async function* trainHere(order: TrainOrder, signal?: AbortSignal): AsyncGenerator<TrainingEvent> {
  const { recipe, mode, folder, dataFolders } = order;
  const runtime = await runtimeOf(recipe);
  // Data before the folder: a mistake in the recipe leaves no trace.
  const notices: Notice[] = [];
  const data = await readTrainingData(recipe.data, dataFolders, noteInto(notices), signal);
  const init = await openInit(recipe, dataFolders);
  const tokenizerJson =
    recipe.tokenizer.kind === 'file' ? await readTokenizer(recipe.tokenizer.path, dataFolders) : undefined;
  const training = join(folder, 'training');
  const fresh = mode === 'new' && !(await stat(training).catch(() => undefined));
  if (mode === 'new') await refuseTwice(folder, recipe);
  const run = await openRun(folder, mode, { tensorboard: recipe.tensorboard });
  let began = false;
  try {
    const resume = mode === 'resume';
    const job = { recipe, data, notices, tokenizerJson, init, runtime, store: run.store, signal, resume };
    for await (const event of runTraining(job)) {
      if (event.kind !== 'preparing' && !began) {
        began = true;
        const facts = `${JSON.stringify(environment(runtime, dataFolders), null, 2)}\n`;
        await run.store.writeFiles({ 'training/environment.json': facts });
      }
      if (event.kind === 'done') {
        const chart = lossChart(await run.store.events(), recipe.name);
        await writeFileAtomic(join(training, 'curves.png'), pngOf(chart));
      }
      yield event;
    }
  } finally {
    await run.close();
    if (fresh && !began) await removeTraces(folder);
  }
}

/** @throws YumoError `FILE` when the folder holds a training of another recipe, saying what differs. The same recipe is refused by the run itself. */
async function refuseTwice(folder: string, recipe: Recipe): Promise<void> {
  const stored = await readRecipe(folder).catch(() => undefined);
  if (!stored) return;
  const shown = (value: unknown): string => (value === undefined ? 'absent' : JSON.stringify(value));
  const differences = differentFields([stored, recipe]).map(
    ({ path, values }) => `${path} is ${shown(values[0])} there, ${shown(values[1])} here`,
  );
  if (differences.length > 0)
    throw new YumoError(
      'FILE',
      `${folder}: the folder holds a training already, of another recipe (${differences.slice(0, 5).join('; ')}${differences.length > 5 ? ` and ${differences.length - 5} more` : ''}); go on with it by \`yumo resume ${folder}\`, choose another --out, or replace it with --overwrite`,
      { folder, differences },
    );
}

/** After a mistake that only the model or the data could show: nothing was trained, nothing stays. */
async function removeTraces(folder: string): Promise<void> {
  await rm(join(folder, 'training'), { recursive: true, force: true });
  await rmdir(folder).catch(() => undefined); // something of the user's is there
}

/** The engine that a recipe asks for. */
export async function runtimeOf({ device, threads }: Recipe): Promise<Runtime> {
  if (device === 'wasm')
    throw new YumoError('RUNTIME', 'device: wasm is for browsers; in Node use cpu, which is faster', { device });
  const { runtime } = await chooseRuntime({ device, ...(threads === undefined ? {} : { threads }) }); // GPUs are checked first
  return runtime;
}

/** The model that a recipe starts from: a folder by its path, in the working directory or among the data. @throws YumoError `FILE` */
export async function openInit({ init }: Recipe, folders: readonly string[]): Promise<Bundle | undefined> {
  if (!init) return undefined;
  const places = isAbsolute(init.from)
    ? [init.from]
    : [...new Set([resolvePath(init.from), ...folders.map((f) => join(f, init.from))])];
  for (const place of places)
    if ((await stat(join(place, 'config.json')).catch(() => undefined))?.isFile()) return openBundle(diskSource(place));
  const run = /^runs\/(.+)$/.exec(init.from)?.[1]; // a training's own folder, and no repository of the hub
  if (run === undefined && isModelId(init.from)) return openBundle(modelSource(init.from));
  const train = run === undefined ? 'train it first' : `train it first (\`yumo train ${run}\`)`;
  throw new YumoError(
    'FILE',
    `init.from: no model in ${places.join(', ')}; ${train}, or give its folder by --init.from`,
    {
      from: init.from,
      places,
    },
  );
}

/** The text of a tokenizer.json, by its own path or that of its folder. @throws YumoError `FILE` */
export async function readTokenizer(path: string, folders: readonly string[], who = 'tokenizer.path'): Promise<string> {
  const places = (isAbsolute(path) ? [path] : folders.map((f) => join(f, path))).flatMap((p) => [
    p,
    join(p, 'tokenizer.json'),
  ]);
  for (const place of places) {
    const status = await stat(place).catch(() => undefined);
    if (status?.isFile()) return readFile(place, 'utf8');
  }
  throw new YumoError('FILE', `${who}: no file ${places.join(', ')}`, { path });
}

const environment = (runtime: Runtime, dataFolders: readonly string[]): Record<string, unknown> => ({
  started: new Date().toISOString(),
  node: process.version,
  platform: `${platform()} ${release()} ${arch()}`,
  processor: cpus()[0]?.model.trim() ?? '',
  processors: cpus().length,
  memoryBytes: totalmem(),
  runtime: runtime.description,
  dataFolders: dataFolders.map((f) => resolvePath(f)),
});

/** Where a recipe file's own data may lie: beside it, and in `data/` beside it. */
export const recipeFolders = (path: string): string[] => [
  dirname(resolvePath(path)),
  join(dirname(resolvePath(path)), 'data'),
];
