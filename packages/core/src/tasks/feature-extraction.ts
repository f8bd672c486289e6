// Texts as vectors.

import { type FileSource, readJsonObject } from '../checkpoint/source.ts';
import { suggestion, YumoError } from '../errors.ts';
import type { Runtime } from '../runtimes/runtime.ts';
import { type BatchOptions, HeadModel, type HeadModelOptions, type HeadOutputs } from './head-model.ts';

const poolings = ['mean', 'cls', 'last'] as const;
export type Pooling = (typeof poolings)[number];

export interface FeatureOptions extends BatchOptions {
  /** `mean`: of all tokens; `cls`: the first token's; `last`: the last token's. By default what `1_Pooling/config.json` says, else `mean`. */
  readonly pooling?: Pooling | undefined;
  /** A prompt of `config_sentence_transformers.json` by its name, such as `query`; by default the one that the file says. */
  readonly prompt?: string | undefined;
  /** What stands before each text, such as `query: `; in place of a prompt. */
  readonly prefix?: string | undefined;
  /** Vectors of length 1, so that a product is a cosine. True by default. */
  readonly normalize?: boolean | undefined;
}

export class FeatureExtractor {
  readonly model: HeadModel;
  readonly #folder: FolderSettings;

  private constructor(model: HeadModel, folder: FolderSettings) {
    this.model = model;
    this.#folder = folder;
  }

  /** @throws YumoError as `HeadModel.load`, and `CONFIG` for a pooling of the folder that is not known. */
  static async load(source: FileSource, runtime: Runtime, options: HeadModelOptions): Promise<FeatureExtractor> {
    const settings = await folderSettings(source);
    return new FeatureExtractor(await HeadModel.load(source, runtime, ['Model'], options), settings);
  }

  /** One vector a text. @throws YumoError `CONFIG` for options, and as `HeadModel.run`. */
  async run(texts: readonly string[], options: FeatureOptions = {}): Promise<Float32Array[]> {
    const { pooling = this.#folder.pooling, normalize = true, prompt, prefix, ...batch } = options;
    if (!poolings.includes(pooling))
      throw new YumoError(
        'CONFIG',
        `pooling: ${JSON.stringify(pooling)}${suggestion(String(pooling), poolings)}; known: ${poolings.join(', ')}`,
        { pooling },
      );
    const before = prefix ?? this.#prompt(prompt);
    const read = before === '' ? texts : texts.map((text) => before + text);
    // Where the model pools by itself, one vector a text leaves the engine, not one a token.
    if (pooling === 'mean' && normalize && this.model.answers('sentence_embedding')) {
      const encoded = read.map((text) => this.model.encode(text).first);
      const rows = await this.model.run(encoded, { sentence_embedding: 'text' }, batch);
      return rows.map((out) => out.sentence_embedding!.data.slice());
    }
    return (await this.tokens(read, batch)).map((states) => {
      const pooled = pool(states, pooling);
      const length = normalize ? Math.sqrt(pooled.reduce((sum, x) => sum + x * x, 0)) : 1;
      return Float32Array.from(pooled, (x) => x / (length || 1));
    });
  }

  /** The states of each text's tokens, `[tokens, size]`, special tokens included. @throws YumoError as `HeadModel.run`. */
  async tokens(texts: readonly string[], batch: BatchOptions = {}): Promise<HeadOutputs[string][]> {
    const encoded = texts.map((text) => this.model.encode(text).first);
    return (await this.model.run(encoded, { last_hidden_state: 'token' }, batch)).map((out) => out.last_hidden_state!);
  }

  dispose(): Promise<void> {
    return this.model.dispose();
  }

  #prompt(name: string | undefined): string {
    const { prompts, usual } = this.#folder;
    const asked = name ?? usual;
    if (asked === undefined) return '';
    if (!Object.hasOwn(prompts, asked))
      throw new YumoError(
        'CONFIG',
        `prompt: ${this.model.name} has no prompt "${asked}"${suggestion(asked, Object.keys(prompts))}; known: ${Object.keys(prompts).join(', ') || 'none'}`,
        { prompt: asked },
      );
    return prompts[asked]!;
  }
}

/** What sentence-transformers keeps beside a model. */
interface FolderSettings {
  readonly pooling: Pooling;
  readonly prompts: Readonly<Record<string, string>>;
  readonly usual: string | undefined;
}

const modes: Readonly<Record<string, Pooling>> = {
  pooling_mode_mean_tokens: 'mean',
  pooling_mode_cls_token: 'cls',
  pooling_mode_lasttoken: 'last',
};

async function folderSettings(source: FileSource): Promise<FolderSettings> {
  const read = async (path: string): Promise<Readonly<Record<string, unknown>>> =>
    (await source.exists(path)) ? readJsonObject(source, path) : {};
  const pooling = await read('1_Pooling/config.json');
  const asked = Object.keys(pooling).filter((name) => name.startsWith('pooling_mode_') && pooling[name] === true);
  const known = asked.length === 0 ? 'mean' : modes[asked[0]!];
  if (!known || asked.length > 1)
    throw new YumoError(
      'CONFIG',
      `${source.name}: 1_Pooling/config.json asks for ${asked.join(' and ')}, which is not supported`,
      { asked },
    );
  const { prompts, default_prompt_name: usual } = await read('config_sentence_transformers.json');
  const texts = typeof prompts === 'object' && prompts !== null ? Object.entries(prompts) : [];
  return {
    pooling: known,
    prompts: Object.fromEntries(texts.filter((p): p is [string, string] => typeof p[1] === 'string')),
    usual: typeof usual === 'string' ? usual : undefined,
  };
}

function pool({ data, shape }: HeadOutputs[string], pooling: Pooling): Float64Array {
  const [tokens, size] = shape as readonly [number, number];
  if (pooling === 'cls') return Float64Array.from(data.subarray(0, size));
  if (pooling === 'last') return Float64Array.from(data.subarray((tokens - 1) * size, tokens * size));
  const mean = new Float64Array(size);
  for (let t = 0; t < tokens; t++) for (let i = 0; i < size; i++) mean[i]! += data[t * size + i]!;
  return mean.map((sum) => sum / tokens);
}
