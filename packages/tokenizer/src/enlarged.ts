// Longer typed arrays with the same beginning.

type Numbers = Uint8Array | Uint16Array | Int32Array | Uint32Array | Float64Array;

/** A copy of at least `length` elements, half as long again as before. */
export function enlarged<A extends Numbers>(array: A, length: number): A {
  const copy = new (array.constructor as new (length: number) => A)(Math.max(length, Math.ceil(array.length * 1.5)));
  copy.set(array);
  return copy;
}
