// The models of a few folders: what is there, and the engines of those in use.

import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { suggestion, YumoError } from '@yumo/core';
import { Engine, type EngineOptions, type EngineState, TaskEngine } from './engine.ts';
import type { Generator } from './generation.ts';
import { describeModel, type ModelInfo } from './model-info.ts';
import type { QueueState } from './queue.ts';
import { type Head, headOf, type Task, type TaskModels } from './tasks/open.ts';

export interface ModelsOptions extends EngineOptions {
  /** Models kept in memory; the least recently used idle one makes room. 3 by default. */
  readonly loadedAtMost?: number;
}

/** Makes what an engine drives from a model's folder. */
export interface Loaders {
  generator(folder: string): Promise<Generator>;
  task<H extends Head>(folder: string, head: H): Promise<{ readonly model: TaskModels[H]; readonly runtime: string }>;
}

type AnyEngine = Engine | TaskEngine;

interface Entry {
  /** What kind of engine: `write`, or the head of a task. */
  readonly kind: 'write' | Head;
  readonly engine: Promise<AnyEngine>;
  /** The same, once it is there. */
  ready?: AnyEngine;
  /** Of the files that it was made of. */
  readonly stamp: string;
}

/** A folder's name: no separators, nothing hidden. */
export const namePattern = /^[\p{L}\p{N}][\p{L}\p{N}._-]*$/u;

export class Models {
  /** Looked through in this order; of two models with one name the first one counts. */
  readonly folders: readonly string[];
  readonly #loaders: Loaders;
  readonly #options: ModelsOptions;
  /** Least recently used first. */
  readonly #entries = new Map<string, Entry>();

  constructor(folders: readonly string[], loaders: Loaders, options: ModelsOptions = {}) {
    this.folders = folders;
    this.#loaders = loaders;
    this.#options = options;
  }

  /** Every subfolder with a `config.json`, folder by folder, by name. Read anew each time, so that a model trained meanwhile appears. */
  async list(): Promise<ModelInfo[]> {
    const seen = new Set<string>();
    const found: Promise<ModelInfo | undefined>[] = [];
    for (const folder of this.folders) {
      const entries = await readdir(folder).catch(() => []);
      for (const name of entries.filter((n) => namePattern.test(n) && !seen.has(n)).sort()) {
        seen.add(name);
        found.push(describeModel(folder, name));
      }
    }
    return (await Promise.all(found)).filter((info) => info !== undefined);
  }

  /** The folder of a model; undefined when there is none of that name. */
  async folderOf(name: string): Promise<string | undefined> {
    if (!namePattern.test(name)) return undefined;
    for (const folder of this.folders)
      if (
        await stat(join(folder, name)).then(
          (s) => s.isDirectory(),
          () => false,
        )
      )
        return join(folder, name);
    return undefined;
  }

  /** The first usable model for a task: what a request without a name gets. @throws YumoError `FILE` when there is none. */
  async default(task: Task = 'write'): Promise<string> {
    const first = (await this.list()).find((info) => info.problem === undefined && info.tasks.includes(task));
    if (!first)
      throw new YumoError(
        'FILE',
        `${this.folders.join(', ')}: no model here that can ${task}; train one with "yumo train", or copy its folder there`,
        { folders: this.folders, task },
      );
    return first.name;
  }

  /** The engine of a model that writes, loaded at the first call. @throws YumoError `FILE` for an unknown name, `USAGE` for a model of another kind, `BUSY` when no engine can make room. */
  async engine(name: string): Promise<Engine> {
    const engine = await this.#engine(name, 'write', 'write');
    if (engine instanceof Engine) return engine;
    throw new Error(`internal: ${name} has an engine of another kind`);
  }

  /** The engine of a model for a task. @throws YumoError as {@link engine}. */
  async taskEngine<T extends keyof typeof headOf>(name: string, task: T): Promise<TaskEngine<(typeof headOf)[T]>> {
    const engine = await this.#engine(name, task, headOf[task]);
    if (engine instanceof TaskEngine && engine.head === headOf[task]) return engine as TaskEngine<(typeof headOf)[T]>; // its head was just compared
    throw new Error(`internal: ${name} has an engine of another kind`);
  }

