// Regular expressions in JavaScript's syntax, as grammars. What is no regular language (look-around, back references) is refused by name.

import { YumoError } from '../../errors.ts';
import {
  anyChar,
  type CharRange,
  choice,
  complement,
  type Expression,
  empty,
  repeat,
  sequence,
  union,
} from './expression.ts';

const digits: readonly CharRange[] = [[0x30, 0x39]];
const word: readonly CharRange[] = [
  [0x30, 0x39],
  [0x41, 0x5a],
  [0x5f, 0x5f],
  [0x61, 0x7a],
];
/** White space and line ends of JavaScript. */
const spaces: readonly CharRange[] = union(
  [9, 10, 11, 12, 13, 0x20, 0xa0, 0x1680, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000, 0xfeff]
    .map((c): CharRange => [c, c])
    .concat([[0x2000, 0x200a]]),
);
const lineEnds: readonly CharRange[] = [
  [10, 10],
  [13, 13],
  [0x2028, 0x2029],
];
const sets: Readonly<Record<string, readonly CharRange[]>> = {
  d: digits,
  D: complement(digits),
  w: word,
  W: complement(word),
  s: spaces,
  S: complement(spaces),
};
const controls: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, v: 11, f: 12, 0: 0 };

/**
 * A pattern as an expression.
 * @param whole the pattern describes the whole text; otherwise anything may stand before and after what `^` and `$` do not bind
 * @throws YumoError `CONFIG` showing the place, for syntax that is wrong or describes no regular language.
 */
export function regexExpression(pattern: string, { whole }: { readonly whole: boolean }): Expression {
  const reader = new Reader(pattern);
  const options = reader.alternatives(true);
  if (!reader.done) reader.fail('an unmatched )');
  const any = repeat({ kind: 'chars', ranges: anyChar }, 0);
  return choice(
    ...options.map(({ body, begin, end }) =>
      sequence(...(whole || begin ? [] : [any]), body, ...(whole || end ? [] : [any])),
    ),
  );
}

interface Alternative {
  readonly body: Expression;
  /** Anchored at the text's begin, and at its end. */
  readonly begin: boolean;
  readonly end: boolean;
}

class Reader {
  readonly #chars: readonly string[];
  readonly #pattern: string;
  #at = 0;

  constructor(pattern: string) {
    this.#pattern = pattern;
    this.#chars = Array.from(pattern);
  }

  get done(): boolean {
    return this.#at >= this.#chars.length;
  }

  fail(what: string): never {
    throw new YumoError('CONFIG', `regex ${JSON.stringify(this.#pattern)}, character ${this.#at + 1}: ${what}`, {
      pattern: this.#pattern,
      at: this.#at,
    });
  }

