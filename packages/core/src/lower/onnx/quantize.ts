// Weights of 8 and 4 bits: products with a constant matrix by DynamicQuantizeMatMul, MatMulIntegerToFloat or MatMulNBits, look-ups in one by rows of 8-bit integers.

import type { Node, OpNode, Tensor } from '../../tensor.ts';
import type { Value } from '../../value.ts';
import type { Emitter } from './emitter.ts';
import { onnxType } from './proto.ts';

/**
 * Integers of weights in products stay within ±64. x86 processors without VNNI add two products of an unsigned and a signed byte in 16 bits, which
 * hold 2 · 255 · 64 but not 2 · 255 · 127: with the full range sums were cut off, silently, and outputs were off by four times as much.
 */
const largestFactor = 64;

type Constants = Readonly<Record<string, Value>>;

const weightOf = (t: Tensor, constants: Constants): Value | undefined =>
  t.node.kind === 'input' ? constants[t.node.name] : undefined;

/** True for a product with, or a look-up of rows in, a constant float32 matrix. */
export function isQuantizable(node: Node, constants: Constants): boolean {
  if (node.kind !== 'op') return false;
  const weight =
    node.op === 'matmul'
      ? weightOf(node.inputs[1], constants)
      : node.op === 'gather' && node.attrs.axis === 0
        ? weightOf(node.inputs[0], constants)
        : undefined;
  return (
    weight !== undefined &&
    weight.dtype === 'float32' &&
    weight.shape.length === 2 &&
    !(node.op === 'matmul' && node.attrs.transposeA)
  );
}

/**
 * Symmetric 8-bit integers, one scale for each line of the given axis: q = round(w / scale), scale = max |w| / largest.
 * @returns q in the shape of w, and a scale per line.
 */
export function quantizeLines(
  weight: Value,
  axis: 0 | 1,
  largest: number,
): { integers: Int8Array; scales: Float32Array } {
  const [rows, columns] = weight.shape as [number, number];
  const w = weight.data as Float32Array;
  const scales = new Float32Array(axis === 0 ? rows : columns);
  for (let i = 0; i < w.length; i++) {
    const line = axis === 0 ? Math.floor(i / columns) : i % columns;
    scales[line] = Math.max(scales[line]!, Math.abs(w[i]!));
  }
  for (let line = 0; line < scales.length; line++) scales[line] = scales[line] === 0 ? 1 : scales[line]! / largest;
  const integers = Int8Array.from(w, (x, i) =>
    Math.round(x / scales[axis === 0 ? Math.floor(i / columns) : i % columns]!),
  );
  return { integers, scales };
}

function transposed(weight: Value): Value {
  const [rows, columns] = weight.shape as [number, number];
  const w = weight.data as Float32Array;
  const data = new Float32Array(w.length);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) data[j * rows + i] = w[i * columns + j]!;
  return { dtype: 'float32', shape: [columns, rows], data };
}

/** Numbers of a column that share a scale in 4 bits: what transformers.js's `q4` has. */
export const fourBitBlock = 32;

/** A matrix `[K, N]` in 4 bits, as MatMulNBits reads it. */
export interface FourBits {
  /** `[N, blocks, 16]`: two numbers a byte, the first in the low half; each 0 … 15 stands for −8 … 7. */
  readonly packed: Uint8Array;
  /** `[N, blocks]` */
  readonly scales: Float32Array;
}

/**
 * Rounds each block of {@link fourBitBlock} numbers of a column to the nearest of 16 levels (round to nearest): q = round(w / scale), −8 ≤ q ≤ 7, where
 * scale = −m / 8 and m is the number of largest magnitude with its sign, so that m itself is exact. Columns are filled up with zeros.
 * @param weight `[K, N]`, or `[N, K]` if `transposed`
 */
export function quantizeBlocks(weight: Value, transposed: boolean): FourBits {
  const [k, n] = (transposed ? weight.shape.toReversed() : weight.shape) as [number, number];
  const w = weight.data as Float32Array;
  const blocks = Math.ceil(k / fourBitBlock);
  const packed = new Uint8Array((n * blocks * fourBitBlock) / 2).fill(0x88);
  const scales = new Float32Array(n * blocks);
  for (let column = 0; column < n; column++) {
    const at = (i: number): number => w[transposed ? column * k + i : i * n + column]!;
    for (let block = 0; block < blocks; block++) {
      const [from, to] = [block * fourBitBlock, Math.min((block + 1) * fourBitBlock, k)];
      let most = 0;
      for (let i = from; i < to; i++) if (Math.abs(at(i)) > Math.abs(most)) most = at(i);
      const place = column * blocks + block;
      const scale = Math.fround(most / -8);
      scales[place] = scale;
      if (scale === 0) continue;
      for (let i = from; i < to; i += 2) {
        const level = (j: number): number => (j < to ? Math.min(15, Math.max(0, Math.round(at(j) / scale) + 8)) : 8);
        packed[(place * fourBitBlock + i - from) / 2] = level(i) | (level(i + 1) << 4);
      }
    }
  }
  return { packed, scales };
}

