// Where the reference's Unicode tables are older than JavaScript's: bodies of character classes.
//
// The Rust library normalises, strips accents and splits by script with Unicode 9; BERT's normalizer and the punctuation go by
// Unicode 8. A newer character is for it no mark and no letter of any script, and it stays as it is. The lists were found by
// asking the reference (tokenizers 0.23.2) and JavaScript (Unicode 17) about every code point. Code points that JavaScript does
// not know either lie within the ranges where that makes them longer, which changes nothing.

// Of each range a list has its distance from the end of the range before and its length less one. A number is its multiple of 26 in
// digits, none for 0, and its rest as a letter: that compresses to a quarter of what the characters themselves would take.

function ranges(list: string): string {
  let end = 0;
  return list.replace(/(\d*[a-z])(\d*[a-z])/g, (_, gap: string, more: string) => {
    const start = end + numberOf(gap);
    end = start + numberOf(more);
    return `\\u{${start.toString(16)}}-\\u{${end.toString(16)}}`;
  });
}

function numberOf(text: string): number {
  return 26 * Number(text.slice(0, -1)) + Number.parseInt(text.slice(-1), 36) - 10;
}

/** Characters of Unicode 10 and later. */
export const newerThan9 = /* @__PURE__ */ ranges(
  '52ya1oa3za1ua18mc3t2lwajv11lc4qa5cf3ia6ta2ea1gb1aana3kbwnea2db2ra10badadacffaiaibdaoaua81faik9ga4ba22l1s3td1uc10g2c2eada9se27hc31ya1oc73db1jcnajzfp1wa1wa18sy15zd11rb5ke1ll10ma263bj808h1p75saj2k2ca8cb23rf791bq14cp2nb2dh1vb35pa15lc22f5b15h2g15az8lbta26u5n9h14k4sf2zl4pd5fb4ic9qa2r3u4qaed23bbxt2da1m9r7p17f2n9p10d29n153h3u41t155n285u2f90t3l24h15n4kk1wi3mv235zs29c364te29h246j37b21eb8g1z4xg113o1q10c76w12va31a7w37oc1ga2jd2ka6xf43qmyf4ql3i1b7k3rqajhcbnandq1gt1tc21x1682ji160wk230h312l173r516r',
);

/** Characters of Unicode 9 and later, of the first only those that are marks without width, format characters or punctuation. */
export const newerThan8 = /* @__PURE__ */ newerThan9.concat(
  ranges('86yo153zb53ta160ib1206fa9oa1024ma4na19m1l19vm56u5e1922w1q89q1b'),
);

/** A mark that was none in Unicode 9. */
export const laterMark = '\\u{111c9}';

/** What JavaScript no longer counts as marks. */
export const formerMarks = /* @__PURE__ */ ranges('285ab');

/** What JavaScript no longer counts as non-spacing marks. */
export const formerNonSpacingMarks = /* @__PURE__ */ ranges('228ma2519ua');

/** What JavaScript no longer counts as punctuation. */
export const formerPunctuation = /* @__PURE__ */ ranges('220va2474ya');
