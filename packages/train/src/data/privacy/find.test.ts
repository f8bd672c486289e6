// Personal data: what is found, what only looks like it, and what the mask and the report say.

import { expect, test } from 'vitest';
import { iban, ipv6, luhn, residentNumber } from './checks.ts';
import { findPrivate, maskAll, maskPrivate } from './find.ts';

const kinds = (text: string) => findPrivate(text).map((span) => `${span.kind}: ${span.text}`);

test.each([
  ['Mail jo.doe+x@mail.example.org.', ['email: jo.doe+x@mail.example.org']],
  ['邮箱是li@example.com，电话13800000000。', ['email: li@example.com', 'phone: 13800000000']],
  [
    'see https://example.org/a?b=1, or http://example.com.',
    ['url: https://example.org/a?b=1', 'url: http://example.com'],
  ],
  ['Call +1 (202) 555-0143 or 020-12345678', ['phone: +1 (202) 555-0143', 'phone: 020-12345678']],
  ['+44 20 7946 0958 / +86 138-0000-0000', ['phone: +44 20 7946 0958', 'phone: +86 138-0000-0000']],
  ['card 4242 4242 4242 4242, exp 12/30', ['card: 4242 4242 4242 4242']],
  ['身份证110101199003070811X', []],
  ['身份证号：11010519491231002X', ['national-id: 11010519491231002X']],
  ['身份证号110105194912310021（有误）', ['national-id: 110105194912310021']],
  ['number 110105194912310021 in a log', []],
  ['SSN 219-09-9999', ['national-id: 219-09-9999']],
  ['GB82 WEST 1234 5698 7654 32', ['iban: GB82 WEST 1234 5698 7654 32']],
  ['from 192.0.2.1 and 2001:db8::1', ['ip: 192.0.2.1', 'ip: 2001:db8::1']],
  ['车牌京A·12345和粤BD12345', ['license-plate: 京A·12345', 'license-plate: 粤BD12345']],
  ['He was born on 7 March 1990 in Leeds; met 8 March 1991', ['date-of-birth: 7 March 1990']],
  [
    'lives at 12 North Elm Street, Apt 4B, Springfield, IL 62701.',
    ['address: 12 North Elm Street, Apt 4B, Springfield, IL 62701'],
  ],
  ['家住北京市海淀区中关村大街27号3号楼2单元501室，', ['address: 北京市海淀区中关村大街27号3号楼2单元501室']],
  ['护照E12345678', ['passport: E12345678']],
  ['手机１３８１２３４５６７８，邮箱ａ＠example.com', ['phone: １３８１２３４５６７８', 'email: ａ＠example.com']],
  ['电话：（010）12345678、010-1234 5678', ['phone: （010）12345678', 'phone: 010-1234 5678']],
  ['身份证 110105 19491231 002X', ['national-id: 110105 19491231 002X']],
  ['银行卡号6222021234567890123（输错一位）', ['card: 6222021234567890123']],
  ['家住幸福里小区3号楼2单元501室', ['address: 幸福里小区3号楼2单元501室']],
  ['寄到广东省深圳市南山区科技园南区深南大道9966号', ['address: 广东省深圳市南山区科技园南区深南大道9966号']],
  ['台北市信義區信義路五段7號', ['address: 台北市信義區信義路五段7號']],
  ['221B Baker Street, London NW1 6XE', ['address: 221B Baker Street, London NW1 6XE']],
  ['ring 020 7946 0958 or 07911 123456', ['phone: 020 7946 0958', 'phone: 07911 123456']],
  ['call me: 4155552671', ['phone: 4155552671']],
  ['NI number AB 12 34 56 C', ['national-id: AB 12 34 56 C']],
  ['on www.example.com/a, at ftp://example.com', ['url: www.example.com/a', 'url: ftp://example.com']],
])('%s', (text, expected) => {
  expect(kinds(text)).toEqual(expected);
});

