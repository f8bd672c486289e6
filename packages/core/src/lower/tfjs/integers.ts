// int32 as the graph means it (products wrap around, quotients are cut towards zero) out of what the kernels of TensorFlow.js do with it.

import { YumoError } from '../../errors.ts';
import { readsAtOnce } from './backends.ts';
import type { Device, TfTensor } from './tensor-flow.ts';

/**
 * Numbers as float32. On WebGPU the cast itself only gives the buffer of integers another name (TensorFlow.js 4.22), and kernels that copy
 * what they read without converting it (transpose) do not compile for that; a sum writes a buffer of floats.
 */
export function toFloat({ tf, backend }: Device, x: TfTensor): TfTensor {
  const y = tf.cast(x, 'float32');
  return backend === 'webgpu' && x.dtype !== 'float32' ? tf.add(y, tf.scalar(0)) : y;
}

/**
 * A function that moves or compares numbers, by way of float32 on WebGPU, for integers and booleans: `transpose` has no kernel for them
 * there (its shader does not compile, which no call reports: the results are zeros), and sum, max, argMax and cumsum transpose.
 */
export function asFloats(device: Device, x: TfTensor, f: (x: TfTensor) => TfTensor): TfTensor {
  if (device.backend !== 'webgpu' || x.dtype === 'float32') return f(x);
  const y = f(toFloat(device, x));
  return y.dtype === 'float32' ? device.tf.cast(y, x.dtype) : y; // positions of the largest are integers already
}

/** 0 − x. `neg` multiplies by a float32 −1 on WebAssembly, which costs the digits beyond 2²⁴. */
export const negate = ({ tf }: Device, x: TfTensor): TfTensor => tf.sub(tf.scalar(0, 'int32'), x);

/** Larger of x and −x. `abs` goes through float32 on the plain backend. */
export const magnitude = (device: Device, x: TfTensor): TfTensor => device.tf.maximum(x, negate(device, x));

/**
 * a · b modulo 2³². The plain backend multiplies doubles and then cuts to 32 bits, so the low digits of large products are gone by then;
 * with a in two halves of 16 bits every product stays below 2⁵³.
 */
export function multiply({ tf, backend }: Device, a: TfTensor, b: TfTensor): TfTensor {
  if (backend !== 'cpu') return tf.mul(a, b);
  const half = tf.scalar(65536, 'int32');
  const upper = tf.floorDiv(a, half);
  const lower = tf.sub(a, tf.mul(upper, half));
  return tf.add(tf.mul(tf.mul(upper, b), half), tf.mul(lower, b));
}

/**
 * a / b, cut towards zero. `floorDiv` rounds towards −∞, and on WebAssembly and WebGL it divides float32 numbers: its quotient is some units
 * off for large a. The remainder, exact since products wrap around, is divided once more, and what is left is settled by comparison.
 */
export function divide(device: Device, a: TfTensor, b: TfTensor): TfTensor {
  const { tf, backend } = device;
  const remainderOf = (q: TfTensor): TfTensor => tf.sub(a, multiply(device, q, b));
  let quotient = tf.floorDiv(a, b);
  let remainder = remainderOf(quotient);
  const asInteger = (condition: TfTensor): TfTensor => tf.cast(condition, 'int32');
  const zero = tf.scalar(0, 'int32');
  const downwards = tf.less(b, zero);
  if (backend === 'wasm' || backend === 'webgl') {
    quotient = tf.add(quotient, tf.floorDiv(remainder, b));
    remainder = remainderOf(quotient);
    // In the direction of b: one more where the remainder reaches |b|, one less where it is below zero.
    const along = tf.where(downwards, negate(device, remainder), remainder);
    const tooSmall = asInteger(tf.greaterEqual(along, magnitude(device, b)));
    quotient = tf.sub(tf.add(quotient, tooSmall), asInteger(tf.less(along, zero)));
    remainder = remainderOf(quotient);
  }
  // Rounded down so far; where the exact quotient is a negative fraction, zero lies above.
  const negative = tf.notEqual(asInteger(tf.less(a, zero)), asInteger(downwards));
  return tf.add(quotient, asInteger(tf.logicalAnd(negative, tf.notEqual(remainder, zero))));
}

/**
 * Indices as positions from the front: negative ones count from the end.
 * @throws YumoError `FEED` for one outside the axis, where looking is free; WebAssembly kernels would write out of bounds. GPUs and the
 * native library guard their memory themselves.
 */
export function positions({ tf, backend }: Device, op: string, indices: TfTensor, size: number): TfTensor {
  if (readsAtOnce(backend)) {
    let negative = false;
    for (const index of indices.dataSync()) {
      if (index < -size || index >= size)
        throw new YumoError('FEED', `${op}: index ${index} is outside an axis of size ${size}`, { index, size });
      negative ||= index < 0;
    }
    if (!negative) return indices;
  }
  const fromEnd = tf.mul(tf.cast(tf.less(indices, tf.scalar(0, 'int32')), 'int32'), tf.scalar(size, 'int32'));
  return tf.add(indices, fromEnd);
}

/**
 * The flat position in an array of `shape` of entry (outer, index, inner), where `indices` replace one axis: what gatherElements reads and
 * scatterElements writes. `indices` `[outer, picks, inner]` → int32 of the same shape.
 */
export function flatPositions(
  device: Device,
  op: string,
  indices: TfTensor,
  shape: readonly number[],
  axis: number,
): TfTensor {
  const { tf } = device;
  const count = (sizes: readonly number[]): number => sizes.reduce((n, d) => n * d, 1);
  const size = shape[axis]!;
  const inner = count(shape.slice(axis + 1));
  const outer = count(shape.slice(0, axis));
  const rows = Int32Array.from({ length: outer }, (_, o) => o * size * inner);
  const columns = Int32Array.from({ length: inner }, (_, i) => i);
  const along = tf.reshape(positions(device, op, indices, size), [outer, indices.shape[axis]!, inner]);
  const moved = tf.add(tf.mul(along, tf.scalar(inner, 'int32')), tf.tensor(rows, [outer, 1, 1], 'int32'));
  return inner === 1 ? moved : tf.add(moved, tf.tensor(columns, [1, 1, inner], 'int32'));
}
