// What an engine drives: a text generator, seen through the part of it that serving needs.

export interface TextGenerationOptions {
  maxNewTokens?: number;
  temperature?: number;
  topK?: number;
  topP?: number;
  minP?: number;
  typicalP?: number;
  repetitionPenalty?: number;
  frequencyPenalty?: number;
  presencePenalty?: number;
  noRepeatNgramSize?: number;
  seed?: number;
  stop?: string[];
  signal?: AbortSignal;
}
export type GenerationEvent =
  | { kind: 'start'; promptTokens: number; contextLength: number; runtime: string }
  | { kind: 'token'; id: number; text: string; logProbability: number }
  | {
      kind: 'done';
      text: string;
      reason: 'end' | 'length' | 'stop' | 'context' | 'aborted';
      promptTokens: number;
      newTokens: number;
      secondsToFirstToken: number;
      tokensPerSecond: number;
    };

/** Text from a prompt, token by token. Core's `TextGenerator` is one. */
export interface Generator {
  readonly contextLength: number;
  stream(prompt: string, options?: TextGenerationOptions): AsyncGenerator<GenerationEvent>;
  dispose(): Promise<void>;
}