test.each([
  'ISBN 978-7-302-51165-4, version 1.2.3.4, 12:30:45',
  '订单号A12345678，共36件，合计790.90元',
  'The date 2020-01-02 and the ratio 16:9, π = 3.14159265358979',
  'Order 4242424242424241 (no check digit)',
  'The 5 Great Lakes, 7 Wise Men and 12 Long Years',
  '乘坐地铁2号线，第12号文件，五号楼',
  '银行卡共3张，流水号6222021234567890123；号码4155552671',
  '2020 年 12 月 020 12 号，参见 www. 与 WWW，SSD 860 EVO',
  'the file AB123456 and GB123456A, 4155552671 rows, 0800 bytes of 1234',
  '@mention, a@b, C++::vector, 300.1.1.1',
])('nothing private in: %s', (text) => {
  expect(kinds(text)).toEqual([]);
});

test('check digits are those of the standards', () => {
  expect([luhn('79927398713'), luhn('79927398710'), luhn('')]).toEqual([true, false, false]);
  expect([
    residentNumber('11010519491231002X'),
    residentNumber('110105194912310021'),
    residentNumber('11010519491331002X'),
  ]).toEqual([true, false, false]);
  expect([iban('GB82WEST12345698765432'), iban('GB82WEST12345698765433')]).toEqual([true, false]);
  expect([
    ipv6('::1'),
    ipv6('1::'),
    ipv6('fe80::1:2'),
    ipv6('1:2:3:4:5:6:7:8'),
    ipv6('12:30:45'),
    ipv6('1::2::3'),
  ]).toEqual([false, false, true, true, false, false]);
});

test('masks stand in place of the spans, and the report counts without repeating them', () => {
  expect(maskPrivate('写信给li@example.com或打13800000000。').text).toBe('写信给[EMAIL]或打[PHONE]。');
  expect(maskPrivate('a@example.com 192.0.2.7', { kinds: ['email'], mask: ({ kind }) => `<${kind}>` }).text).toBe(
    '<email> 192.0.2.7',
  );
  const { texts, report } = maskAll(['nothing', 'a@example.com and b@example.com', 'ip 192.0.2.7']);
  expect(texts).toEqual(['nothing', '[EMAIL] and [EMAIL]', 'ip [IP]']);
  expect(report).toEqual({
    texts: 3,
    affected: 2,
    byKind: new Map([
      ['email', 2],
      ['ip', 1],
    ]),
    places: [
      { text: 1, kinds: ['email'] },
      { text: 2, kinds: ['ip'] },
    ],
  });
  expect(JSON.stringify([report, ...report.byKind])).not.toContain('example');
});

test('masked text holds nothing more to mask', () => {
  const text =
    '陈磊，1994年1月12日出生，住在西安市滨江区演示东路236号1472室，卡号4242 4242 4242 4242，邮箱a@example.org';
  const { text: masked, spans } = maskPrivate(text);
  expect(spans.map((span) => span.kind)).toEqual(['date-of-birth', 'address', 'card', 'email']);
  expect(findPrivate(masked)).toEqual([]);
});

test('an unknown kind is answered with the nearest', () => {
  expect(() => findPrivate('', { kinds: ['e-mail' as 'email'] })).toThrow(
    'privacy: no kind "e-mail"; did you mean "email"?',
  );
});

test.each([
  'a',
  '1',
  '1-',
  'a.',
  'A ',
  '1.',
  '市',
  '北京',
  '路',
  ':',
  '0',
  '010 ',
  'www.',
  '小区',
  '区',
  'ab@',
  '1 ',
  'http://a',
  '号',
  '12 Elm ',
])('a megabyte of "%s" is searched in seconds', (unit) => {
  const started = performance.now();
  findPrivate(unit.repeat(Math.floor(1_000_000 / unit.length)));
  expect(performance.now() - started).toBeLessThan(10_000);
});
