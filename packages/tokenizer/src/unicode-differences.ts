// Where the reference's Unicode tables are older than JavaScript's: bodies of character classes.
//
// The Rust library normalises by Unicode 9, strips accents and cleans by Unicode 8, and splits by script with Unicode 9.
// A character newer than that is for it no mark and no letter of any script, and it stays as it is. The lists were found by
// asking the reference (tokenizers 0.23.2) and JavaScript (Unicode 17) about every code point; with an older JavaScript they
// name some characters that it does not know either, which changes nothing.

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

/** Marks of JavaScript that the reference's StripAccents keeps. */
export const newMarks = /* @__PURE__ */ ranges(
  '1kt 4a.8 17.9 8b 70.5 2e 4v 1k 53.d 1n.1 1x 8p k 1mv 6y j4.18 ek 73.4 raq 5v js5.3 1u.4 8u.1 26.5 1z.a 1e.3 6j 3.1 26 3n.1 3n 5.1 36 6y 3h.o 2 f.1 3g r2.e 6u.e 2 2.1 3y.f 4 t.9 15.6 2.3 9 a.a 1b.f 5j.7 cq.k 2 1v.d 9o.3 a.1 2 1d.e o 44m 7.e 8uh.h 2sg 1c.8 2l.d irz.1y 3ex 4h.6 ag 1q.3 e5.3 73.1 6s 3 8.1 6',
);

/** What JavaScript no longer counts as marks. */
export const formerMarks = /* @__PURE__ */ ranges('5pu.1');

/** Non-spacing marks of JavaScript that the reference's BertNormalizer keeps. */
export const newNonSpacingMarks = /* @__PURE__ */ ranges(
  '1kt 4a.8 17.n 7x 70.5 2e 4v 1k 5g 1n.1 1x 8p k 1tt 3a.1 ft.18 ln.5 rap 49 1m 5a jmv.3 1u.4 8u.1 26.5 1z.a 1e.3 6j 3.1 26 7b 6 33 3 6y 3k.5 e 2 2 f.1 2e.7 3.2 2 o r5.8 2.1 75.1 2 5 41.7 5 x.9 15.5 3.3 9 a.5 3.2 1b.c 2.1 5j 2.2 2 5m.d 2 2b.l 3.6 2.1 2.1 3f.k 2 21.1 4 2 9o.1 c.1 1h.4 6 2 o 44m 7.e 8uh.b 4.2 2sg 45 isc.1y 3ay.16 2t 4h.6 ag 1q.3 e5.3 73.1 6s 3 8.1 6 gf.6',
);

/** What JavaScript no longer counts as non-spacing marks. */
export const formerNonSpacingMarks = /* @__PURE__ */ ranges('4l0 1eju');

/** Format characters of JavaScript that the reference's BertNormalizer keeps. */
export const newFormatCharacters = /* @__PURE__ */ ranges('1ow.1 29 1g4r 6zn.f');

/** Characters that the reference neither decomposes nor reorders. */
export const inertCharacters = /* @__PURE__ */ ranges(
  '1kt 4a.8 17.9 8b fy 73.1 am 1nf q2.18 ln.4 45h n3m.3 1k n1 huo r bh.1l 12i.3 1u.4 8u.1 26.1 2.2 1z.a 1e.3 6j jv 20 2 9 3 1g.3 6.2 3y rf.1 72 5.1 5 4d 2c j 2a ix 2.1 2a bu.1 d0f.7 7 2ex.2 hy.1 icl.z 3sn.2n 4h.6 ag 1q.3 e5.3 73.1 6s 3 8.1 6 22f 22s.9',
);

/** Characters that have a script in JavaScript and none in the reference. */
export const scriptlessCharacters = /* @__PURE__ */ ranges(
  '128 14 2v 1a dc.2 2p.1r m 9.l 89.2 3c 3o.5 2e 4v 1k w.1 q d 2g.1 m.d 4 1j.1 1x 79 3 3 2.5 5 8 8.1 3 e k 1mn 8.a 6o 2x g7.18 2p.3 1a.2 7e.1i 1k 3 70.4 jp.2 n2 14.2 1gt.1 z.2 d 9.p 5.f 1c 1c di.o bj.3 8f.1 3w.4 11.b 7k 59z.9 g7r.15 1io 9.1q 1i 5u.1 h3.5 fvb.g a6.f 1t.1 1j.7 1b.1 pp b5.2 up.1m hm.1 j vu.1p a9.5 25.b 3b.3 3r.1 34.2 6y 7z 4.3 gn.1 n.j 1j 12.6 oa.f 1t.2v uh.27 3zk.34b 8jv.a 1c.8 2j.1 d.6 4qf.i l0.c e9.6wu 4.9x 595.qr fa.1 5y.1f 3j.6 2a0.16 7a.2n 1g1.u 99 me.5o r4.2 w 1p.3 1q 4z.5 vi.c o.5 3c.b 2e.r 5c.2n g 9.7 2.1 d d.3 g.w j.19 2.ft xr1.8 386.a 4mb.69n 3hf.ad5',
);

/** Punctuation of JavaScript that is none for the reference's BertPreTokenizer and Punctuation. */
export const newPunctuation = /* @__PURE__ */ ranges(
  '17h rk 3d e9 d 2x6.1 1a.2 3pg.c 3.b 1829 8v z 3p.4 19.3 uj.4 37.4 b.3 eb.c 25 aq 7d.2 4c 2l.7 2c.2 2.4 2m.9 60 2o.4 17.1 hy.1 23.c 4w 35e.1 c57.2 88.3 94 nbx nz.1',
);

/** What JavaScript no longer counts as punctuation. */
export const formerPunctuation = /* @__PURE__ */ ranges('4fh 1dng');
