// An encoder-decoder model from files as they are published: encoder_model.onnx and decoder_model_merged.onnx, made by us or by Optimum.

import type { Program, Values } from '../runtimes/runtime.ts';
import { sizeOf, type Value } from '../value.ts';
import type { CrossProgram } from './cross-rows.ts';

/** Where the two files lie in a model's folder. */
export interface CrossFiles {
  /** Such as `onnx/encoder_model_quantized.onnx`. */
  readonly encoder: string;
  /** Such as `onnx/decoder_model_merged_quantized.onnx`. */
  readonly decoder: string;
}

interface Sizes extends Pick<CrossProgram, 'layers' | 'keyValueHeads' | 'headSize'> {
  /** Width of the encoder's states. */
  readonly hiddenSize: number;
  readonly startToken: number;
}

const integers = new Set(['input_ids', 'attention_mask', 'encoder_attention_mask']);

/** Ids and masks as files take them. */
const widened = (feeds: Values): Values =>
  Object.fromEntries(
    Object.entries(feeds).map(([name, v]) => [
      name,
      integers.has(name)
        ? { dtype: 'int64' as const, shape: v.shape, data: BigInt64Array.from(v.data as Int32Array, BigInt) } // rows feed int32
        : v,
    ]),
  );

const flag = (on: boolean): Value => ({ dtype: 'bool', shape: [1], data: Uint8Array.of(+on) });

/**
 * The two programs that rows are continued with, made of the two files. The first step of the decoder's file is run once for each batch of
 * sources, for the keys and values that every later step reads; what it says of the next token is not used.
 */
export function crossPrograms(
  encoderFile: Program,
  decoderFile: Program,
  { layers, keyValueHeads, headSize, hiddenSize, startToken }: Sizes,
): Pick<CrossProgram, 'encoder' | 'decoder'> {
  const takes = new Set(decoderFile.inputNames);
  let unread = new Float32Array(0);
  /** Numbers that the branch in use does not read: always the same array. */
  const filler = (shape: readonly number[]): Value => {
    const size = sizeOf(shape);
    if (unread.length < size) unread = new Float32Array(size);
    return { dtype: 'float32', shape, data: unread.subarray(0, size) };
  };
  const caches = (prefix: 'past_key_values' | 'present', side: 'encoder' | 'decoder'): string[] =>
    Array.from({ length: layers }, (_, i) => ['key', 'value'].map((part) => `${prefix}.${i}.${side}.${part}`)).flat();
  const taken = (feeds: Values): Values =>
    Object.fromEntries(Object.entries(feeds).filter(([name]) => takes.has(name)));
  const stopping = (signal: AbortSignal | undefined) => (signal ? { signal } : {});

  const encoder: Program = {
    inputNames: ['input_ids', 'attention_mask'],
    outputNames: caches('present', 'encoder'),
    async run(feeds, { signal } = {}) {
      const given = widened(feeds);
      const read = Object.fromEntries(encoderFile.inputNames.map((name) => [name, given[name]!])); // both, or ids alone
      const { last_hidden_state: states } = await encoderFile.run(read, stopping(signal));
      const [batch, source] = states!.shape as [number, number];
      const past = (side: 'encoder' | 'decoder', length: number): [string, Value][] =>
        caches('past_key_values', side).map((name) => [name, filler([batch, keyValueHeads, length, headSize])]);
      const first = {
        input_ids: {
          dtype: 'int64' as const,
          shape: [batch, 1],
          data: new BigInt64Array(batch).fill(BigInt(startToken)),
        },
        encoder_attention_mask: given.attention_mask!,
        encoder_hidden_states: states!,
        use_cache_branch: flag(false),
        ...Object.fromEntries([...past('decoder', 0), ...past('encoder', source)]),
      };
      return decoderFile.run(taken(first), { outputs: caches('present', 'encoder'), ...stopping(signal) });
    },
    dispose: () => encoderFile.dispose(),
  };

  const decoder: Program = {
    inputNames: decoderFile.inputNames,
    outputNames: ['logits', ...caches('present', 'decoder')],
    run(feeds, { signal } = {}) {
      const given = widened(feeds);
      const next = {
        ...given,
        encoder_hidden_states: filler([...given.encoder_attention_mask!.shape, hiddenSize]),
        use_cache_branch: flag(true),
      };
      return decoderFile.run(taken(next), {
        outputs: ['logits', ...caches('present', 'decoder')],
        ...stopping(signal),
      });
    },
    dispose: () => decoderFile.dispose(),
  };
  return { encoder, decoder };
}
