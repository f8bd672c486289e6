// A text as its UTF-16 units in a typed array, which loops read faster than a string.

// Up to this many units the array is kept for the next text.
const kept = 1 << 16;
let scratch: Uint16Array = new Uint16Array(4096);

/**
 * The units of the text in the first `text.length` places; lone surrogates as U+FFFD. The array is used again by the next
 * call: take what you need before it.
 */
export function unitsOf(text: string): Uint16Array {
  const length = text.length;
  let units = scratch;
  if (units.length < length) {
    units = new Uint16Array(length > kept ? length : 2 * length);
    if (length <= kept) scratch = units;
  }
  let surrogates = 0;
  for (let i = 0; i < length; i++) {
    const unit = text.charCodeAt(i);
    units[i] = unit;
    if ((unit & 0xf800) === 0xd800) surrogates++;
  }
  if (surrogates > 0) mend(units, length);
  return units;
}

function mend(units: Uint16Array, length: number): void {
  for (let i = 0; i < length; i++) {
    if ((units[i]! & 0xf800) !== 0xd800) continue;
    if ((units[i]! & 0xfc00) === 0xd800 && i + 1 < length && (units[i + 1]! & 0xfc00) === 0xdc00) i++;
    else units[i] = 0xfffd;
  }
}
