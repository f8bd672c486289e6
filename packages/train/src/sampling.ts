// Samples during a training: what the model would say now.

import { architectureFor, CausalLm, decodingGraph, type Runtime, type Value, type Values } from '@yumo/core';
import type { Tokenizer } from '@yumo/tokenizer';
import type { ModelPlan } from './model-config.ts';

/** Tokens of a sample, and how it is drawn. */
const sampleTokens = 200;
const temperature = 0.8;

/** What a sample continues: the tokens of a text, special tokens in it read as such. May be none. */
export const promptIds = (tokenizer: Tokenizer, prompt: string): Int32Array =>
  tokenizer.encodeIds(prompt, { addSpecialTokens: false, specialTokensInText: 'parse' });

/**
 * Continues a prompt with the weights of now. They are copied: the program is thrown away after the sample.
 * @param prompt one token or more; its last ones are used when it is longer than half the context.
 * @param end the token that ends a text; without one, the sample ends by its length.
 */
export async function sampleText(
  runtime: Runtime,
  { json, config }: ModelPlan,
  parameters: Values,
  tokenizer: Tokenizer,
  prompt: Int32Array,
  seed: number,
  signal: AbortSignal | undefined,
  end?: number,
): Promise<string> {
  const architecture = architectureFor(json);
  const { graph } = decodingGraph(architecture, config);
  const constants = Object.fromEntries(
    Object.entries(parameters).map(([name, v]) => [name, { ...v, data: v.data.slice() } as Value]),
  );
  const program = await runtime.compile(graph, { constants });
  try {
    const contextLength = architecture.contextLength(config);
    const sizes = { ...architecture.cache(config), contextLength, vocabularySize: architecture.vocabularySize(config) };
    const model = new CausalLm({ program, ...sizes });
    const ids = [...prompt.slice(-(contextLength >> 1))];
    const stream = tokenizer.decodeStream();
    let text = '';
    for await (const step of model.generate([ids], {
      maxNewTokens: sampleTokens,
      temperature,
      seed,
      endTokens: end === undefined ? [] : [end],
    })) {
      // A vocabulary that was padded has ids without a token.
      if (step.kind === 'token' && step.id < tokenizer.vocabularySize && step.id !== end) text += stream.push(step.id);
      if (signal?.aborted) break;
    }
    return text + stream.end();
  } finally {
    await program.dispose();
  }
}
