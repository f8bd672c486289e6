// How far, how fast, how long still: a bar that redraws itself on a terminal, plain lines elsewhere.

import { duration } from './format.ts';
import { cutTo } from './width.ts';

export interface ProgressState {
  /** Units done, and in all; null when nobody knows yet. */
  readonly done: number;
  readonly total: number | null;
  /** What is counted: `step`. */
  readonly unit: string;
  /** Where the caller knows better than the rate so far. */
  readonly secondsLeft?: number;
  /** Measurements, in the order shown: `loss 1.91`. */
  readonly facts?: readonly string[];
}

export interface ProgressOptions {
  readonly stream: NodeJS.WriteStream;
  /** `%s left` in the language of the user. */
  readonly left: (time: string) => string;
  /** Seconds on a clock that only grows. */
  readonly now?: () => number;
  /** Seconds between redraws on a terminal, and between lines elsewhere. */
  readonly redrawEvery?: number;
  readonly lineEvery?: number;
}

const barColumns = 20;

/** `━━━━━─────`, rounded down so that it is full only at the end. */
const bar = (share: number): string => {
  const full = Math.floor(Math.min(1, Math.max(0, share)) * barColumns);
  return '━'.repeat(full) + '─'.repeat(barColumns - full);
};

export class Progress {
  readonly #options: Required<ProgressOptions>;
  #first: { readonly done: number; readonly at: number } | undefined;
  #shownAt = Number.NEGATIVE_INFINITY;
  #drawn = false;
  #latest = '';
  #printed = '';

  constructor(options: ProgressOptions) {
    this.#options = { now: () => performance.now() / 1000, redrawEvery: 0.1, lineEvery: 10, ...options };
  }

  update(state: ProgressState): void {
    const at = this.#options.now();
    this.#first ??= { done: state.done, at };
    const { isTTY, columns } = this.#options.stream;
    this.#latest = this.#describe(state, at, isTTY);
    if (at - this.#shownAt < (isTTY ? this.#options.redrawEvery : this.#options.lineEvery)) return;
    this.#shownAt = at;
    if (isTTY) this.#draw(columns || 80);
    else this.#line();
  }

  /** Removes the bar, for a line that shall stay; the next update draws it again. */
  clear(): void {
    if (this.#drawn) this.#options.stream.write('\r\u001b[2K');
    this.#drawn = false;
    if (this.#options.stream.isTTY) this.#shownAt = Number.NEGATIVE_INFINITY;
  }

  /** The last state, as a line that stays. */
  finish(): void {
    this.clear();
    this.#line();
  }

  #draw(columns: number): void {
    this.#options.stream.write(`\r\u001b[2K${cutTo(this.#latest, columns - 1)}`);
    this.#drawn = true;
  }

  #line(): void {
    if (this.#latest !== this.#printed) this.#options.stream.write(`${this.#latest}\n`);
    this.#printed = this.#latest;
  }

  #describe({ done, total, unit, secondsLeft, facts = [] }: ProgressState, at: number, isTTY: boolean): string {
    const first = this.#first!; // set by update
    const rate = (done - first.done) / (at - first.at);
    const share = total === null || total === 0 ? undefined : done / total;
    const guess = total !== null && rate > 0 ? (total - done) / rate : undefined;
    const seconds = secondsLeft ?? guess;
    const left = seconds === undefined || done === total ? [] : [this.#options.left(duration(seconds))];
    const percent = share === undefined ? [] : [`${Math.floor(share * 100)}%`];
    return [
      `${unit} ${done}${total === null ? '' : `/${total}`}`,
      ...(isTTY && share !== undefined ? [bar(share)] : []),
      ...percent,
      ...facts,
      ...left,
    ].join('  ');
  }
}
