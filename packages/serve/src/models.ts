// The models of one folder: what is there, and the engines of those in use.

import type { Stats } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { architectureFor, isYumoError, suggestion, YumoError } from '@yumo/core';
import { Engine, type EngineOptions, type EngineState } from './engine.ts';
import type { Generator } from './generation.ts';

/** What can be known of a model without loading it. */
export interface ModelInfo {
  /** Its folder's name; what requests call it. */
  readonly name: string;
  /** The first heading of its card, else its name. */
  readonly title: string;
  readonly modelType: string;
  /** In tokens. */
  readonly contextLength: number;
  readonly vocabularySize: number;
  /** What a browser has to download to run it. */
  readonly bytes: number;
  /** Codes of the languages it was trained on, as its card tells them. */
  readonly languages: readonly string[];
  /** Beginnings that suit it: the examples that its card lists (`widget` in the front matter, as model hubs read it). */
  readonly openings: readonly string[];
  /** Why it cannot be used, when it cannot. */
  readonly problem?: string;
}

export interface ModelsOptions extends EngineOptions {
  /** Engines kept in memory; the least recently used idle one makes room. 2 by default. */
  readonly loadedAtMost?: number;
}

interface Entry {
  readonly engine: Promise<Engine>;
  /** The same, once it is there. */
  ready?: Engine;
}

/** A folder's name: no separators, nothing hidden. */
const namePattern = /^[\p{L}\p{N}][\p{L}\p{N}._-]*$/u;

export class Models {
  readonly folder: string;
  readonly #load: (folder: string) => Promise<Generator>;
  readonly #options: ModelsOptions;
  /** Least recently used first. */
  readonly #entries = new Map<string, Entry>();

  /** @param load Makes the generator of a model's folder. */
  constructor(folder: string, load: (folder: string) => Promise<Generator>, options: ModelsOptions = {}) {
    this.folder = folder;
    this.#load = load;
    this.#options = options;
  }

  /** Every subfolder with a `config.json`, by name. Read anew each time, so that a model trained meanwhile appears. */
  async list(): Promise<ModelInfo[]> {
    const entries = await readdir(this.folder, { withFileTypes: true }).catch(() => []);
    const names = entries.map((e) => e.name).filter((name) => namePattern.test(name));
    const infos = await Promise.all(names.sort().map((name) => describe(this.folder, name)));
    return infos.filter((info) => info !== undefined);
  }

  /** The first usable model: what a request without a name gets. @throws YumoError `FILE` when there is none. */
  async default(): Promise<string> {
    const first = (await this.list()).find((info) => info.problem === undefined);
    if (!first)
      throw new YumoError(
        'FILE',
        `${this.folder}: no model here; train one with "yumo train", or copy its folder there`,
        {
          folder: this.folder,
        },
      );
    return first.name;
  }

  /** The engine of a model, loaded at the first call. @throws YumoError `FILE` for an unknown name, `BUSY` when no engine can make room. */
  async engine(name: string): Promise<Engine> {
    const known = this.#entries.get(name);
    if (known) {
      this.#entries.delete(name);
      this.#entries.set(name, known);
      return known.engine;
    }
    const infos = await this.list();
    const info = infos.find((i) => i.name === name);
    if (!info) {
      const names = infos.map((i) => i.name);
      throw new YumoError(
        'FILE',
        `model "${name}": not in ${this.folder}${suggestion(name, names)}; there: ${names.join(', ') || 'none'}`,
        {
          model: name,
          models: names,
        },
      );
    }
    if (info.problem !== undefined)
      throw new YumoError('CHECKPOINT', `model "${name}": ${info.problem}`, { model: name });
    const other = this.#entries.get(name); // asked for by someone else while the folder was read
    if (other) return other.engine;
    return this.#start(name);
  }

  /** Whether a model was trained on turns in a form of its own. */
  async hasChatTemplate(name: string): Promise<boolean> {
    const path = (file: string): string => join(this.folder, name, file);
    if (!namePattern.test(name)) return false;
    if (await stat(path('chat_template.jinja')).catch(() => undefined)) return true;
    const text = await readFile(path('tokenizer_config.json'), 'utf8').catch(() => '{}');
    try {
      return Boolean((JSON.parse(text) as { chat_template?: unknown }).chat_template);
    } catch {
      return false;
    }
  }

