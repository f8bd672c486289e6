// JSON as a grammar: the values of RFC 8259, and strings of which only some are wanted.

import {
  anyChar,
  type CharRange,
  chars,
  choice,
  type Expression,
  intersection,
  literal,
  optional,
  repeat,
  rule,
  sequence,
  without,
} from './expression.ts';

/** White space between the parts of a value: none, one space, or a line end and what is indented; never more, so that no model writes blanks for ever. */
const blank = choice(sequence(), literal(' '), sequence(literal('\n'), repeat(chars([0x20, 0x20], [9, 9]), 0, 20)));

const digit = chars([0x30, 0x39]);
const hex = chars([0x30, 0x39], [0x41, 0x46], [0x61, 0x66]);
/** Must be escaped in strings. */
const special: readonly CharRange[] = [
  [0, 0x1f],
  [0x22, 0x22],
  [0x5c, 0x5c],
];
const plain: readonly CharRange[] = without(anyChar, special);
const escapeSequence = sequence(
  literal('\\'),
  choice(
    chars(...Array.from('"\\/bfnrt', (c): CharRange => [c.charCodeAt(0), c.charCodeAt(0)])),
    sequence(
      literal('u'),
      choice(
        sequence(chars([0x30, 0x39], [0x41, 0x43], [0x45, 0x46], [0x61, 0x63], [0x65, 0x66]), repeat(hex, 3, 3)),
        // Halves of pairs are left out: alone they are no text, and as pairs they would count twice.
        sequence(chars([0x44, 0x44], [0x64, 0x64]), chars([0x30, 0x37]), repeat(hex, 2, 2)),
      ),
    ),
  ),
);

export const integerForm = sequence(
  optional(literal('-')),
  choice(literal('0'), sequence(chars([0x31, 0x39]), repeat(digit, 0, 15))),
);
export const numberForm = sequence(
  integerForm,
  optional(sequence(literal('.'), repeat(digit, 1, 15))),
  optional(
    sequence(
      chars([0x45, 0x45], [0x65, 0x65]),
      optional(chars([0x2b, 0x2b], [0x2d, 0x2d])),
      chars([0x31, 0x39]),
      repeat(digit, 0, 1),
    ),
  ),
);

export const character = rule('json.character');
export const blanks = rule('json.blank');
export const text = rule('json.string');
export const anyValue = rule('json.value');

export const quoted = (inside: Expression): Expression => sequence(literal('"'), inside, literal('"'));
/** `"name": ` */
export const keyed = (key: Expression, value: Expression): Expression => sequence(key, literal(':'), blanks, value);
export const comma = sequence(literal(','), blanks);
/** Between brackets, with white space inside. */
export const enclosed = (open: string, inside: Expression, close: string): Expression =>
  sequence(literal(open), blanks, inside, blanks, literal(close));

/** `min` to `max` elements with commas between them. */
export function listOf(element: Expression, min = 0, max = Number.POSITIVE_INFINITY): Expression {
  if (max === 0) return sequence();
  const all = sequence(element, repeat(sequence(comma, element), Math.max(0, min - 1), max - 1));
  return min === 0 ? optional(all) : all;
}

/** The rules that the expressions above name. */
export const jsonRules: Readonly<Record<string, Expression>> = {
  'json.blank': blank,
  'json.character': choice({ kind: 'chars', ranges: plain }, escapeSequence),
  'json.string': quoted(repeat(character, 0)),
  'json.object': enclosed('{', listOf(keyed(text, anyValue)), '}'),
  'json.array': enclosed('[', listOf(anyValue), ']'),
  'json.value': choice(
    rule('json.object'),
    rule('json.array'),
    text,
    numberForm,
    literal('true'),
    literal('false'),
    literal('null'),
  ),
};

/** What stands in a string between its quotes when it means the given text: characters that need it are escaped. */
export function inString(e: Expression): Expression {
  switch (e.kind) {
    case 'chars': {
      const escaped = intersection(e.ranges, special).flatMap(([low, high]) =>
        Array.from({ length: high - low + 1 }, (_, i) =>
          literal(JSON.stringify(String.fromCharCode(low + i)).slice(1, -1)),
        ),
      );
      return choice({ kind: 'chars', ranges: intersection(e.ranges, plain) }, ...escaped);
    }
    case 'sequence':
      return { ...e, parts: e.parts.map(inString) };
    case 'choice':
      return { ...e, options: e.options.map(inString) };
    case 'repeat':
      return { ...e, of: inString(e.of) };
    case 'rule':
      return e;
  }
}

/** Any characters but those that make one of the words; without escapes, which could spell one in another way. */
export function noneOf(words: readonly string[]): Expression {
  const heads = new Map<string, string[]>();
  for (const word of words) {
    const head = Array.from(word)[0];
    if (head !== undefined) heads.set(head, [...(heads.get(head) ?? []), word.slice(head.length)]);
  }
  const known = [...heads.keys()].map((c): CharRange => [c.codePointAt(0)!, c.codePointAt(0)!]);
  const other = sequence({ kind: 'chars', ranges: without(plain, known) }, repeat({ kind: 'chars', ranges: plain }, 0));
  return choice(
    ...(words.includes('') ? [] : [sequence()]),
    other,
    ...[...heads].map(([c, rests]) => sequence(inString(literal(c)), noneOf(rests))),
  );
}

