// What an engine drives: a text generator, seen through the part of it that serving needs.

import type { ChatTurn, GenerationEvent, TextGenerationOptions } from '@yumo/core';

export interface GeneratorOptions extends TextGenerationOptions {
  /**
   * When the text outgrows the model's context: `end` (default) refuses longer prompts and stops where the context is full; `slide` goes on
   * with the end of the text.
   */
  readonly pastContext?: 'end' | 'slide' | undefined;
}

/** Text from a prompt, token by token. */
export interface Generator {
  /** In tokens. */
  readonly contextLength: number;
  stream(prompt: string, options?: GeneratorOptions): AsyncGenerator<GenerationEvent, void, undefined>;
  /** The next turn of a conversation, by the model's chat template; absent where the model has none. */
  readonly chat?: (
    turns: readonly ChatTurn[],
    options?: TextGenerationOptions,
  ) => AsyncGenerator<GenerationEvent, void, undefined>;
  dispose(): Promise<void>;
}