/** The product's scale is in the stored numbers: a matrix that two products scale differently is stored for each. */
const storedAs = (name: string, form: string, { attrs: { transposeB, scale } }: OpNode<'matmul'>): string =>
  `${name}_${form}${transposeB ? '_transposed' : ''}${scale === 1 ? '' : `_${scale}`}`;

/** Activations stay as they are; weights are widened block by block inside the product. */
export function lowerFourBitMatmul(
  e: Emitter,
  node: OpNode<'matmul'>,
  x: string,
  constants: Constants,
  bias?: string,
): string {
  const b = node.inputs[1];
  const name = (b.node as { name: string }).name; // isQuantizable has seen that it is an input
  const { transposeB, scale } = node.attrs;
  const [k, n] = (transposeB ? constants[name]!.shape.toReversed() : constants[name]!.shape) as [number, number];
  const blocks = Math.ceil(k / fourBitBlock);
  const stem = storedAs(name, 'q4', node);
  if (!e.initializers.has(stem)) {
    const { packed, scales } = quantizeBlocks(constants[name]!, transposeB);
    e.initializers.set(stem, { dtype: 'uint8', shape: [n, blocks, fourBitBlock / 2], data: packed });
    e.initializers.set(`${stem}_scale`, {
      dtype: 'float32',
      shape: [n * blocks],
      data: scales.map((s) => s * scale),
    });
  }
  const product = e.node(
    'MatMulNBits',
    [x, stem, `${stem}_scale`],
    { K: k, N: n, bits: 4, block_size: fourBitBlock },
    'com.microsoft',
  );
  return bias === undefined ? product : e.node('Add', [product, bias]);
}

/**
 * Activations are quantized by the engine, unsigned; weights signed and symmetric per column: the pairing with fast kernels on x86.
 * @param shared integers, scale and zero point of activations that several products read: they are quantized once (docs/log.md)
 */
export function lowerQuantizedMatmul(
  e: Emitter,
  node: OpNode<'matmul'>,
  x: string,
  constants: Constants,
  bias?: string,
  shared?: readonly string[],
): string {
  const b = node.inputs[1];
  const name = (b.node as { name: string }).name; // isQuantizable has seen that it is an input
  const weight = node.attrs.transposeB ? transposed(constants[name]!) : constants[name]!;
  const stem = storedAs(name, 'quantized', node);
  if (!e.initializers.has(stem)) {
    const { integers, scales } = quantizeLines(weight, 1, largestFactor);
    e.initializers.set(stem, { dtype: 'int8', shape: weight.shape, data: integers });
    e.initializers.set(`${stem}_scale`, {
      dtype: 'float32',
      shape: [scales.length],
      data: scales.map((s) => s * node.attrs.scale),
    });
  }
  const end = bias === undefined ? [] : ['', bias];
  if (!shared) return e.node('DynamicQuantizeMatMul', [x, stem, `${stem}_scale`, ...end], {}, 'com.microsoft');
  const [integers, scale, zero] = shared as readonly [string, string, string]; // DynamicQuantizeLinear has three outputs
  return e.node('MatMulIntegerToFloat', [integers, stem, scale, `${stem}_scale`, zero, ...end], {}, 'com.microsoft');
}

/** Rows of integers, widened and scaled after the look-up: the table stays small in the file and in memory. */
export function lowerQuantizedGather(e: Emitter, node: OpNode<'gather'>, ids: string, constants: Constants): string {
  const name = (node.inputs[0].node as { name: string }).name; // as above
  const weight = constants[name]!;
  const stem = `${name}_rows_quantized`;
  if (!e.initializers.has(stem)) {
    const { integers, scales } = quantizeLines(weight, 0, 127);
    e.initializers.set(stem, { dtype: 'int8', shape: weight.shape, data: integers });
    e.initializers.set(`${stem}_scale`, { dtype: 'float32', shape: [scales.length, 1], data: scales });
  }
  const rows = e.node('Cast', [e.node('Gather', [stem, ids], { axis: 0 })], { to: onnxType('float32') });
  return e.node('Mul', [rows, e.node('Gather', [`${stem}_scale`, ids], { axis: 0 })]);
}
