// The kinds of personal data that have a form, in English and Chinese: one row a kind.

import { iban, ipv4, ipv6, isDate, luhn, residentNumber } from './checks.ts';

export const privateKinds = [
  'url',
  'email',
  'iban',
  'card',
  'national-id',
  'ip',
  'phone',
  'passport',
  'license-plate',
  'date-of-birth',
  'address',
] as const;
export type PrivateKind = (typeof privateKinds)[number];

export interface Pattern {
  readonly kind: PrivateKind;
  /**
   * With flag g. Every repetition is bounded and cannot begin in the middle of its like, so that the time grows with the length of the
   * text and not with its square.
   */
  readonly find: RegExp;
  /** What else must hold of the match. `before` and `after` are the 24 characters around it. */
  readonly holds?: (match: string, before: string, after: string) => boolean;
}

const digits = (text: string): string => text.replace(/\D/g, '');
const street =
  'Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Court|Ct|Drive|Dr|Boulevard|Blvd|Way|Place|Pl|Square|Sq|Terrace|Highway|Hwy|Parkway|Pkwy|Close|Crescent|Alley|Row|Mews';
const birthBefore = /(?:born|birth|birthday|\bdob|生日|出生|生于)[^\d。；;]{0,12}$/iu;
/** Said to be a birthday, or beside the number of a passport or an identity card in a list. */
const birthAfter =
  /^\s?(?:日)?(?:出生|生[，,。）)]|is my birthday|is (?:his|her) birthday|[,;，；]\s?(?:[A-Z]\d{8}|\d{3}-\d{2}-\d{4}|\d{17}[\dX])(?![A-Za-z0-9-]))/iu;

