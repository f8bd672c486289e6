// An encoder-decoder model from files as they are published: encoder_model.onnx and decoder_model_merged.onnx, made by us or by Optimum.

import { loadModelFile, type ModelFileOptions, readModelFile } from '../checkpoint/model-file.ts';
import type { FileSource } from '../checkpoint/source.ts';
import { YumoError } from '../errors.ts';
import { branchFile } from '../lower/onnx/branch.ts';
import { computesOnProcessor, type Program, type Runtime, type Values } from '../runtimes/runtime.ts';
import type { CrossProgram } from './cross-rows.ts';
import { integers } from './decoding.ts';

/** Where the two files lie in a model's folder. */
export interface CrossFiles {
  /** Such as `onnx/encoder_model_quantized.onnx`. */
  readonly encoder: string;
  /** Such as `onnx/decoder_model_merged_quantized.onnx`. */
  readonly decoder: string;
}

export interface CrossFileOptions extends Pick<ModelFileOptions, 'signal' | 'onProgress'> {
  /** Id that the decoder starts with. */
  readonly startToken: number;
}

/**
 * Opens the two files as three programs: the encoder; of the decoder's first step what it makes of the source, keys and values that every later step
 * reads; and its later steps. Whole caches are left out of them where the file tells apart what a step added.
 * @throws YumoError `FILE`, also for a decoder without branches, `RUNTIME`, `ABORTED`.
 */
export async function openCrossFiles(
  runtime: Runtime,
  source: FileSource,
  files: CrossFiles,
  { startToken, ...options }: CrossFileOptions,
): Promise<Pick<CrossProgram, 'encoder' | 'decoder' | 'idType'>> {
  const opened: Program[] = [];
  const keep = (program: Program): Program => {
    opened.push(program);
    return program;
  };
  try {
    const encoder = keep(await loadModelFile(runtime, source, files.encoder, options));
    const { model, data } = await readModelFile(source, files.decoder, options);
    const stop = options.signal ? { signal: options.signal } : {};
    const branch = async (
      later: boolean,
      wanted: (outputs: readonly string[]) => readonly string[],
    ): Promise<Program> => {
      const part = branchFile(model, later, wanted, { alternatives: computesOnProcessor(runtime) });
      if (!part)
        throw new YumoError(
          'FILE',
          `${source.name}: ${files.decoder} does not choose between a first and a later step; give the file called decoder_model_merged`,
          { path: files.decoder },
        );
      return keep(renamed(await runtime.load(part.bytes, { data, ...stop }), part.outputs));
    };
    const projections = await branch(false, (outputs) => outputs.filter((o) => /^present\.\d+\.encoder\./.test(o)));
    const decoder = await branch(true, (outputs) => {
      const added = outputs.filter((o) => /^new_key_values\.\d+\.decoder\./.test(o));
      return ['logits', ...(added.length > 0 ? added : outputs.filter((o) => /^present\.\d+\.decoder\./.test(o)))];
    });
    return { encoder: joined(encoder, projections, startToken), decoder, idType: 'int64' };
  } catch (error) {
    for (const program of opened) await program.dispose();
    throw error;
  }
}

/** A program whose outputs have the names of the file that it was taken out of. */
const renamed = (program: Program, names: ReadonlyMap<string, string>): Program => ({
  ...program,
  outputNames: [...names.keys()],
  async run(feeds, { outputs = [...names.keys()], into, ...rest } = {}) {
    const inner = (name: string): string => names.get(name) ?? name;
    const targets = into && Object.fromEntries(Object.entries(into).map(([name, v]) => [inner(name), v]));
    const out = await program.run(feeds, {
      ...rest,
      outputs: outputs.map(inner),
      ...(targets ? { into: targets } : {}),
    });
    return Object.fromEntries(outputs.map((name) => [name, out[inner(name)]!]));
  },
});

/** The encoder, and behind it what the decoder's first step makes of its states. */
const joined = (encoder: Program, projections: Program, startToken: number): Program => ({
  inputNames: encoder.inputNames,
  outputNames: projections.outputNames,
  async run(feeds, options) {
    const stop = options?.signal ? { signal: options.signal } : {};
    const asked = (program: Program, all: Values): Values =>
      Object.fromEntries(program.inputNames.flatMap((name) => (all[name] ? [[name, all[name]]] : [])));
    const { last_hidden_state: states } = await encoder.run(asked(encoder, feeds), stop);
    const first = {
      // Their number is the size of the batch.
      input_ids: integers('int64', [states!.shape[0]!, 1], new Int32Array(states!.shape[0]!).fill(startToken)),
      encoder_attention_mask: feeds.attention_mask!,
      encoder_hidden_states: states!,
    };
    return projections.run(asked(projections, first), stop);
  },
  async dispose() {
    await encoder.dispose();
    await projections.dispose();
  },
});