  /** Whether a request would begin at once. */
  isLoaded(name: string): boolean {
    return this.#entries.get(name)?.ready !== undefined;
  }

  /** State of each engine in memory, by model name. */
  states(): Record<string, EngineState> {
    return Object.fromEntries([...this.#entries].flatMap(([name, { ready }]) => (ready ? [[name, ready.state]] : [])));
  }

  async dispose(): Promise<void> {
    const entries = [...this.#entries.values()];
    this.#entries.clear();
    await Promise.all(entries.map(({ engine }) => engine.then((e) => e.dispose()).catch(() => undefined)));
  }

  #start(name: string): Promise<Engine> {
    const gone = this.#makeRoom();
    const entry: Entry = {
      engine: gone
        .then(() => this.#load(join(this.folder, name)))
        .then((generator) => {
          const engine = new Engine(name, generator, this.#options);
          entry.ready = engine;
          return engine;
        }),
    };
    this.#entries.set(name, entry);
    entry.engine.catch(() => this.#entries.delete(name)); // the next request tries again
    return entry.engine;
  }

  async #makeRoom(): Promise<void> {
    const most = this.#options.loadedAtMost ?? 2;
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
      {
        loaded: [...this.#entries.keys()],
      },
    );
  }
}

/** undefined when the folder is not a model at all. */
async function describe(folder: string, name: string): Promise<ModelInfo | undefined> {
  const path = (file: string): string => join(folder, name, file);
  const text = await readFile(path('config.json'), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const card = await readFile(path('README.md'), 'utf8').catch(() => '');
  const plain = {
    name,
    title: /^# (.+)$/m.exec(card)?.[1]?.trim() ?? name,
    modelType: '',
    contextLength: 0,
    vocabularySize: 0,
    bytes: 0,
    languages: languagesOf(card),
    openings: openingsOf(card),
  };
  try {
    const config = JSON.parse(text) as Record<string, unknown>;
    const architecture = architectureFor(config);
    const read = architecture.readConfig(config);
    const sizes = await Promise.all(
      ['config.json', 'tokenizer.json', 'model.safetensors'].map((file) =>
        stat(path(file)).then(
          (s: Stats) => s.size,
          () => undefined,
        ),
      ),
    );
    const known = {
      ...plain,
      modelType: architecture.modelType,
      contextLength: architecture.contextLength(read),
      vocabularySize: architecture.vocabularySize(read),
      bytes: sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0),
    };
    if (sizes[1] === undefined) return { ...known, problem: 'tokenizer.json is missing' };
    return known;
  } catch (error) {
    return {
      ...plain,
      problem:
        isYumoError(error) || error instanceof SyntaxError
          ? error.message
          : `config.json cannot be read (${String(error)})`,
    };
  }
}

const frontMatter = (card: string): string => /^---\n([\s\S]*?)\n---/.exec(card)?.[1] ?? '';

/** `language:` in a card's front matter: one, a list in brackets, or a list of lines. */
function languagesOf(card: string): string[] {
  const given = /^language:([^\n]*(?:\n[ \t]*-[^\n]*)*)/m.exec(frontMatter(card))?.[1] ?? '';
  return given.match(/[a-z]{2,3}\b/g) ?? [];
}

/** `widget:` in a card's front matter: its entries `- text: …`, plain or in JSON's double quotes. */
function openingsOf(card: string): string[] {
  const front = frontMatter(card);
  const widget = /^widget:\s*\n((?:[ \t]*-.*\n?|[ \t]+.*\n?)*)/m.exec(front)?.[1] ?? '';
  const texts = [...widget.matchAll(/text:[ \t]*(.+)/g)].flatMap(([, given = '']) => {
    if (!given.startsWith('"')) return [given.trim()];
    try {
      return [String(JSON.parse(given.trim()))];
    } catch {
      return [];
    }
  });
  return texts.filter((text) => text.trim() !== '');
}
