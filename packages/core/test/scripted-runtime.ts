// A runtime whose programs answer by rule: for tests of what is done with a model's numbers.

import { writeSafetensors } from '../src/checkpoint/safetensors.ts';
import { type FileSource, memorySource } from '../src/checkpoint/source.ts';
import { throwIfAborted } from '../src/errors.ts';
import type { Runtime, Values } from '../src/runtimes/runtime.ts';
import { toFloat64, value } from '../src/value.ts';
import { configs, randomHeadWeights } from './tiny-heads.ts';

/** Numbers of one text: `[tokens]`, `[tokens, n]` or `[n]`, as nested lists, without padding. */
export type Scripted = Readonly<Record<string, readonly number[] | readonly (readonly number[])[]>>;

/** What the programs were fed. */
export interface ScriptedRuntime extends Runtime {
  readonly batches: { rows: number; tokens: number }[];
}

/** @param answer from the real ids of a text; what is padded is filled with 99, which must never be seen. */
export function scriptedRuntime(answer: (ids: number[]) => Scripted): ScriptedRuntime {
  const batches: { rows: number; tokens: number }[] = [];
  const run = (feeds: Values): ReturnType<typeof collect> => {
    const ids = toFloat64(feeds.input_ids!);
    const mask = toFloat64(feeds.attention_mask!);
    const [rows, tokens] = feeds.input_ids!.shape as [number, number];
    batches.push({ rows, tokens });
    const texts = Array.from({ length: rows }, (_, r) =>
      Array.from({ length: tokens }, (_, i) => r * tokens + i).filter((at) => mask[at] === 1),
    );
    return collect(
      texts.map((places) => answer(places.map((at) => ids[at]!))),
      texts.map((places) => places.length),
      tokens,
    );
  };
  return {
    name: 'scripted',
    description: 'scripted',
    batches,
    load: () => Promise.reject(new Error('scripted runtimes load no files')),
    compile: async () => ({
      inputNames: ['input_ids', 'attention_mask', 'token_type_ids'],
      outputNames: [],
      run: async (feeds, { signal } = {}) => {
        throwIfAborted(signal, 'scripted');
        return run(feeds);
      },
      dispose: async () => {},
    }),
  };
}

function collect(texts: readonly Scripted[], lengths: readonly number[], tokens: number) {
  return Object.fromEntries(
    Object.keys(texts[0]!).map((name) => {
      const width = [texts[0]![name]![0]].flat().length;
      const perToken = texts[0]![name]!.length === lengths[0];
      const rows = texts.map((t, row) => {
        const real = (t[name]! as readonly (number | readonly number[])[]).flat();
        return perToken ? [...real, ...new Array<number>((tokens - lengths[row]!) * width).fill(99)] : real;
      });
      const nested = Array.isArray(texts[0]![name]![0]);
      const shape = perToken
        ? [texts.length, tokens, ...(nested ? [width] : [])]
        : [texts.length, texts[0]![name]!.length];
      return [name, value('float32', shape, rows.flat())];
    }),
  );
}

/** A folder in memory: a tiny BERT with the head, and nothing of a tokenizer but its place. */
export function scriptedSource(className: string, vocabulary: number, more: object = {}): FileSource {
  const config = { ...configs.bert, vocab_size: vocabulary, architectures: [className], ...more };
  return memorySource({
    'config.json': JSON.stringify(config),
    'model.safetensors': writeSafetensors(randomHeadWeights(config)),
    'tokenizer.json': '{}',
  });
}
