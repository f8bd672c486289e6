// The word pattern of GPT-2 (Radford et al. 2019) as a scanner: the same pieces as its regular expression, without one.
//
//   's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+

// 0: not classified yet.
const [letter, number, space, other] = [1, 2, 3, 4];

/** Class of every code point, filled as code points are met (1.1 MB, taken at first use). */
let classes: Uint8Array | null = null;

function classify(classes: Uint8Array, codePoint: number): number {
  const character = String.fromCodePoint(codePoint);
  // White_Space and not \s, which in JavaScript counts U+FEFF in and U+0085 out.
  const found = /\p{L}/u.test(character)
    ? letter
    : /\p{N}/u.test(character)
      ? number
      : /\p{White_Space}/u.test(character)
        ? space
        : other;
  classes[codePoint] = found;
  return found;
}

/** The code point at a place, a lone surrogate counting as itself: it is neither letter nor number nor space. */
function codePointAt(text: string, at: number): number {
  const unit = text.charCodeAt(at);
  return (unit & 0xf800) === 0xd800 ? text.codePointAt(at)! : unit;
}

/** Calls `word` with the bounds of every piece of `text`, in UTF-16 code units. The pieces cover the text. */
export function gpt2Words(text: string, word: (start: number, end: number) => void): void {
  const n = text.length;
  classes ??= new Uint8Array(0x11_0000);
  const table = classes;
  const classOf = (codePoint: number): number => table[codePoint]! || classify(table, codePoint);
  let start = 0;
  while (start < n) {
    let at = start;
    let codePoint = codePointAt(text, at);
    if (codePoint === 0x27) {
      const length = contraction(text, at);
      if (length > 0) {
        word(start, start + length);
        start += length;
        continue;
      }
    } else if (codePoint === 0x20 && at + 1 < n) {
      const next = codePointAt(text, at + 1);
      if (classOf(next) !== space) {
        codePoint = next;
        at++;
      }
    }
    const kind = classOf(codePoint);
    let last = at; // where the last code point of the run starts
    at += codePoint > 0xffff ? 2 : 1;
    while (at < n) {
      const next = codePointAt(text, at);
      if (classOf(next) !== kind) break;
      last = at;
      at += next > 0xffff ? 2 : 1;
    }
    // Of white space before a word the last character goes with the word, or stands alone.
    if (kind === space && at < n && last > start) at = last;
    word(start, at);
    start = at;
  }
}

/** Length of an English contraction at an apostrophe, or 0. */
function contraction(text: string, at: number): number {
  const rest = text.slice(at + 1, at + 3);
  if (/^(?:re|ve|ll)/.test(rest)) return 3;
  return /^[stmd]/.test(rest) ? 2 : 0;
}
