// Numbers at run time: what goes into a program and what comes out. Graphs hold `Tensor`s, programs take `Value`s.

import { YumoError } from './errors.ts';

/** Element types. Graphs compute in float32, int32 and bool; the others exist for storage and for foreign files' inputs. */
export type DType = 'float32' | 'float64' | 'float16' | 'bfloat16' | 'int32' | 'int64' | 'int8' | 'uint8' | 'bool';

interface ArrayTypes {
  float32: Float32Array;
  float64: Float64Array;
  float16: Uint16Array;
  bfloat16: Uint16Array;
  int32: Int32Array;
  int64: BigInt64Array;
  int8: Int8Array;
  uint8: Uint8Array;
  bool: Uint8Array;
}
/** The typed array that holds elements of a type: half floats as their bits, bools as 0 and 1. */
export type DataOf<D extends DType> = ArrayTypes[D];
export type Data = ArrayTypes[DType];

/** Dense numbers in row-major order. */
export interface Value<D extends DType = DType> {
  readonly dtype: D;
  readonly shape: readonly number[];
  readonly data: DataOf<D>;
}

const arrays = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  int8: Int8Array,
  uint8: Uint8Array,
  bool: Uint8Array,
} as const;

/** Bytes of one element. */
export const bytesPerElement = (dtype: DType): number => arrays[dtype].BYTES_PER_ELEMENT;

/** Number of elements of a shape. */
export const sizeOf = (shape: readonly number[]): number => shape.reduce((n, d) => n * d, 1);

/** A zero-filled typed array for `length` elements. */
export function allocate<D extends DType>(dtype: D, length: number): DataOf<D> {
  return new arrays[dtype](length) as DataOf<D>; // the table maps each name to its own array type
}

/** A typed array over existing bytes, without copying. `byteOffset` must be a multiple of the element's size. */
export function viewBytes<D extends DType>(
  dtype: D,
  buffer: ArrayBufferLike,
  byteOffset: number,
  length: number,
): DataOf<D> {
  return new arrays[dtype](buffer as ArrayBuffer, byteOffset, length) as DataOf<D>; // as above
}

/** Makes a value and checks that the numbers fill the shape. */
export function value<D extends DType>(
  dtype: D,
  shape: readonly number[],
  data: DataOf<D> | readonly number[],
): Value<D> {
  const size = sizeOf(shape);
  if (data.length !== size) {
    throw new YumoError('SHAPE', `value: shape [${shape.join(', ')}] needs ${size} numbers, got ${data.length}`, {
      shape,
      length: data.length,
    });
  }
  if (!Array.isArray(data)) return { dtype, shape, data: data as DataOf<D> }; // not a plain array, so the typed array
  const target = allocate(dtype, size);
  for (let i = 0; i < size; i++) {
    (target as { [i: number]: number | bigint })[i] = dtype === 'int64' ? BigInt(data[i]!) : data[i]!;
  }
  return { dtype, shape, data: target };
}

/** 32-bit integers as the 64-bit ones that model files of other programs read. */
export function widened(from: Int32Array, shape: readonly number[]): Value<'int64'> {
  const data = new BigInt64Array(from.length);
  // Low and high halves, without a BigInt for each: a tenth of the time. Typed arrays are little-endian wherever JavaScript runs.
  const halves = new Int32Array(data.buffer);
  for (let i = 0; i < from.length; i++) {
    halves[2 * i] = from[i]!;
    halves[2 * i + 1] = from[i]! >> 31;
  }
  return { dtype: 'int64', shape, data };
}

/** The numbers of a value as doubles. int64 beyond ±2⁵³ loses digits; half floats are widened exactly. */
export function toFloat64(v: Value): Float64Array {
  if (v.dtype === 'float16') return Float64Array.from(v.data as Uint16Array, halfToNumber);
  if (v.dtype === 'bfloat16') return Float64Array.from(v.data as Uint16Array, brainHalfToNumber);
  if (v.dtype === 'int64') return Float64Array.from(v.data as BigInt64Array, Number);
  return new Float64Array(v.data as Exclude<Data, BigInt64Array>);
}

/** IEEE 754 binary16 bits → number. */
export function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const single = new Float32Array(1);
const singleBits = new Uint32Array(single.buffer);

/** Number → IEEE 754 binary16 bits, to the nearest, of two equally near to the even one; infinite from 65520 on. */
export function numberToHalf(x: number): number {
  single[0] = x;
  const sign = (singleBits[0]! >>> 16) & 0x8000;
  const magnitude = singleBits[0]! & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00; // NaN
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude < 0x38800000) {
    // Below 2⁻¹⁴ the steps are 2⁻²⁴.
    const steps = Math.abs(single[0]!) * 2 ** 24;
    const whole = Math.floor(steps);
    const rest = steps - whole;
    return sign | (whole + +(rest > 0.5 || (rest === 0.5 && whole % 2 === 1)));
  }
  const half = (magnitude - 0x38000000) >>> 13; // the exponents' zero points differ by 112
  const rest = magnitude & 0x1fff;
  return sign | (half + +(rest > 0x1000 || (rest === 0x1000 && half % 2 === 1)));
}

const brainBits = new Uint32Array(1);
const brainFloat = new Float32Array(brainBits.buffer);

/** bfloat16 bits (the upper half of a float32) → number. */
export function brainHalfToNumber(bits: number): number {
  brainBits[0] = bits << 16;
  return brainFloat[0]!;
}