/** Whole numbers from low to high, in decimal, without leading zeros. Bounds may be infinite. */
export function integersBetween(low: number, high: number): Expression {
  const options: Expression[] = [];
  if (low < 0) options.push(sequence(literal('-'), naturals(Math.max(1, high < 0 ? -high : 1), -low)));
  if (high >= 0) options.push(naturals(Math.max(0, low), high));
  return choice(...options);
}

/** As many digits as every reader of JSON keeps exactly. */
const mostDigits = 15;

function naturals(low: number, high: number): Expression {
  const top = Math.min(high, 10 ** mostDigits - 1);
  const options: Expression[] = [];
  for (let length = String(low).length; length <= String(top).length; length++) {
    const from = Math.max(low, length === 1 ? 0 : 10 ** (length - 1));
    const to = Math.min(top, 10 ** length - 1);
    if (from <= to) options.push(digitsBetween(String(from), String(to)));
  }
  return choice(...options);
}

/** Runs of digits of one length from low to high. */
function digitsBetween(low: string, high: string): Expression {
  if (low.length === 0) return sequence();
  const [a, b] = [Number(low[0]), Number(high[0])];
  const [lowRest, highRest] = [low.slice(1), high.slice(1)];
  const digits = (from: number, to: number): Expression => chars([0x30 + from, 0x30 + to]);
  if (a === b) return sequence(digits(a, a), digitsBetween(lowRest, highRest));
  const [zeros, nines] = [lowRest.replace(/./g, '0'), lowRest.replace(/./g, '9')];
  const free = (from: number, to: number): Expression =>
    sequence(digits(from, to), repeat(digit, lowRest.length, lowRest.length));
  const options: Expression[] = [];
  const [wholeLow, wholeHigh] = [lowRest === zeros, highRest === nines];
  if (!wholeLow) options.push(sequence(digits(a, a), digitsBetween(lowRest, nines)));
  const [from, to] = [wholeLow ? a : a + 1, wholeHigh ? b : b - 1];
  if (from <= to) options.push(free(from, to));
  if (!wholeHigh) options.push(sequence(digits(b, b), digitsBetween(zeros, highRest)));
  return choice(...options);
}

/** Fraction digits that a bounded number may have where its bounds ask for them. */
const mostPlaces = 9;

/**
 * Numbers from low to high: whole ones, and whole ones with a fraction where that stays inside; where no whole number lies
 * between the bounds, those with just as many decimal places as are needed. Undefined when there is none of those either.
 */
export function numbersBetween(
  low: number,
  high: number,
  strict: { low: boolean; high: boolean },
): Expression | undefined {
  const inside = (x: number): boolean => (strict.low ? x > low : x >= low) && (strict.high ? x < high : x <= high);
  for (let places = 0; places <= mostPlaces; places++) {
    const unit = 10 ** places;
    const shifted = (x: number): number => x * unit;
    let [from, to] = [Math.ceil(shifted(low) - 1e-6), Math.floor(shifted(high) + 1e-6)];
    const numberAt = (n: number): number => Number(`${n}e-${places}`);
    while (Number.isFinite(from) && from <= to && !inside(numberAt(from))) from++;
    while (Number.isFinite(to) && from <= to && !inside(numberAt(to))) to--;
    if (from > to) continue;
    if (places === 0) {
      const fraction = sequence(literal('.'), repeat(digit, 1, 15));
      const parts = [integersBetween(from, to)];
      // n.f lies between n and n + 1, −n.f between −n − 1 and −n; both ends must be allowed or never reached.
      if (to - 1 >= Math.max(0, from)) parts.push(sequence(integersBetween(Math.max(0, from), to - 1), fraction));
      if (from + 1 <= Math.min(0, to)) {
        const [least, most] = [Math.max(0, -Math.min(0, to)), -(from + 1)];
        parts.push(sequence(literal('-'), integersBetween(least, most), fraction));
      }
      return choice(...parts);
    }
    const sided = (sign: string, a: number, b: number): Expression[] => {
      if (a > b || b < 0) return [];
      const first = Math.max(0, a);
      const whole = (n: number): number => Math.floor(n / unit);
      const options: Expression[] = [];
      const pad = (n: number): string => String(n % unit).padStart(places, '0');
      for (let n = whole(first); n <= whole(b); n++) {
        const lowest = n === whole(first) ? pad(first) : pad(0);
        const highest = n === whole(b) ? pad(b) : '9'.repeat(places);
        options.push(sequence(literal(`${sign}${n}.`), digitsBetween(lowest, highest)));
      }
      return options;
    };
    return choice(
      ...sided('-', -to, -Math.max(from, Number.MIN_SAFE_INTEGER)).filter(() => from < 0),
      ...sided('', from, to),
    );
  }
  return undefined;
}
