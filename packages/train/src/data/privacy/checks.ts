// Check digits and ranges that tell real numbers from look-alikes.

/** The last digit of a payment card (Luhn 1960, ISO/IEC 7812-1), over digits only. */
export function luhn(digits: string): boolean {
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = Number(digits[digits.length - 1 - i]);
    const doubled = i % 2 === 1 ? 2 * digit : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return digits.length > 0 && sum % 10 === 0;
}

/** A Chinese resident number: 17 digits with a possible birthday, and the check character of GB 11643-1999 (ISO 7064 mod 11-2). */
export function residentNumber(text: string): boolean {
  if (
    !/^[1-9]\d{16}[\dXx]$/.test(text) ||
    !isDate(Number(text.slice(6, 10)), Number(text.slice(10, 12)), Number(text.slice(12, 14)))
  )
    return false;
  let sum = 0;
  for (let i = 0; i < 17; i++) sum += Number(text[i]) * (2 ** (17 - i) % 11);
  return '10X98765432'[sum % 11] === text[17]!.toUpperCase();
}

/** ISO 13616: letters as numbers, the first four characters last, remainder 1 of 97. */
export function iban(text: string): boolean {
  const plain = text.replaceAll(' ', '');
  let remainder = 0;
  for (const character of plain.slice(4) + plain.slice(0, 4))
    for (const digit of Number.parseInt(character, 36).toString()) remainder = (remainder * 10 + Number(digit)) % 97;
  return remainder === 1;
}

export const ipv4 = (text: string): boolean =>
  text.split('.').every((part) => Number(part) <= 255 && String(Number(part)) === part);

/** Eight groups, or fewer around one `::`. Times such as 12:30:45 are not. */
export function ipv6(text: string): boolean {
  const halves = text.split('::');
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')));
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return false;
  return halves.length === 2 ? groups.length >= 2 && groups.length < 8 : halves.length === 1 && groups.length === 8;
}

export function isDate(year: number, month: number, day: number): boolean {
  return (
    year >= 1850 &&
    year <= 2200 &&
    month >= 1 &&
    month <= 12 &&
    day >= 1 &&
    day <= new Date(Date.UTC(year, month, 0)).getUTCDate()
  );
}