  get #next(): string | undefined {
    return this.#chars[this.#at];
  }

  #take(text: string): boolean {
    const same = Array.from(text).every((c, i) => this.#chars[this.#at + i] === c);
    if (same) this.#at += text.length;
    return same;
  }

  alternatives(outermost: boolean): Alternative[] {
    const all = [this.#alternative(outermost)];
    while (this.#take('|')) all.push(this.#alternative(outermost));
    return all;
  }

  #alternative(outermost: boolean): Alternative {
    const parts: Expression[] = [];
    let end = false;
    const begin = outermost && this.#take('^');
    while (!this.done && this.#next !== '|' && this.#next !== ')') {
      if (outermost && this.#take('$')) {
        end = true;
        if (!this.done && this.#next !== '|') this.fail('$ is understood at the end only');
        break;
      }
      parts.push(this.#quantified());
    }
    return { body: sequence(...parts), begin, end };
  }

  #quantified(): Expression {
    const from = this.#at;
    const atom = this.#atom();
    const bounds = this.#quantifier();
    if (!bounds) return atom;
    this.#take('?'); // as few as possible: the same texts
    if (this.#next === '*' || this.#next === '+') this.fail('nothing to repeat');
    if (bounds[0] > bounds[1]) {
      this.#at = from;
      this.fail('the bounds of a repetition are in the wrong order');
    }
    return repeat(atom, ...bounds);
  }

  #quantifier(): [min: number, max: number] | undefined {
    if (this.#take('*')) return [0, Number.POSITIVE_INFINITY];
    if (this.#take('+')) return [1, Number.POSITIVE_INFINITY];
    if (this.#take('?')) return [0, 1];
    const found = /^\{(\d+)(,(\d*))?\}/.exec(this.#chars.slice(this.#at, this.#at + 24).join(''));
    if (!found) return undefined;
    this.#at += found[0].length;
    const min = Number(found[1]);
    return [min, found[2] === undefined ? min : found[3] === '' ? Number.POSITIVE_INFINITY : Number(found[3])];
  }

  #atom(): Expression {
    if (this.#take('(')) return this.#group();
    if (this.#take('[')) return { kind: 'chars', ranges: this.#class() };
    if (this.#take('.')) return { kind: 'chars', ranges: complement(lineEnds) };
    if (this.#take('\\')) {
      const escaped = this.#escape(false);
      return { kind: 'chars', ranges: typeof escaped === 'number' ? [[escaped, escaped]] : escaped };
    }
    const c = this.#next!;
    if (c === '^' || c === '$')
      this.fail(`${c} is understood at the ${c === '^' ? 'begin' : 'end'} of the pattern only`);
    if ('*+?'.includes(c)) this.fail('nothing to repeat');
    this.#at++;
    const code = c.codePointAt(0)!;
    return { kind: 'chars', ranges: [[code, code]] };
  }

  #group(): Expression {
    if (this.#take('?:')) return this.#inside();
    for (const look of ['?=', '?!', '?<=', '?<!']) if (this.#take(look)) this.fail('look-around is not supported');
    if (this.#take('?<')) {
      while (!this.done && !this.#take('>')) this.#at++;
      return this.#inside();
    }
    if (this.#next === '?') this.fail('this kind of group is not known');
    return this.#inside();
  }

  #inside(): Expression {
    const all = this.alternatives(false).map((a) => a.body);
    if (!this.#take(')')) this.fail('a group is not closed');
    return all.length === 0 ? empty : choice(...all);
  }

  /** What follows a backslash: a character, or a set of them. */
  #escape(inClass: boolean): number | readonly CharRange[] {
    const c = this.#next;
    if (c === undefined) this.fail('a backslash at the end');
    this.#at++;
    const set = sets[c];
    if (set) return set;
    if (c === 'b' && inClass) return 8;
    if (c === 'b' || c === 'B') this.fail('word boundaries are not supported');
    if (c === 'p' || c === 'P') this.fail('Unicode properties are not supported; list the ranges');
    if (c === 'k' || /[1-9]/.test(c)) this.fail('back references are not supported');
    if (c in controls) return controls[c]!;
    if (c === 'x') return this.#hex(2);
    if (c === 'u') {
      if (!this.#take('{')) return this.#hex(4);
      const digitsFrom = this.#at;
      while (this.#next !== undefined && /[0-9a-f]/i.test(this.#next)) this.#at++;
      const code = Number.parseInt(this.#chars.slice(digitsFrom, this.#at).join(''), 16);
      if (!this.#take('}') || !(code <= 0x10ffff)) this.fail('not a code point');
      return code;
    }
    if (c === 'c') {
      const letter = this.#next ?? '';
      if (!/^[a-z]$/i.test(letter)) this.fail('\\c needs a letter');
      this.#at++;
      return letter.codePointAt(0)! % 32;
    }
    return c.codePointAt(0)!;
  }

  #hex(count: number): number {
    const text = this.#chars.slice(this.#at, this.#at + count).join('');
    if (!new RegExp(`^[0-9a-f]{${count}}$`, 'i').test(text)) this.fail(`${count} hexadecimal digits are needed`);
    this.#at += count;
    return Number.parseInt(text, 16);
  }

  #class(): CharRange[] {
    const inverted = this.#take('^');
    const ranges: CharRange[] = [];
    while (!this.#take(']')) {
      if (this.done) this.fail('a class is not closed');
      const low = this.#classAtom();
      if (this.#next === '-' && this.#chars[this.#at + 1] !== ']' && typeof low === 'number') {
        this.#at++;
        const high = this.#classAtom();
        if (typeof high !== 'number' || high < low) this.fail('the range of a class is in the wrong order');
        ranges.push([low, high]);
      } else if (typeof low === 'number') ranges.push([low, low]);
      else ranges.push(...low);
    }
    return inverted ? complement(ranges) : union(ranges);
  }

  #classAtom(): number | readonly CharRange[] {
    const c = this.#next;
    if (c === undefined) this.fail('a class is not closed');
    this.#at++;
    return c === '\\' ? this.#escape(true) : c.codePointAt(0)!;
  }
}
