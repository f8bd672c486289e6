// Oniguruma patterns (Ruby syntax, as tokenizer.json holds them) rewritten as JavaScript regular expressions.
import { show, TokenizerError } from './errors.ts';

/**
 * The JavaScript regular expression (flags `gu` or `gv`) that matches what Oniguruma's `pattern` matches.
 *
 * Rewritten: Unicode-wide `\s \d \w \b \h`, `\A \z \Z`, `^ $` at every line, POSIX brackets, scripts and categories by any
 * spelling, inline options `(?i) (?m) (?x)`, atomic groups and possessive quantifiers, class intersection, `{,n}`, comments.
 *
 * @throws TokenizerError PATTERN for what JavaScript cannot say: sub-expression calls `\g<…>`, `\G`, `\K`, `\X`,
 *   absent operators `(?~…)`, conditionals, callouts, ASCII options; and for a pattern that is malformed.
 */
export function translatePattern(pattern: string, path = 'pattern'): RegExp {
  const translation = new Translation(pattern, path);
  const source = translation.whole();
  try {
    return new RegExp(source, translation.needsSets ? 'gv' : 'gu');
  } catch (cause) {
    throw new TokenizerError(
      'PATTERN',
      `${path}: the pattern ${show(pattern)} is not a valid regular expression: ${(cause as Error).message}`,
      { path, pattern, source },
      cause,
    );
  }
}

/** The expression that matches the string itself, wherever it occurs. */
export function literalPattern(text: string): RegExp {
  return new RegExp([...text].map(escaped).join(''), 'gu');
}

/**
 * All matches as a flat list [from, to, from, to, …], in the way of the reference: the search goes on at the end of each
 * match, and an empty match right at the end of the one before it is passed over.
 */
export function matchRanges(pattern: RegExp, text: string): number[] {
  const ranges: number[] = [];
  let lastEnd = -1;
  pattern.lastIndex = 0;
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    const from = match.index;
    const to = from + match[0].length;
    // `exec` would stand still on an empty match.
    if (from === to) pattern.lastIndex = to + ((text.codePointAt(to) ?? 0) > 0xffff ? 2 : 1);
    // V8 lets an assertion hold between the halves of a surrogate pair.
    if (from === to && (to === lastEnd || isInsidePair(text, to))) continue;
    ranges.push(from, to);
    lastEnd = to;
  }
  pattern.lastIndex = 0;
  return ranges;
}

function isInsidePair(text: string, at: number): boolean {
  return at > 0 && text.codePointAt(at - 1)! > 0xffff;
}

// Unlike JavaScript's `\s` it has U+0085 and has not U+FEFF.
const space = '\\p{White_Space}';
const bracketWord = '\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}';
// For Oniguruma the superscript digits and fractions of Latin-1 are word characters, but not within brackets.
const word = `${bracketWord}\\xb2\\xb3\\xb9\\xbc-\\xbe`;

const classes: Record<string, string> = { s: space, d: '\\p{Nd}', h: '0-9A-Fa-f' };
const posix: Record<string, string> = {
  alnum: '\\p{Alphabetic}\\p{Nd}',
  alpha: '\\p{Alphabetic}',
  ascii: '\\0-\\x7f',
  blank: '\\t\\p{Zs}',
  cntrl: '\\p{Cc}',
  digit: '\\p{Nd}',
  graph: '\\p{L}\\p{M}\\p{N}\\p{P}\\p{S}\\p{Cf}\\p{Co}',
  lower: '\\p{Lowercase}',
  print: '\\p{L}\\p{M}\\p{N}\\p{P}\\p{S}\\p{Cf}\\p{Co}\\p{Zs}',
  punct: '\\p{P}\\p{S}',
  space,
  upper: '\\p{Uppercase}',
  word: bracketWord,
  xdigit: '0-9A-Fa-f',
};
const any = '[^]';
const controls: Record<string, string> = { t: '\t', n: '\n', r: '\r', f: '\f', v: '\v', a: '\x07', e: '\x1b' };
const assertions: Record<string, string> = {
  A: '(?<![^])',
  z: '(?![^])',
  Z: '(?=\\n?(?![^]))',
  b: `(?:(?<=[${word}])(?![${word}])|(?<![${word}])(?=[${word}]))`,
  B: `(?:(?<=[${word}])(?=[${word}])|(?<![${word}])(?![${word}]))`,
  R: '(?:\\r\\n|[\\n\\v\\f\\r\\x85\\u2028\\u2029])',
  N: '[^\\n]',
  O: any,
};

