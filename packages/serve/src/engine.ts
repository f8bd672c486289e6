// One loaded model that many people use: a bounded queue, fair turns, and a stop at any token.

import type { ChatTurn, GenerationEvent } from '@yumo/core';
import type { Generator, GeneratorOptions } from './generation.ts';
import { Queue, type QueueOptions, type QueueState, type Waiting } from './queue.ts';
import type { Head, TaskModels } from './tasks/open.ts';

/** What a caller sees: the events of a generation, and before them the place in the queue when there is one. */
export type EngineEvent = Waiting | GenerationEvent;

/**
 * Each generation in progress holds keys and values for one context. Their steps take turns on the runtime, so a long text does not hold up
 * a short one.
 */
export type EngineOptions = QueueOptions;

export interface EngineState extends QueueState {
  /** Since the start. */
  readonly newTokens: number;
}

/**
 * A conversation for a model that was trained to continue text and knows no roles: the messages, one after the other, an empty line between.
 */
const transcript = (turns: readonly ChatTurn[]): string => turns.map(({ content }) => content).join('\n\n');

export class Engine {
  readonly name: string;
  readonly contextLength: number;
  readonly #generator: Generator;
  readonly #queue: Queue;
  #newTokens = 0;

  constructor(name: string, generator: Generator, options: EngineOptions = {}) {
    this.name = name;
    this.contextLength = generator.contextLength;
    this.#generator = generator;
    this.#queue = new Queue(name, options);
  }

  get state(): EngineState {
    return { ...this.#queue.state, newTokens: this.#newTokens };
  }

  /**
   * Generates for `client` (any string that tells users apart) what follows a text, or the next turn of a conversation. Ends early, with the slot given back, when the signal fires or the consumer
   * stops reading.
   * @throws YumoError `BUSY` when the queue is full, `ABORTED` when the signal fires while waiting, and what the generator throws.
   */
  async *generate(
    prompt: string | readonly ChatTurn[],
    options: GeneratorOptions = {},
    client = 'anonymous',
  ): AsyncGenerator<EngineEvent, void> {
    const { chat } = this.#generator;
    const turn = this.#queue.turn(client, options.signal, (signal) => {
      if (typeof prompt === 'string') return this.#generator.stream(prompt, { ...options, signal });
      const { pastContext: _, ...own } = options;
      return chat
        ? chat(prompt, { ...own, signal })
        : this.#generator.stream(transcript(prompt), { ...options, signal });
    });
    for await (const event of turn) {
      if (event.kind === 'token') this.#newTokens++;
      yield event;
    }
  }

  /** Stops every generation and frees the model. */
  async dispose(): Promise<void> {
    await this.#queue.close();
    await this.#generator.dispose();
  }
}

/** A model with a head other than the next token: the same queue, for work that is told what to do with the model. */
export class TaskEngine<H extends Head = Head> {
  readonly name: string;
  readonly head: H;
  /** What it runs on: `cpu`, `cuda` … */
  readonly runtime: string;
  readonly #model: TaskModels[H];
  readonly #queue: Queue;

  constructor(name: string, head: H, model: TaskModels[H], runtime: string, options: EngineOptions = {}) {
    this.name = name;
    this.head = head;
    this.runtime = runtime;
    this.#model = model;
    this.#queue = new Queue(name, options);
  }

  get state(): QueueState {
    return this.#queue.state;
  }

  /** As {@link Engine.generate}, for any work on the model that gives events. */
  run<E>(
    client: string,
    signal: AbortSignal | undefined,
    work: (model: TaskModels[H], signal: AbortSignal) => AsyncIterable<E>,
  ): AsyncGenerator<Waiting | E, void> {
    return this.#queue.turn(client, signal, (stop) => work(this.#model, stop));
  }

  async dispose(): Promise<void> {
    await this.#queue.close();
    await this.#model.dispose();
  }
}
