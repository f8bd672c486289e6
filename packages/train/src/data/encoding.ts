// Which encoding bytes have that are not UTF-8: for a message that names it, with the command that converts the file.

/** Characters that every text of a few lines has, in simplified, traditional and Japanese writing. */
const common: { readonly [encoding: string]: string } = {
  gb18030: '的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里',
  big5: '的一是不了在人有我他這個們中來上大為和國地到以說時要就出會可也你對生能而子那得於著下自之年過發後作裡',
  shift_jis: 'のにはをたがでてとしれさいるなもかりこそまらっくだうすつよせあれ',
  'euc-kr': '이다는을에의가고하지도로한은기자인있어나사리',
};

/**
 * The likeliest encoding by the name that `iconv` and TextDecoder know; undefined when none stands out.
 * @param bytes of a file that is not UTF-8: its beginning, or the lines that are not.
 */
export function guessEncoding(bytes: Uint8Array): string | undefined {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  const sample = bytes.subarray(0, 1 << 16);
  // UTF-16 without a mark: every other byte of Latin text is zero.
  const zeros = (parity: number): number => sample.filter((byte, i) => byte === 0 && i % 2 === parity).length;
  const [even, odd] = [zeros(0), zeros(1)];
  if (even + odd > sample.length / 10) return odd > even ? 'utf-16le' : 'utf-16be';
  const scores = Object.entries(common).map(([encoding, frequent]) => {
    const text = new TextDecoder(encoding).decode(sample);
    const foreign = Array.from(text).filter((c) => c > '\u007f');
    const known = foreign.filter((c) => frequent.includes(c)).length;
    const broken = foreign.filter((c) => c === '\ufffd').length;
    return { encoding, score: (known - 4 * broken) / Math.max(1, foreign.length) };
  });
  const best = scores.reduce((a, b) => (b.score > a.score ? b : a));
  if (best.score > 0.1) return best.encoding;
  // Single bytes among ASCII letters: a Western European page.
  const high = sample.filter((byte) => byte >= 0x80).length;
  return high < sample.length / 4 ? 'windows-1252' : undefined;
}

/** What a message says of a file that is not UTF-8: the encoding if it can be told, and the way out. */
export function encodingAdvice(bytes: Uint8Array, file: string): string {
  const { bad, mixed } = badLines(bytes);
  const encoding = guessEncoding(bad);
  const source = encoding === undefined ? 'THE_ENCODING' : encoding;
  const looks = encoding === undefined ? '' : `, it looks like ${encoding === 'gb18030' ? 'GBK (gb18030)' : encoding}`;
  // Converting the whole of such a file would break the lines that are right.
  if (mixed) return `not UTF-8 text${looks}, while other lines of the file are UTF-8; write all of it in UTF-8`;
  const name = file.split('/').at(-1)!;
  return `not UTF-8 text${looks}; convert it first: iconv -f ${source} -t utf-8 ${name} > utf8-${name}`;
}

/** The lines that are not UTF-8 (all bytes, where a mark or zeros say UTF-16), and whether other lines are, beyond ASCII. */
function badLines(bytes: Uint8Array): { bad: Uint8Array; mixed: boolean } {
  if ((bytes[0] ?? 0) >= 0xfe || bytes.subarray(0, 1 << 16).includes(0)) return { bad: bytes, mixed: false };
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const bad: Uint8Array[] = [];
  let size = 0;
  let mixed = false;
  for (let start = 0; start < bytes.length && size < 1 << 16; ) {
    const newline = bytes.indexOf(10, start);
    const line = bytes.subarray(start, newline < 0 ? undefined : newline + 1);
    start += line.length;
    try {
      const text = decoder.decode(line);
      mixed ||= /[\u0800-\uffff]/.test(text); // two bytes of another encoding may be UTF-8 by chance, three are not
    } catch {
      bad.push(line);
      size += line.length;
    }
  }
  const whole = new Uint8Array(size);
  let at = 0;
  for (const line of bad) {
    whole.set(line, at);
    at += line.length;
  }
  return { bad: whole, mixed };
}
