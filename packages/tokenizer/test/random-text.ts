// Random text that is hard on tokenizers, the same for the same seed.

/** Uniform numbers in [0, 1) by mulberry32. */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const words =
  "the of and Hello WORLD don't I'LL naïve café unaffable 1234 3.14 你好 世界 中文 こんにちは カタカナ 안녕 مرحبا שלום नमस्ते สวัสดี Привет Straße ΟΔΟΣ İ ı ﬁ ǆ ① ㎏ ½ é q\u0323\u0307 👍 👍🏽 👨‍👩‍👧 🇫🇷🇯 \ud800 \udc00 [MASK] <s> </s> <mask> <|endoftext|> <extra_id_1> <0x0A> ▁ Ġ ## http://a.b/c?d=e __init__ \u0301 \u0323\u0307 \u200d \ufeff \u0085 \u00ad \u3000 \u2028".split(
    ' ',
  );
const spaces = [' ', '  ', '\n', '\t', '\r\n', ' \n '];
const blocks = [
  0x300, 0x400, 0x590, 0x600, 0x900, 0xe00, 0x1100, 0x1f00, 0x2000, 0x3000, 0xac00, 0xf900, 0xfe00, 0x1f300, 0x1d400,
  0x20000,
];

/** A text of one to twelve parts: words of many scripts, any code point, marks, emoji, controls, now and then a very long word. */
export function randomText(random: () => number): string {
  const below = (n: number) => Math.floor(random() * n);
  let text = '';
  for (let parts = below(12) + 1; parts > 0; parts--) {
    const kind = below(9);
    if (kind < 4) text += words[below(words.length)];
    else if (kind < 5) text += String.fromCharCode(32 + below(95));
    else if (kind < 6) text += String.fromCodePoint(below(0x110000));
    else if (kind < 7) text += String.fromCharCode(below(0x3000));
    else if (kind < 8) text += spaces[below(spaces.length)];
    else text += String.fromCodePoint(blocks[below(blocks.length)]! + below(128));
    if (below(3) === 0) text += ' ';
  }
  return below(100) === 0 ? text + 'xy'.repeat(below(300)) : text;
}

const unicode17 =
  '\\u0295\\u088f\\u0c5c\\u0cdc\\u1acf-\\u1add\\u1ae0-\\u1aeb\\u20c1\\u2b96\\ua7ce\\ua7cf\\ua7d2\\ua7d4\\ua7f1\\ufbc3-\\ufbd2\\ufd90\\ufd91\\ufdc8-\\ufdce\\u{10940}-\\u{10959}\\u{10ec5}-\\u{10ec7}\\u{10ed0}-\\u{10ed8}\\u{10efa}\\u{10efb}\\u{11b60}-\\u{11b67}\\u{11db0}-\\u{11de9}\\u{16ea0}-\\u{16ed3}\\u{16ff2}-\\u{16ff6}\\u{187f8}-\\u{187ff}\\u{18d09}-\\u{18d1e}\\u{18d80}-\\u{18df2}\\u{1ccfa}-\\u{1ccfc}\\u{1ceba}-\\u{1cef0}\\u{1e6c0}-\\u{1e6ff}\\u{1f6d8}\\u{1f777}-\\u{1f77a}\\u{1f8d0}-\\u{1f8d8}\\u{1fa54}-\\u{1fa57}\\u{1fa8a}\\u{1fa8e}\\u{1fac8}\\u{1facd}\\u{1faea}\\u{1faef}\\u{1fbfa}\\u{2b73a}-\\u{2b73f}\\u{2cea2}-\\u{2cead}\\u{323b0}-\\u{33479}';

/** Characters of Unicode 17, which the references do not know and newer JavaScript engines do. */
export const newerThanReferences: RegExp = new RegExp(`[${unicode17}]`, 'u');
