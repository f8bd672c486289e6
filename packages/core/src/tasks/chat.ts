// A conversation: turns in, the next turn out. What no longer fits the context is forgotten turn by turn, the oldest first.

import { YumoError } from '../errors.ts';
import type { GenerationEvent, TextGenerationOptions, TextGenerator } from './text-generation.ts';

export interface ChatTurn {
  readonly role: string;
  readonly content: string;
}

/**
 * The text that the model was trained to see for these turns, up to the opening of its own answer:
 * `(turns) => applyChatTemplate(folder, turns, engine)`. Control tokens in it are read as such.
 */
export type ChatTemplate = (turns: readonly ChatTurn[]) => string;

export interface ChatOptions extends TextGenerationOptions {
  /** Tokens of the context kept free for the answer; a quarter of it by default. */
  readonly answerTokens?: number | undefined;
}

/** What is read of a conversation. */
export interface ChatPrompt {
  readonly ids: readonly number[];
  /** Turns that were left out. */
  readonly forgotten: number;
}

export class Chat {
  readonly generator: TextGenerator;
  readonly #template: ChatTemplate;

  constructor(generator: TextGenerator, template: ChatTemplate) {
    this.generator = generator;
    this.#template = template;
  }

  /**
   * The ids of a conversation. System turns and the last turn always stay.
   * @throws YumoError `DATA` without turns, `CONTEXT` when what must stay does not fit.
   */
  prompt(turns: readonly ChatTurn[], { answerTokens }: Pick<ChatOptions, 'answerTokens'> = {}): ChatPrompt {
    if (turns.length === 0) throw new YumoError('DATA', 'chat: the conversation has no turns', {});
    const { contextLength, name } = this.generator;
    const room = contextLength - (answerTokens ?? Math.floor(contextLength / 4));
    let kept = turns;
    for (let forgotten = 0; ; forgotten++) {
      const ids = this.#encode(kept);
      if (ids.length <= room) return { ids, forgotten };
      const oldest = kept.findIndex((turn, i) => turn.role !== 'system' && i < kept.length - 1);
      if (oldest < 0)
        throw new YumoError(
          'CONTEXT',
          `${name}: the last turn has ${ids.length} tokens with its frame, ${room} of the context's ${contextLength} are for reading; shorten it`,
          { tokens: ids.length, room, contextLength },
        );
      kept = kept.toSpliced(oldest, 1);
    }
  }

  /** The answer as it is written. @throws YumoError as {@link prompt} and `TextGenerator.stream`. */
  async *stream(
    turns: readonly ChatTurn[],
    { answerTokens, ...options }: ChatOptions = {},
  ): AsyncGenerator<GenerationEvent, void, undefined> {
    const { ids } = this.prompt(turns, { answerTokens });
    yield* this.generator.stream(ids, options);
  }

  /** The last event of {@link stream}. */
  async run(turns: readonly ChatTurn[], options: ChatOptions = {}): Promise<GenerationEvent & { kind: 'done' }> {
    for await (const event of this.stream(turns, options)) if (event.kind === 'done') return event;
    throw new Error('internal: the stream ended without a done event');
  }

  /** The template writes the special tokens itself. */
  #encode(turns: readonly ChatTurn[]): number[] {
    const text = this.#template(turns);
    return [...this.generator.tokenizer.encodeIds(text, { addSpecialTokens: false, specialTokensInText: 'parse' })];
  }
}
