// Stop strings in a stream of text: nothing of a stop string is ever shown, not even its first letters.

/** Lets text through until a stop string occurs; holds back what may be the beginning of one. */
export class StopStrings {
  readonly #stops: readonly string[];
  #held = '';
  #stopped = false;

  constructor(stops: readonly string[]) {
    this.#stops = stops.filter((s) => s !== '');
  }

  /** True once a stop string has occurred. */
  get stopped(): boolean {
    return this.#stopped;
  }

  /** Takes more text, returns what may be shown. */
  push(text: string): string {
    if (this.#stopped) return '';
    this.#held += text;
    const at = this.#stops.map((s) => this.#held.indexOf(s)).filter((i) => i >= 0);
    if (at.length > 0) {
      this.#stopped = true;
      return this.#release(Math.min(...at), true);
    }
    return this.#release(this.#held.length - this.#longestBeginning(), false);
  }

  /** The text ended: what was held back is shown after all. */
  end(): string {
    return this.#stopped ? '' : this.#release(this.#held.length, true);
  }

  #release(length: number, drop: boolean): string {
    const shown = this.#held.slice(0, length);
    this.#held = drop ? '' : this.#held.slice(length);
    return shown;
  }

  /** Length of the longest end of the held text that a stop string begins with. */
  #longestBeginning(): number {
    let longest = 0;
    for (const stop of this.#stops) {
      for (let n = Math.min(stop.length - 1, this.#held.length); n > longest; n--) {
        if (this.#held.endsWith(stop.slice(0, n))) longest = n;
      }
    }
    return longest;
  }
}
