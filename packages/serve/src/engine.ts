// One loaded model that many people use: a bounded queue, fair turns, and a stop at any token.

import { type GenerationEvent, YumoError } from '@yumo/core';
import type { Generator, GeneratorOptions } from './generation.ts';

/** What a caller sees: the events of a generation, and before them the place in the queue when there is one. */
export type EngineEvent = { kind: 'waiting'; ahead: number } | GenerationEvent;

export interface EngineOptions {
  /**
   * Generations in progress at once; each holds keys and values for one context. Their steps take turns on the runtime, so a long text does
   * not hold up a short one. 4 by default.
   */
  readonly slots?: number;
  /** Generations that may wait, over all clients; one more is refused with `BUSY`. 64 by default. */
  readonly queueLength?: number;
  /** Of these, at most this many for one client. 8 by default. */
  readonly queueLengthPerClient?: number;
}

export interface EngineState {
  readonly active: number;
  readonly waiting: number;
  /** Since the start. */
  readonly finished: number;
  readonly refused: number;
  readonly newTokens: number;
}

interface Waiter {
  readonly client: string;
  admit(): void;
}

export class Engine {
  readonly name: string;
  readonly contextLength: number;
  readonly #generator: Generator;
  readonly #slots: number;
  readonly #queueLength: number;
  readonly #queueLengthPerClient: number;
  /** In order of arrival. */
  readonly #waiting: Waiter[] = [];
  /** Generations in progress by client; a client without one has no entry. */
  readonly #active = new Map<string, number>();
  readonly #running = new Set<Promise<void>>();
  readonly #end = new AbortController();
  #finished = 0;
  #refused = 0;
  #newTokens = 0;

  constructor(name: string, generator: Generator, options: EngineOptions = {}) {
    this.name = name;
    this.contextLength = generator.contextLength;
    this.#generator = generator;
    this.#slots = options.slots ?? 4;
    this.#queueLength = options.queueLength ?? 64;
    this.#queueLengthPerClient = options.queueLengthPerClient ?? 8;
  }

  get state(): EngineState {
    return {
      active: this.#activeCount(),
      waiting: this.#waiting.length,
      finished: this.#finished,
      refused: this.#refused,
      newTokens: this.#newTokens,
    };
  }

  /**
   * Generates for `client` (any string that tells users apart). Ends early, with the slot given back, when the signal fires or the consumer
   * stops reading.
   * @throws YumoError `BUSY` when the queue is full, `ABORTED` when the signal fires while waiting, and what the generator throws.
   */
  async *generate(
    prompt: string,
    options: GeneratorOptions = {},
    client = 'anonymous',
  ): AsyncGenerator<EngineEvent, void> {
    const signal = options.signal ? AbortSignal.any([options.signal, this.#end.signal]) : this.#end.signal;
    const left = new AbortController();
    const ahead = this.#waiting.length;
    const admitted = this.#admit(client, AbortSignal.any([signal, left.signal]));
    let release: (() => void) | undefined;
    try {
      if (this.#waiting.length > ahead) yield { kind: 'waiting', ahead };
      release = await admitted;
      // A consumer that neither reads nor leaves must not keep its slot after a stop.
      signal.addEventListener('abort', release, { once: true });
      for await (const event of this.#generator.stream(prompt, { ...options, signal })) {
        if (event.kind === 'token') this.#newTokens++;
        yield event;
      }
      this.#finished++;
    } finally {
      if (release) {
        signal.removeEventListener('abort', release);
        release();
      } else {
        // The consumer left while waiting: its place is free at once, and nobody is told of the refusal.
        admitted.then(
          (free) => free(),
          () => undefined,
        );
        left.abort();
      }
    }
  }

  /** Stops every generation and frees the model. */
  async dispose(): Promise<void> {
    this.#end.abort(new YumoError('ABORTED', `${this.name}: the model is being unloaded`, { model: this.name }));
    await Promise.all(this.#running);
    await this.#generator.dispose();
  }

  #activeCount(): number {
    let count = 0;
    for (const n of this.#active.values()) count += n;
    return count;
  }

  /** Resolves to the function that gives the slot back. */
  #admit(client: string, signal: AbortSignal): Promise<() => void> {
    return new Promise((resolve, reject) => {
      const refuse = (why: string, code: 'BUSY' | 'ABORTED'): void => {
        if (code === 'BUSY') this.#refused++;
        reject(new YumoError(code, `${this.name}: ${why}`, { model: this.name, ...this.state }, signal.reason));
      };
      if (signal.aborted) return refuse('stopped before it began', 'ABORTED');
      const own = this.#waiting.filter((w) => w.client === client).length;
      const full = this.#activeCount() >= this.#slots;
      if (full && this.#waiting.length >= this.#queueLength)
        return refuse(
          `all ${this.#slots} slots are taken and ${this.#waiting.length} requests wait; try again`,
          'BUSY',
        );
      if (full && own >= this.#queueLengthPerClient)
        return refuse(`${own} of your requests wait already; let one of them finish first`, 'BUSY');

      const left = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        refuse('stopped while waiting', 'ABORTED');
      };
      const waiter: Waiter = {
        client,
        admit: () => {
          signal.removeEventListener('abort', left);
          this.#active.set(client, (this.#active.get(client) ?? 0) + 1);
          let free = (): void => undefined;
          const running = new Promise<void>((done) => {
            free = done;
          });
          this.#running.add(running);
          resolve(() => {
            if (!this.#running.delete(running)) return; // given back before
            const rest = (this.#active.get(client) ?? 1) - 1;
            if (rest > 0) this.#active.set(client, rest);
            else this.#active.delete(client);
            free();
            this.#next();
          });
        },
      };
      signal.addEventListener('abort', left, { once: true });
      this.#waiting.push(waiter);
      this.#next();
    });
  }

  /** Fills free slots: whose client has the fewest generations in progress goes first, then who came first. */
  #next(): void {
    while (this.#waiting.length > 0 && this.#activeCount() < this.#slots) {
      const load = (w: Waiter): number => this.#active.get(w.client) ?? 0;
      const chosen = this.#waiting.reduce((best, w) => (load(w) < load(best) ? w : best));
      this.#waiting.splice(this.#waiting.indexOf(chosen), 1);
      chosen.admit();
    }
  }
}
