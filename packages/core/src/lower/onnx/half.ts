// 16-bit weights: half the bytes in the file; the engine widens them once, when it opens it.

import { numberToHalf, type Value } from '../../value.ts';
import type { Emitter } from './emitter.ts';
import { onnxType } from './proto.ts';

/** The largest half float. */
const largest = 65504;

/** True for float32 matrices whose numbers half floats can hold. Vectors stay as they are: they are few, and norms are sensitive. */
export const isHalvable = ({ dtype, shape, data }: Value): boolean =>
  dtype === 'float32' && shape.length >= 2 && (data as Float32Array).every((x) => Math.abs(x) <= largest);

/** Stores the weight once; its name then means the widened numbers, in the whole graph and its branches. */
export function lowerHalfWeight(file: Emitter, name: string, { shape, data }: Value): void {
  const stored = `${name}_half`;
  if (!file.initializers.has(stored))
    file.initializers.set(stored, {
      dtype: 'float16',
      shape,
      data: Uint16Array.from(data as Float32Array, numberToHalf),
    });
  if (file.nodes.some((n) => n.outputs[0] === name)) return;
  file.nodes.push({
    op: 'Cast',
    domain: '',
    inputs: [stored],
    outputs: [name],
    attributes: { to: onnxType('float32') },
    name: file.fresh(`${name}/Cast`),
  });
}