/** In order of precedence: what an earlier row found, a later one does not touch. */
export const patterns: readonly Pattern[] = [
  // Ends where Chinese begins, as no blank stands between them.
  {
    kind: 'url',
    find: /(?<![a-z])(?:https?:\/\/|ftp:\/\/|(?<![\w.@/-])www\.(?=[a-z0-9-]{1,63}\.))[\w.~:/?#[\]@!$&'()*+,;=%\u00c0-\u024f-]{3,2000}(?<![.,;:!?')])/giu,
  },
  {
    kind: 'email',
    find: /(?<![a-z0-9._%+-])[a-z0-9_%+-][a-z0-9._%+-]{0,63}@[a-z0-9](?:[a-z0-9-]{0,62}\.){1,8}[a-z]{2,24}(?![a-z0-9-])/giu,
  },
  {
    kind: 'iban',
    find: /(?<![A-Z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?![A-Z0-9])/gu,
    holds: iban,
  },
  {
    kind: 'national-id',
    find: /(?<![\dA-Za-z])[1-9]\d{5}([ -]?)\d{8}\1\d{3}[\dXx](?![\dA-Za-z])/gu,
    holds: (text, before) => residentNumber(text.replace(/[ -]/g, '')) || /身[份分][证證][^\d]{0,8}$/u.test(before),
  },
  {
    kind: 'card',
    find: /(?<![\d.-])\d(?:[ -]?\d){12,18}(?![\d-]|\.\d)/gu,
    // Said to be a card, a number is one even where it was mistyped.
    holds: (text, before) =>
      /^[2-6]/.test(text) && (luhn(digits(text)) || /(?:银行|信用|储蓄|借记)卡[^\d]{0,8}$/u.test(before)),
  },
  { kind: 'national-id', find: /(?<![\d-])(?!000|666)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\d-])/gu },
  // The United Kingdom's national insurance number.
  {
    kind: 'national-id',
    find: /(?<![A-Z0-9])(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]( ?)\d{2}\1\d{2}\1\d{2}\1[A-D](?![A-Z0-9])/gu,
  },
  {
    kind: 'ip',
    find: /(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?!\.?\d)/gu,
    holds: (text, before) => ipv4(text) && !/(?:version|ver\.?|\bv|release|版本号?)\s*[:：]?\s*$/iu.test(before),
  },
  { kind: 'ip', find: /(?<![0-9a-z:.])[0-9a-f:]{3,39}(?<!:)(?![0-9a-z:])/giu, holds: ipv6 },
  // Mainland China: mobile and landline. Then +country numbers, then the ten digits of North America.
  { kind: 'phone', find: /(?<![\d.+-])(?:\+?86[- ]?|\(\+86\) ?)?1[3-9]\d(?:[- ]?\d{4}){2}(?![\d-]|\.\d)/gu },
  {
    kind: 'phone',
    find: /(?<![\d.-])(?:[(（]0\d{2,3}[)）][- ]?|0\d{2,3}[- ])(?:\d{7,8}|\d{3,4}[- ]\d{4})(?:-\d{1,5})?(?![\d-]|\.\d)/gu,
  },
  // The United Kingdom's numbers as they are written inland; ten digits that are said to be a number to call.
  { kind: 'phone', find: /(?<![\d.+-])(?:\(0\d{2,4}\) ?|0\d{2,4} )\d{3,4} ?\d{3,4}(?![\d-]|\.\d)/gu, holds: ukNumber },
  {
    kind: 'phone',
    find: /(?<![\d.+-])[2-9]\d{9}(?![\d-]|\.\d)/gu,
    holds: (_, before) => /(?:\b(?:call|tel|telephone|phone|mobile|cell|fax|text)\b|☎)[^\d.;]{0,12}$/iu.test(before),
  },
  { kind: 'phone', find: /(?<![\d.+-])(?:\+?1[-. ]?)?(?:\(\d{3}\) ?|\d{3}[-. ])\d{3}[-. ]\d{4}(?![\d-]|\.\d)/gu },
  {
    kind: 'phone',
    find: /(?<![\w+])\+[1-9]\d{0,2}(?:[-. ]?\(?\d{1,4}\)?){2,5}(?![\d-])/gu,
    holds: (text) => digits(text).length >= 8 && digits(text).length <= 15,
  },
  {
    kind: 'passport',
    find: /(?<![A-Za-z0-9])(?:[A-Z]\d{8}|[A-Z]{2}\d{7})(?![A-Za-z0-9])/gu,
    // The form is weak; what is said to number something else is left.
    holds: (_, before) =>
      !/(?:order|invoice|parcel|tracking|model|part|item|sku|ticket|batch|serial|isbn|单号|订单|编号|型号|批号|货号|流水号|序列号|发票)[^。.;；]{0,12}$/iu.test(
        before,
      ),
  },
  {
    kind: 'license-plate',
    find: /[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-HJ-NP-Z][·•]?(?=[A-Z]{0,5}\d)[A-HJ-NP-Z0-9]{5,6}(?![A-Za-z0-9])/gu,
  },
  {
    kind: 'date-of-birth',
    find: /(?<!\d)(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}|\d{4}年\d{1,2}月\d{1,2}日)(?!\d)/gu,
    holds: (text, before, after) => someDate(text) && (birthBefore.test(before) || birthAfter.test(after)),
  },
  {
    kind: 'date-of-birth',
    find: /(?<![A-Za-z])(?:\d{1,2} )?(?:January|February|March|April|May|June|July|August|September|October|November|December)(?: \d{1,2},)? \d{4}(?!\d)/gu,
    holds: (_, before, after) => birthBefore.test(before) || birthAfter.test(after),
  },
  // Number, name and kind of street, with flat, town and postal code where they follow.
  {
    kind: 'address',
    find: new RegExp(
      `(?<![\\d.])\\d{1,6}[A-Za-z]?(?: (?:[NSEW]\\.?|North|South|East|West))?(?: [A-Z][\\p{L}'’-]{0,24}){1,4} (?:${street})\\b\\.?(?:,? (?:Apt|Apartment|Suite|Unit|Flat|#)\\.? ?[A-Z0-9-]{1,6})?(?:, [A-Z][\\p{L}'’-]{1,24}(?: [A-Z][\\p{L}'’-]{1,24}){0,2})?(?:,? [A-Z]{2}(?: \\d{5}(?:-\\d{4})?)?(?![\\p{L}\\d])|,? [A-Z]{1,2}\\d[A-Z\\d]? \\d[A-Z]{2})?(?![\\p{L}\\d])`,
      'gu',
    ),
  },
  // Province, city, district, street, number, building and room; a street and a number at the least.
  {
    kind: 'address',
    find: /(?:[^在住址是到往寄于为至从自家去送的和与或\P{Script=Han}]{2,7}(?:省|自治区))?(?:[^在住址是到往寄于为至从自家去送的和与或\P{Script=Han}]{2,5}[市州盟])?(?:[^在住址是到往寄于为至从自家去送的和与或市\P{Script=Han}]{1,5}[区區县縣市旗]){0,2}(?:[^在住址是到往寄于为至从自去送的和与或市区區县縣\P{Script=Han}]{1,5}[镇鎮乡鄉])?[^在住址是到往寄于为至从自去送的和与或市区區县縣省第\P{Script=Han}]{1,8}(?:路|街|巷|大道|道|胡同|弄|里|街道)(?:[一二三四五六七八九十]段)?(?:\d{1,4}[弄巷])?\d{1,5}(?:-\d{1,3})?[号號](?!线)(?:院|楼)?(?:\p{Script=Han}{1,10}(?:小区|花园|大厦|公寓|广场|苑))?(?:\d{1,4}(?:栋|幢|座|号楼|[楼樓]))?(?:\d{1,2}单元)?(?:\d{1,3}[层層])?(?:\d{1,5}(?:室|房|号房))?/gu,
  },
  // A home by its estate, building and room, where no street is said.
  {
    kind: 'address',
    find: /[^在住址是到往寄于为至从自家去送的和与或\P{Script=Han}]{1,8}(?:小区|花园|公寓|家园|新村|苑)\d{1,4}(?:栋|幢|座|号楼)(?:\d{1,2}单元)?\d{1,5}(?:室|房|号)?/gu,
  },
];

function someDate(text: string): boolean {
  const [a, b, c] = text.match(/\d+/g)!.map(Number) as [number, number, number];
  return a > 31 ? isDate(a, b, c) : isDate(c, a, b) || isDate(c, b, a);
}

/** Ten or eleven digits, as all numbers of the United Kingdom have. */
function ukNumber(text: string): boolean {
  const { length } = digits(text);
  return length === 10 || length === 11;
}
