// Grammars in llama.cpp's notation, GBNF: `root ::= "yes" | "no"`.

import { suggestion, YumoError } from '../../errors.ts';
import {
  anyChar,
  type CharRange,
  choice,
  complement,
  type Expression,
  literal,
  type Rules,
  repeat,
  rule,
  sequence,
  union,
} from './expression.ts';

/** @throws YumoError `CONFIG` with the line, for syntax that is wrong, rules that are used and not defined, or no rule `root`. */
export function gbnfRules(text: string): Rules {
  const reader = new Reader(text);
  const rules = reader.rules();
  const { used } = reader;
  for (const [name, line] of used)
    if (!rules.has(name))
      throw new YumoError(
        'CONFIG',
        `gbnf, line ${line}: the rule "${name}" is not defined${suggestion(name, rules.keys())}`,
        { name, line },
      );
  if (!rules.has('root')) throw new YumoError('CONFIG', 'gbnf: no rule "root", where a text begins', {});
  return { rules, start: 'root' };
}

const escapes: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9 };
const isName = (c: string | undefined): c is string => c !== undefined && /[a-zA-Z0-9_-]/.test(c);

class Reader {
  /** Rules that are referred to, and the first line that does. */
  readonly used = new Map<string, number>();
  readonly #chars: readonly string[];
  #at = 0;

  constructor(text: string) {
    this.#chars = Array.from(text);
  }

  rules(): Map<string, Expression> {
    const rules = new Map<string, Expression>();
    this.#skip(true);
    while (this.#next !== undefined) {
      const name = this.#name();
      this.#skip(true);
      if (!this.#take('::=')) this.#fail(`"::=" is missing behind "${name}"`);
      if (rules.has(name)) this.#fail(`the rule "${name}" is defined twice`);
      this.#skip(true);
      rules.set(name, this.#alternatives(false));
      if (this.#next !== undefined && this.#next !== '\n')
        this.#fail(`${JSON.stringify(this.#next)} does not belong here`);
      this.#skip(true);
    }
    return rules;
  }

  get #next(): string | undefined {
    return this.#chars[this.#at];
  }

  get #line(): number {
    return this.#chars.slice(0, this.#at).filter((c) => c === '\n').length + 1;
  }

  #fail(what: string): never {
    throw new YumoError('CONFIG', `gbnf, line ${this.#line}: ${what}`, { line: this.#line });
  }

  #take(text: string): boolean {
    const same = [...text].every((c, i) => this.#chars[this.#at + i] === c);
    if (same) this.#at += text.length;
    return same;
  }

  /** Blanks and comments; line ends too where they mean nothing. */
  #skip(lines: boolean): void {
    for (;;) {
      const c = this.#next;
      if (c === '#') while (this.#next !== undefined && this.#next !== '\n') this.#at++;
      else if (c === ' ' || c === '\t' || c === '\r' || (lines && c === '\n')) this.#at++;
      else return;
    }
  }

  #name(): string {
    const from = this.#at;
    while (isName(this.#next)) this.#at++;
    if (this.#at === from) this.#fail(`a rule's name is expected, not ${JSON.stringify(this.#next ?? 'the end')}`);
    return this.#chars.slice(from, this.#at).join('');
  }

  #alternatives(nested: boolean): Expression {
    const all = [this.#sequence(nested)];
    while (this.#another(nested)) all.push(this.#sequence(nested));
    return choice(...all);
  }

  /** A bar, which may stand at the begin of the next line. */
  #another(nested: boolean): boolean {
    const from = this.#at;
    this.#skip(true);
    if (this.#take('|')) {
      this.#skip(true);
      return true;
    }
    if (!nested) this.#at = from;
    return false;
  }

  #sequence(nested: boolean): Expression {
    const parts: Expression[] = [];
    for (;;) {
      this.#skip(nested);
      const c = this.#next;
      if (c === undefined || c === '|' || c === ')' || c === '\n') return sequence(...parts);
      parts.push(this.#repeated());
    }
  }

  #repeated(): Expression {
    const atom = this.#atom();
    if (this.#take('*')) return repeat(atom, 0);
    if (this.#take('+')) return repeat(atom, 1);
    if (this.#take('?')) return repeat(atom, 0, 1);
    const found = /^\{\s*(\d+)\s*(,\s*(\d*)\s*)?\}/.exec(this.#chars.slice(this.#at, this.#at + 40).join(''));
    if (!found) return atom;
    this.#at += found[0].length;
    const min = Number(found[1]);
    return repeat(atom, min, found[2] === undefined ? min : found[3] ? Number(found[3]) : Number.POSITIVE_INFINITY);
  }

  #atom(): Expression {
    if (this.#take('"')) {
      let text = '';
      while (!this.#take('"')) text += String.fromCodePoint(this.#char('a text is not closed'));
      return literal(text);
    }
    if (this.#take('[')) return { kind: 'chars', ranges: this.#class() };
    if (this.#take('.')) return { kind: 'chars', ranges: anyChar };
    if (this.#take('(')) {
      this.#skip(true);
      const inside = this.#alternatives(true);
      this.#skip(true);
      if (!this.#take(')')) this.#fail('a parenthesis is not closed');
      return inside;
    }
    const line = this.#line;
    const name = this.#name();
    if (!this.used.has(name)) this.used.set(name, line);
    return rule(name);
  }

  #class(): CharRange[] {
    const inverted = this.#take('^');
    const ranges: CharRange[] = [];
    while (!this.#take(']')) {
      const low = this.#char('a class is not closed');
      if (this.#next === '-' && this.#chars[this.#at + 1] !== ']') {
        this.#at++;
        const high = this.#char('a class is not closed');
        if (high < low) this.#fail('the range of a class is in the wrong order');
        ranges.push([low, high]);
      } else ranges.push([low, low]);
    }
    return inverted ? complement(ranges) : union(ranges);
  }

  #char(unfinished: string): number {
    const c = this.#next;
    if (c === undefined) this.#fail(unfinished);
    this.#at++;
    if (c !== '\\') return c.codePointAt(0)!;
    const kind = this.#next;
    if (kind === undefined) this.#fail(unfinished);
    this.#at++;
    const digits = { x: 2, u: 4, U: 8 }[kind];
    if (digits === undefined) return escapes[kind] ?? kind.codePointAt(0)!;
    const text = this.#chars.slice(this.#at, this.#at + digits).join('');
    const code = Number.parseInt(text, 16);
    if (!new RegExp(`^[0-9a-fA-F]{${digits}}$`).test(text) || code > 0x10ffff)
      this.#fail(`\\${kind} needs ${digits} hexadecimal digits of a character`);
    this.#at += digits;
    return code;
  }
}