  /** Whether a request would begin at once. */
  isLoaded(name: string): boolean {
    return this.#entries.get(name)?.ready !== undefined;
  }

  /** State of each engine in memory, by model name. */
  states(): Record<string, EngineState | QueueState> {
    return Object.fromEntries([...this.#entries].flatMap(([name, { ready }]) => (ready ? [[name, ready.state]] : [])));
  }

  async dispose(): Promise<void> {
    const entries = [...this.#entries.values()];
    this.#entries.clear();
    await Promise.all(entries.map(({ engine }) => engine.then((e) => e.dispose()).catch(() => undefined)));
  }

  async #engine(name: string, task: Task, kind: Entry['kind']): Promise<AnyEngine> {
    const folder = await this.folderOf(name);
    const stamp = folder === undefined ? '' : await stampOf(folder);
    const known = this.#entries.get(name);
    if (known && known.kind === kind && known.stamp === stamp) {
      this.#entries.delete(name);
      this.#entries.set(name, known);
      return known.engine;
    }
    const infos = await this.list();
    const info = infos.find((i) => i.name === name);
    if (!info || folder === undefined) {
      const names = infos.map((i) => i.name);
      throw new YumoError(
        'FILE',
        `model "${name}": not in ${this.folders.join(', ')}${suggestion(name, names)}; there: ${names.join(', ') || 'none'}`,
        { model: name, models: names },
      );
    }
    if (info.problem !== undefined)
      throw new YumoError('CHECKPOINT', `model "${name}": ${info.problem}`, { model: name });
    if (!info.tasks.includes(task)) {
      const fitting = infos.filter((i) => i.tasks.includes(task)).map((i) => i.name);
      throw new YumoError(
        'USAGE',
        `model "${name}" cannot ${task}; it can ${info.tasks.join(', ') || 'do nothing that is served here'}; use ${fitting.join(' or ') || 'another model'}`,
        { model: name, task, models: fitting },
      );
    }
    const other = this.#entries.get(name); // asked for by someone else while the folder was read
    if (other && other.kind === kind && other.stamp === stamp) return other.engine;
    return this.#start(name, folder, kind, stamp);
  }

  #start(name: string, folder: string, kind: Entry['kind'], stamp: string): Promise<AnyEngine> {
    const old = this.#entries.get(name);
    this.#entries.delete(name);
    // Trained anew under the same name: who is served still gets the old one, until it is gone.
    void old?.engine.then((engine) => engine.dispose()).catch(() => undefined);
    const room = this.#makeRoom();
    const made = async (): Promise<AnyEngine> => {
      await room;
      if (kind === 'write') return new Engine(name, await this.#loaders.generator(folder), this.#options);
      const { model, runtime } = await this.#loaders.task(folder, kind);
      return new TaskEngine(name, kind, model, runtime, this.#options);
    };
    const entry: Entry = {
      kind,
      stamp,
      engine: made().then((engine) => {
        entry.ready = engine;
        return engine;
      }),
    };
    this.#entries.set(name, entry);
    // The next request tries again.
    entry.engine.catch(() => this.#entries.get(name) === entry && this.#entries.delete(name));
    return entry.engine;
  }

  async #makeRoom(): Promise<void> {
    const most = this.#options.loadedAtMost ?? 3;
    if (this.#entries.size < most) return;
    for (const [name, { ready }] of this.#entries) {
      if (!ready || ready.state.active + ready.state.waiting > 0) continue;
      this.#entries.delete(name);
      await ready.dispose();
      return;
    }
    throw new YumoError(
      'BUSY',
      `models: all ${most} in memory are in use; try again, or use one of ${[...this.#entries.keys()].join(', ')}`,
      { loaded: [...this.#entries.keys()] },
    );
  }
}

/** Changes when the model in a folder does. */
async function stampOf(folder: string): Promise<string> {
  const files = ['config.json', 'tokenizer.json', 'model.safetensors', 'model.safetensors.index.json'];
  const found = await Promise.all(files.map((file) => stat(join(folder, file)).catch(() => undefined)));
  return found.map((s) => (s ? `${s.size}-${s.mtimeMs}` : '')).join(' ');
}
