// What a training worker and the side that started it say to each other, in Node and in the browser.

import { type ErrorCode, isYumoError, YumoError } from '@yumo/core';
import type { TrainingEvent } from './events.ts';

/** What the worker says. */
export type FromWorker =
  | { readonly kind: 'event'; readonly event: TrainingEvent }
  | { readonly kind: 'failed'; readonly error: SentError }
  | { readonly kind: 'ended' };

/** What it is told once it runs: end with a checkpoint, or at once. */
export type ToWorker = 'stop' | 'drop';

/** An error as it crosses threads: classes do not. */
export interface SentError {
  readonly code?: ErrorCode;
  readonly message: string;
  readonly detail?: Readonly<Record<string, unknown>>;
  readonly stack?: string | undefined;
}

export function sent(error: unknown): SentError {
  if (isYumoError(error)) {
    const detail = JSON.parse(JSON.stringify(error.detail)) as Record<string, unknown>; // details cross as data
    return { code: error.code, message: error.message, detail, stack: error.stack };
  }
  if (error instanceof Error && error.name === 'AbortError') return { code: 'ABORTED', message: error.message };
  return error instanceof Error ? { message: error.message, stack: error.stack } : { message: String(error) };
}

export function received({ code, message, detail, stack }: SentError): Error {
  const error = code ? new YumoError(code, message, detail) : new Error(message);
  if (stack) error.stack = stack;
  return error;
}

/** Messages in the order of their arrival, as events; ends with the worker's end, and throws what it threw. */
export class Arrivals {
  readonly #arrived: FromWorker[] = [];
  #wake = (): void => undefined;

  push(message: FromWorker): void {
    this.#arrived.push(message);
    this.#wake();
  }

  async *events(): AsyncGenerator<TrainingEvent> {
    for (;;) {
      const message = this.#arrived.shift();
      if (!message) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        continue;
      }
      if (message.kind === 'ended') return;
      if (message.kind === 'failed') throw received(message.error);
      yield message.event;
    }
  }
}
