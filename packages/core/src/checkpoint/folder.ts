// A bundle: the folder of a model in Hugging Face's layout.

import { YumoError } from '../errors.ts';
import { readSafetensors, type TensorFile } from './safetensors.ts';
import { readShards } from './shards.ts';
import { type FileSource, readJsonObject, readText } from './source.ts';

export interface Bundle {
  readonly source: FileSource;
  /** config.json as it stands. */
  readonly config: Readonly<Record<string, unknown>>;
  /** generation_config.json; empty when there is none. */
  readonly generationConfig: Readonly<Record<string, unknown>>;
  /** The text of tokenizer.json. @throws YumoError `FILE` */
  tokenizerJson(): Promise<string>;
  /** model.safetensors, or the shards of its index. @throws YumoError `FILE`, `CHECKPOINT` */
  weights(options?: { readonly signal?: AbortSignal }): Promise<TensorFile>;
}

/** Opens a model's folder: reads the two configurations, nothing large. @throws YumoError `FILE`, `CONFIG` */
export async function openBundle(source: FileSource): Promise<Bundle> {
  if (!(await source.exists('config.json')))
    throw new YumoError('FILE', `${source.name}: no config.json; is this the folder of a model?`, {
      source: source.name,
    });
  const config = await readJsonObject(source, 'config.json');
  const generationConfig = (await source.exists('generation_config.json'))
    ? await readJsonObject(source, 'generation_config.json')
    : {};
  return {
    source,
    config,
    generationConfig,
    tokenizerJson: () => readText(source, 'tokenizer.json'),
    async weights(options = {}) {
      if (await source.exists('model.safetensors')) return readSafetensors(source, 'model.safetensors', options);
      if (await source.exists('model.safetensors.index.json'))
        return readShards(source, 'model.safetensors.index.json', options);
      const pickled = await source.exists('pytorch_model.bin');
      throw new YumoError(
        'FILE',
        `${source.name}: neither model.safetensors nor model.safetensors.index.json${pickled ? '; pytorch_model.bin can run code when it is opened and is not read: convert it to safetensors' : ''}`,
        { source: source.name },
      );
    },
  };
}