interface Options {
  ignoreCase: boolean;
  dotAll: boolean;
  extended: boolean;
}

/** One pass over a pattern: recursive descent that writes the JavaScript source as it goes. */
class Translation {
  needsSets = false;
  #at = 0;
  #atomic = 0;
  #depth = 0;
  readonly #pattern: string;
  readonly #path: string;

  constructor(pattern: string, path: string) {
    this.#pattern = pattern;
    this.#path = path;
  }

  whole(): string {
    const source = this.#alternatives({ ignoreCase: false, dotAll: false, extended: false });
    if (this.#at < this.#pattern.length) this.#refuse('a closing parenthesis without its opening one');
    return source;
  }

  #refuse(what: string): never {
    throw new TokenizerError(
      'PATTERN',
      `${this.#path}: ${show(this.#pattern)} at ${this.#at}: ${what} cannot be translated to JavaScript`,
      {
        path: this.#path,
        pattern: this.#pattern,
        at: this.#at,
      },
    );
  }

  #peek(text: string): boolean {
    return this.#pattern.startsWith(text, this.#at);
  }

  #take(text: string): boolean {
    const found = this.#peek(text);
    if (found) this.#at += text.length;
    return found;
  }

  #takeMatch(sticky: RegExp): RegExpExecArray | null {
    sticky.lastIndex = this.#at;
    const match = sticky.exec(this.#pattern);
    if (match !== null) this.#at += match[0].length;
    return match;
  }

  #character(): string {
    const codePoint = this.#pattern.codePointAt(this.#at);
    if (codePoint === undefined) this.#refuse('the end of the pattern inside an escape, a group or a class');
    const character = String.fromCodePoint(codePoint);
    this.#at += character.length;
    return character;
  }

  #alternatives(options: Options): string {
    if (++this.#depth > 200) this.#refuse('nesting deeper than 200 groups');
    let source = '';
    for (;;) {
      if (this.#at >= this.#pattern.length || this.#peek(')')) break;
      if (this.#take('|')) source += '|';
      else source += this.#quantified(options);
    }
    this.#depth--;
    return source;
  }

  #quantified(options: Options): string {
    if (options.extended && this.#takeMatch(/(?:\s+|#[^\n]*\n?)+/y)) return '';
    let atom = this.#atom(options);
    for (;;) {
      const simple = this.#takeMatch(/([*+?])([+?]?)/y);
      if (simple !== null) {
        if (simple[2] === '+') atom = this.#possessive(`(?:${atom})${simple[1]}`);
        else atom = `(?:${atom})${simple[0]}`;
        continue;
      }
      const interval = this.#takeMatch(/\{(\d*)(,?)(\d*)\}/y);
      if (interval === null) return atom;
      const [whole, least, comma, most] = interval as unknown as [string, string, string, string];
      if (least === '' && most === '') {
        this.#at -= whole.length;
        return atom;
      }
      const lazy = this.#take('?');
      // Ruby reads `{n}?` as "n times or not at all", `{n,m}?` as the reluctant form.
      if (lazy && comma === '') atom = `(?:(?:${atom}){${least}})?`;
      else atom = `(?:${atom}){${least || '0'}${comma}${most}}${lazy ? '?' : ''}`;
    }
  }

  #possessive(source: string): string {
    const name = `atomic${this.#atomic++}`;
    return `(?:(?=(?<${name}>${source}))\\k<${name}>)`;
  }

  #atom(options: Options): string {
    if (this.#peek('(')) return this.#group(options);
    if (this.#peek('[')) return this.#characterClass(options);
    const character = this.#character();
    if (character === '.') return options.dotAll ? any : '[^\\n]';
    if (character === '^') return '(?<![^\\n])';
    if (character === '$') return '(?![^\\n])';
    if (character === '\\') return this.#escape(options);
    if (/[*+?]/.test(character)) this.#refuse('a quantifier with nothing before it');
    return this.#literal(character, options);
  }

  #literal(character: string, options: Options): string {
    if (!options.ignoreCase) return escaped(character);
    const variants = caseVariants(character);
    return variants.length === 1 ? escaped(character) : `[${variants.map(escaped).join('')}]`;
  }

  #group(outer: Options): string {
    this.#at++;
    if (!this.#take('?')) return this.#closed('(', outer);
    for (const opening of [':', '=', '!', '<=', '<!'])
      if (this.#take(opening)) return this.#closed(`(?${opening}`, outer);
    if (this.#take('>')) return this.#possessive(this.#closed('(?:', outer));
    const named = this.#takeMatch(/<([A-Za-z_]\w*)>|'([A-Za-z_]\w*)'/y);
    if (named !== null) return this.#closed(`(?<${named[1] ?? named[2]}>`, outer);
    if (this.#takeMatch(/#[^)]*\)/y)) return '';
    const flags = this.#takeMatch(/([imx]*)(?:-([imx]*))?([:)])/y);
    if (flags === null) this.#refuse(`the group (?${this.#pattern.slice(this.#at, this.#at + 3)}…`);
    const [, on = '', off = '', end] = flags;
    const set = (letter: string, before: boolean) =>
      on.includes(letter) ? true : off.includes(letter) ? false : before;
    const inner = {
      ignoreCase: set('i', outer.ignoreCase),
      dotAll: set('m', outer.dotAll),
      extended: set('x', outer.extended),
    };
    if (end === ':') return this.#closed('(?:', inner);
    // An option without a body holds to the end of the enclosing group, its alternatives included.
    return `(?:${this.#alternatives(inner)})`;
  }

  #closed(opening: string, options: Options): string {
    const source = `${opening}${this.#alternatives(options)})`;
    if (!this.#take(')')) this.#refuse('a group that is not closed');
    return source;
  }

  #escape(options: Options): string {
    const next = this.#pattern[this.#at] ?? '';
    if (Object.hasOwn(assertions, next)) {
      this.#at++;
      return assertions[next]!;
    }
    if (/[GKXgyY]/.test(next)) this.#refuse(`\\${next}`);
    const reference = this.#takeMatch(/k<([A-Za-z_]\w*)>|([1-9]\d?)/y);
    if (reference !== null) return reference[1] !== undefined ? `\\k<${reference[1]}>` : `\\${reference[2]}`;
    const set = this.#classEscape();
    if (set !== null)
      return set.negated ? `[^${set.source}]` : `[${options.ignoreCase ? foldedSet(set.source) : set.source}]`;
    return this.#literal(this.#characterEscape(), options);
  }

  /** `\s`, `\D`, `\p{…}` and their kind; the backslash is already taken. `wordClass` is what `\w` stands for. */
  #classEscape(wordClass = word): { source: string; negated: boolean } | null {
    const shorthand = this.#takeMatch(/[sdwhSDWH]/y);
    if (shorthand !== null) {
      const letter = shorthand[0];
      const lower = letter.toLowerCase();
      return { source: lower === 'w' ? wordClass : classes[lower]!, negated: letter !== lower };
    }
    const property = this.#takeMatch(/([pP])\{(\^?)([^}]*)\}/y);
    if (property === null) return null;
    return {
      source: this.#property(property[3]!, wordClass),
      negated: (property[1] === 'P') !== (property[2] === '^'),
    };
  }

  #property(name: string, wordClass: string): string {
    const plain = name.replace(/[\s_-]/g, '').toLowerCase();
    if (plain === 'punct') return '\\p{P}';
    if (plain === 'word') return wordClass;
    if (Object.hasOwn(posix, plain)) return posix[plain]!;
    if (plain === 'any') return '\\0-\\u{10ffff}';
    const capitals = name
      .trim()
      .split(/[\s_-]+/)
      .map((part) => part.slice(0, 1).toUpperCase() + part.slice(1).toLowerCase())
      .join('_');
    for (const candidate of [capitals, `Script=${capitals}`, name.trim(), `Script=${name.trim()}`]) {
      try {
        new RegExp(`\\p{${candidate}}`, 'u');
        return `\\p{${candidate}}`;
      } catch {
        // Not a property under this spelling.
      }
    }
    return this.#refuse(`the property \\p{${name}}`);
  }

  /** One character written as an escape; the backslash is already taken. */
  #characterEscape(): string {
    const code = this.#takeMatch(
      /x\{([0-9A-Fa-f]{1,6})\}|x([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{4})|(0[0-7]{0,2})|c([A-Za-z])/y,
    );
    if (code !== null) {
      if (code[4] !== undefined) return String.fromCharCode(Number.parseInt(code[4], 8));
      if (code[5] !== undefined) return String.fromCharCode(code[5].toUpperCase().charCodeAt(0) & 0x1f);
      const value = Number.parseInt((code[1] ?? code[2] ?? code[3])!, 16);
      if (value > 0x10ffff) this.#refuse(`the code point ${value.toString(16)}`);
      return String.fromCodePoint(value);
    }
    const character = this.#character();
    return Object.hasOwn(controls, character) ? controls[character]! : character;
  }

  #characterClass(options: Options): string {
    this.#at++;
    const negated = this.#take('^');
    const operands: string[] = [];
    let body = '';
    for (let first = true; ; first = false) {
      if (this.#at >= this.#pattern.length) this.#refuse('a character class that is not closed');
      if (!first && this.#take(']')) break;
      if (this.#take('&&')) {
        operands.push(body);
        body = '';
        continue;
      }
      body += this.#classMember(options);
    }
    operands.push(body);
    if (operands.length === 1) return `[${negated ? '^' : ''}${body}]`;
    this.needsSets = true;
    const intersection = operands.map((operand) => `[${operand}]`).join('&&');
    return `[${negated ? '^' : ''}${intersection}]`;
  }

  #classMember(options: Options): string {
    const bracket = this.#takeMatch(/\[:(\^?)(\w+):\]/y);
    if (bracket !== null) {
      const source = posix[bracket[2]!] ?? this.#refuse(`[:${bracket[2]}:]`);
      if (bracket[1] === '') return source;
      this.needsSets = true;
      return `[^${source}]`;
    }
    if (this.#peek('[')) {
      const nested = this.#characterClass(options);
      if (!nested.startsWith('[^') && !nested.includes('&&')) return nested.slice(1, -1);
      this.needsSets = true;
      return nested;
    }
    let from: string;
    if (this.#take('\\')) {
      const set = this.#classEscape(bracketWord);
      if (set !== null) {
        if (!set.negated) return options.ignoreCase ? foldedSet(set.source) : set.source;
        const property = /^\\p(\{[^}]*\})$/.exec(set.source);
        if (property !== null) return `\\P${property[1]}`;
        this.needsSets = true;
        return `[^${set.source}]`;
      }
      from = this.#take('b') ? '\b' : this.#characterEscape();
    } else {
      from = this.#character();
    }
    if (this.#peek('-') && !this.#peek('-]') && !this.#peek('-[')) {
      const before = this.#at++;
      let to: string | null = null;
      if (!this.#take('\\')) to = this.#character();
      else if (this.#classEscape() === null) to = this.#characterEscape();
      // A class after the hyphen: then the hyphen stands for itself.
      if (to === null) this.#at = before;
      else return this.#range(from.codePointAt(0)!, to.codePointAt(0)!, options);
    }
    return options.ignoreCase ? caseVariants(from).map(escaped).join('') : escaped(from);
  }

  #range(from: number, to: number, options: Options): string {
    if (to < from) this.#refuse('a class range that runs backwards');
    let source = `${escaped(String.fromCodePoint(from))}-${escaped(String.fromCodePoint(to))}`;
    if (options.ignoreCase && to - from < 2000) {
      const others = new Set<string>();
      for (let c = from; c <= to; c++) for (const v of caseVariants(String.fromCodePoint(c))) others.add(v);
      for (const v of others) if (v.codePointAt(0)! < from || v.codePointAt(0)! > to) source += escaped(v);
    }
    return source;
  }
}

