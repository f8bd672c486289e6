// Streaming decoding: text as soon as it is certain, ids in one by one.

/** Tokens pending longer than this are emitted as they are: what is in doubt is one character of at most four bytes. */
const longestDoubt = 8;

/**
 * Turns ids into text while they arrive. What `push` returned, joined, and `end` give what `decode` gives, except that a
 * run of byte tokens that turns out malformed has already shown its well-formed beginning.
 */
export class DecodeStream {
  readonly #tokenOf: (id: number) => string | null;
  readonly #join: (tokens: readonly string[]) => string;
  /** Tokens that decide how the next ones are written, and those still in doubt. */
  #tokens: string[] = [];
  #shown = '';
  #shownTokens = 0;

  constructor(tokenOf: (id: number) => string | null, join: (tokens: readonly string[]) => string) {
    this.#tokenOf = tokenOf;
    this.#join = join;
  }

  /** The text that the id completes; empty while a character is not whole. */
  push(id: number): string {
    const token = this.#tokenOf(id);
    if (token === null) return '';
    this.#tokens.push(token);
    const text = this.#join(this.#tokens);
    const inDoubt = text.endsWith('\ufffd') && this.#tokens.length - this.#shownTokens < longestDoubt;
    return inDoubt ? '' : this.#show(text);
  }

  /** What is left, U+FFFD for a character that never became whole. The stream can be used again afterwards. */
  end(): string {
    const rest = this.#show(this.#join(this.#tokens));
    this.#tokens = [];
    this.#shown = '';
    this.#shownTokens = 0;
    return rest;
  }

  #show(text: string): string {
    const news = text.startsWith(this.#shown) ? text.slice(this.#shown.length) : '\ufffd';
    // The tokens shown just now stay as the context of the next ones; what was before them goes.
    if (news !== '') {
      this.#tokens = this.#tokens.slice(this.#shownTokens);
      this.#shownTokens = this.#tokens.length;
      this.#shown = this.#join(this.#tokens);
    }
    return news;
  }
}
