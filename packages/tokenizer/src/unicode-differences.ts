// Where the reference's Unicode tables are older than JavaScript's: bodies of character classes.
//
// The Rust library normalises, strips accents and splits by script with Unicode 9; BERT's normalizer and the punctuation go by
// Unicode 8. A newer character is for it no mark and no letter of any script, and it stays as it is. The lists were found by
// asking the reference (tokenizers 0.23.2) and JavaScript (Unicode 17) about every code point. Code points that JavaScript does
// not know either lie within the ranges where that makes them longer, which changes nothing.

// A list is written in base 36: of each range its distance from the end of the range before and, after a point, its length less
// one. That is a third of what the characters themselves would take.

function ranges(list: string): string {
  let end = 0;
  return list.replace(/\w+(?:\.\w+)?| /g, (range) => {
    if (range === ' ') return '';
    const [gap, more] = range.split('.') as [string, string?];
    const start = end + Number.parseInt(gap, 36);
    end = start + Number.parseInt(more ?? '0', 36);
    return `\\u{${start.toString(16)}}-\\u{${end.toString(16)}}`;
  });
}

/** Characters of Unicode 10 and later. */
export const newerThan9 = /* @__PURE__ */ ranges(
  '128 14 2v 1a dc.2 2p.1r m 9.l 89.2 3c 3o.5 2e 4v 1k w.1 q d 2g.1 m.d 4 1j.1 1x 79 3 3 2.5 5 8 8.1 3 e k 1mn 8.a 6o 2x g7.18 2p.3 1a.2 7e.1i 1k 3 70.4 jp.2 n2 14.2 1gt.1 z.2 d 9.p 5.f 1c 1c di.o bj.3 8f.1 3w.4 11.b 7k 59z.9 g7r.15 1io 9.1q 1i 5u.1 h3.5 fvb.g a6.f 1t.1 1j.7 1b.1 pp b5.2 g1.3n b1.1m au.p 63.1 j jc.3z 6p.ae 3e.5 25.b 3b.3 3r.1 34.2 6y 1x.2q 3c 4.3 gn.1 n.j 1j 12.6z 5h.cf 1t.6x 7b.lb 32p.2q u5.34b 5qe.1l 1tj.2h hj.b7 36.a 1c.8 2i.l 4qf.i l0.7bf 4.l5 4xx.qr fa.1 5y.1f 3j.6 2a0.16 7a.1ji 99 me.5o r4.2 w 1p.3 1q 4z.5 vi.c o.5 3c.b 2e.r 5c.2n g 9.7 2.1 d d.3 g.w j.19 2.ft xr1.8 386.a 4mb.69n 3hf.ad5',
);

/** Characters of Unicode 9 and later, of the first only those that are marks without width, format characters or punctuation. */
export const newerThan8 = /* @__PURE__ */ newerThan9.concat(
  ranges('1qs.e 337.1 12t 37s.1 o75 6w kjw 39 e2.11 eb.c 150.3q 12kq.16 1sq.r'),
);

/** A mark that was none in Unicode 9. */
export const laterMark = '\\u{111c9}';

/** What JavaScript no longer counts as marks. */
export const formerMarks = /* @__PURE__ */ ranges('5pu.1');

/** What JavaScript no longer counts as non-spacing marks. */
export const formerNonSpacingMarks = /* @__PURE__ */ ranges('4l0 1eju');

/** What JavaScript no longer counts as punctuation. */
export const formerPunctuation = /* @__PURE__ */ ranges('4fh 1dng');