function escaped(character: string): string {
  return /[\p{L}\p{N} ]/u.test(character) ? character : `\\u{${character.codePointAt(0)!.toString(16)}}`;
}

// Letters whose case variants are not each other's plain upper or lower case.
const unusualCase =
  '\u01c5\u01c8\u01cb\u01f2\u017f\u212a\u212b\u1e9e\u03c2\u03d0\u03d1\u03d5\u03d6\u03f0\u03f1\u03f5\u1e9b\u1fbe\xb5\u2126\u03f4';

/** The character and all that equal it under simple case folding. */
function caseVariants(character: string): string[] {
  if (!/\p{L}/u.test(character)) return [character];
  const same = new RegExp(`^${escaped(character)}$`, 'iu');
  const upper = character.toUpperCase();
  const candidates = [character, character.toLowerCase(), upper, upper.toLowerCase(), ...unusualCase];
  return [...new Set(candidates)].filter((candidate) => same.test(candidate));
}

// A class of one case matches, when case is ignored, what changes into that case as well.
function foldedSet(source: string): string {
  return source
    .replace(/\\p\{(?:Lu|Uppercase|Uppercase_Letter)\}/g, '$&\\p{CWU}')
    .replace(/\\p\{(?:Ll|Lowercase|Lowercase_Letter)\}/g, '$&\\p{CWL}');
}
