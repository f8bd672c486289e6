// For tests of queues and transports: a generator whose steps the test lets through one by one, so that nothing depends on time.

import { type GenerationEvent, throwIfAborted } from '@yumo/core';
import type { Generator, GeneratorOptions } from '../src/generation.ts';

/** Says the words of the prompt, one a step. */
export class ScriptedGenerator implements Generator {
  readonly contextLength = 1000;
  /** Prompts in the order in which they began. */
  readonly begun: string[] = [];
  readonly ended: string[] = [];
  disposed = false;
  /** Each step waits for it. */
  step: (prompt: string) => Promise<void> = async () => undefined;

  async *stream(
    prompt: string,
    { signal, maxNewTokens = 1000 }: GeneratorOptions = {},
  ): AsyncGenerator<GenerationEvent> {
    this.begun.push(prompt);
    const counts = { promptTokens: 1, secondsToFirstToken: 0.001, tokensPerSecond: 1000 };
    try {
      yield { kind: 'start', promptTokens: 1, contextLength: this.contextLength, runtime: 'scripted' };
      const words = prompt.split(' ').slice(0, maxNewTokens);
      for (const [id, text] of words.entries()) {
        await this.step(prompt);
        throwIfAborted(signal, 'scripted');
        yield { kind: 'token', id, text, logProbability: 0 };
      }
      yield { kind: 'done', text: words.join(''), reason: 'length', newTokens: words.length, ...counts };
    } finally {
      this.ended.push(prompt);
    }
  }

  async dispose(): Promise<void> {
    this.disposed = true;
  }
}

/** A promise that the test settles. */
export function gate(): { open: () => void; opened: Promise<void> } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
}
