// Examples as bytes: each list of numbers in the narrowest form that holds it. Masks and segments of equal numbers take ten bytes.

import type { Example } from './examples.ts';

/** How a list is written. */
const forms = { constant: 0, bytes: 1, words: 2, integers: 3, floats: 4 } as const;
type FormCode = (typeof forms)[keyof typeof forms];
const widths: Readonly<Record<FormCode, number>> = { 0: 4, 1: 1, 2: 2, 3: 4, 4: 4 };

function formOf(column: Int32Array | Float32Array): FormCode {
  if (column instanceof Float32Array) return forms.floats;
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const x of column) {
    if (x < least) least = x;
    if (x > most) most = x;
  }
  if (least === most) return forms.constant;
  if (least >= 0 && most < 0x100) return forms.bytes;
  // −100 stands for "no label".
  return least >= -0x400 && most < 0xfc00 ? forms.words : forms.integers;
}

/** Added to words, so that −1,024 … 64,511 fit. */
const shift = 0x400;

/** @param names of the lists, in the order in which they are written */
export function packedExample(example: Example, names: readonly string[]): Uint8Array {
  const columns = names.map((name) => {
    const column = example[name]!;
    const form = formOf(column);
    return { column, form, bytes: form === forms.constant ? 4 : widths[form] * column.length };
  });
  const packed = new Uint8Array(columns.reduce((n, { bytes }) => n + 5 + bytes, 0));
  const view = new DataView(packed.buffer);
  let at = 0;
  for (const { column, form, bytes } of columns) {
    view.setUint8(at, form);
    view.setUint32(at + 1, column.length, true);
    at += 5;
    if (form === forms.constant) view.setInt32(at, column[0] ?? 0, true);
    else if (form === forms.bytes) packed.set(column, at);
    else if (form === forms.words) for (const [i, x] of column.entries()) view.setUint16(at + 2 * i, x + shift, true);
    else if (form === forms.integers) for (const [i, x] of column.entries()) view.setInt32(at + 4 * i, x, true);
    else for (const [i, x] of column.entries()) view.setFloat32(at + 4 * i, x, true);
    at += bytes;
  }
  return packed;
}

/** The example that {@link packedExample} wrote. */
export function unpackedExample(packed: Uint8Array, names: readonly string[]): Example {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  let at = 0;
  return Object.fromEntries(
    names.map((name) => {
      const form = view.getUint8(at) as FormCode; // as it was written
      const length = view.getUint32(at + 1, true);
      const start = at + 5;
      at = start + (form === forms.constant ? 4 : widths[form] * length);
      if (form === forms.floats)
        return [name, Float32Array.from({ length }, (_, i) => view.getFloat32(start + 4 * i, true))];
      const column = new Int32Array(length);
      if (form === forms.constant) column.fill(view.getInt32(start, true));
      else if (form === forms.bytes) column.set(packed.subarray(start, start + length));
      else if (form === forms.words)
        for (let i = 0; i < length; i++) column[i] = view.getUint16(start + 2 * i, true) - shift;
      else for (let i = 0; i < length; i++) column[i] = view.getInt32(start + 4 * i, true);
      return [name, column];
    }),
  );
}
