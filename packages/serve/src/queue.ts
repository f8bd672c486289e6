// Who may use a model when: a few at once, the others in a bounded queue that is fair between clients.

import { YumoError } from '@yumo/core';

export interface QueueOptions {
  /** Requests in progress at once. 4 by default. */
  readonly slots?: number;
  /** Requests that may wait, over all clients; one more is refused with `BUSY`. 64 by default. */
  readonly queueLength?: number;
  /** Of these, at most this many for one client. 8 by default. */
  readonly queueLengthPerClient?: number;
}

export interface QueueState {
  readonly active: number;
  readonly waiting: number;
  /** Since the start. */
  readonly finished: number;
  readonly refused: number;
}

/** Before the events of a turn: how many wait before it. */
export interface Waiting {
  readonly kind: 'waiting';
  readonly ahead: number;
}

interface Waiter {
  readonly client: string;
  admit(): void;
}

export class Queue {
  /** What is waited for, in messages. */
  readonly name: string;
  readonly #slots: number;
  readonly #length: number;
  readonly #lengthPerClient: number;
  /** In order of arrival. */
  readonly #waiting: Waiter[] = [];
  /** Requests in progress by client; a client without one has no entry. */
  readonly #active = new Map<string, number>();
  readonly #running = new Set<Promise<void>>();
  readonly #end = new AbortController();
  #finished = 0;
  #refused = 0;

  constructor(name: string, { slots = 4, queueLength = 64, queueLengthPerClient = 8 }: QueueOptions = {}) {
    this.name = name;
    this.#slots = slots;
    this.#length = queueLength;
    this.#lengthPerClient = queueLengthPerClient;
  }

  get state(): QueueState {
    return {
      active: this.#activeCount(),
      waiting: this.#waiting.length,
      finished: this.#finished,
      refused: this.#refused,
    };
  }

  /**
   * Passes the events of `work` on, once it is the client's turn. Ends early, with the slot given back, when the signal fires or the consumer
   * stops reading.
   * @param client any string that tells users apart
   * @param work is given a signal that also fires when the queue is closed
   * @throws YumoError `BUSY` when the queue is full, `ABORTED` when the signal fires while waiting, and what `work` throws.
   */
  async *turn<E>(
    client: string,
    given: AbortSignal | undefined,
    work: (signal: AbortSignal) => AsyncIterable<E>,
  ): AsyncGenerator<Waiting | E, void> {
    const signal = given ? AbortSignal.any([given, this.#end.signal]) : this.#end.signal;
    const left = new AbortController();
    const ahead = this.#waiting.length;
    const admitted = this.#admit(client, AbortSignal.any([signal, left.signal]));
    let release: (() => void) | undefined;
    try {
      if (this.#waiting.length > ahead) yield { kind: 'waiting', ahead };
      release = await admitted;
      // A consumer that neither reads nor leaves must not keep its slot after a stop.
      signal.addEventListener('abort', release, { once: true });
      yield* work(signal);
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

  /** Stops every turn, and resolves when their slots are given back. */
  async close(): Promise<void> {
    this.#end.abort(new YumoError('ABORTED', `${this.name}: the model is being unloaded`, { model: this.name }));
    await Promise.all(this.#running);
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
      if (full && this.#waiting.length >= this.#length)
        return refuse(
          `all ${this.#slots} slots are taken and ${this.#waiting.length} requests wait; try again`,
          'BUSY',
        );
      if (full && own >= this.#lengthPerClient)
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

  /** Fills free slots: whose client has the fewest requests in progress goes first, then who came first. */
  #next(): void {
    while (this.#waiting.length > 0 && this.#activeCount() < this.#slots) {
      const load = (w: Waiter): number => this.#active.get(w.client) ?? 0;
      const chosen = this.#waiting.reduce((best, w) => (load(w) < load(best) ? w : best));
      this.#waiting.splice(this.#waiting.indexOf(chosen), 1);
      chosen.admit();
    }
  }
}
