// Dropout whose masks are a function of (seed, step, place, position): the same on every runtime, and the same again after a resume.

import { productOfDims } from '../dimension.ts';
import { add, cast, div, greater, iota, mul, reshape } from '../ops/build.ts';
import { dim, unsqueeze } from '../ops/compose.ts';
import { integer, type Tensor } from '../tensor.ts';

/**
 * Zeroes a share of the numbers and scales the rest by 1/(1 − rate) (Srivastava et al. 2014).
 * A model under inference gets none; under training it gets {@link counterDropout}.
 * @param rate share of zeros, 0 ≤ rate < 1.
 * @param place path of the layer: every place draws its own mask.
 */
export type Dropout = (x: Tensor, rate: number, place: string) => Tensor;

/** Applies dropout where there is one and the rate asks for it. */
export const drop = (dropout: Dropout | undefined, x: Tensor, rate: number, place: string): Tensor =>
  dropout && rate > 0 ? dropout(x, rate, place) : x;

/** FNV-1a of a path, as int32. */
function hashOf(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h | 0;
}

/**
 * Mixes an int32 so that the upper bits of the result depend on every bit. A multiplication carries upwards, adding a shifted copy (a division:
 * graphs have no shifts) brings upper bits down, and x(2x + 1), the quadratic bijection of RC6 (Rivest et al. 1998), removes what is linear:
 * with products alone, neighbouring entries were correlated at 48 standard errors.
 */
function mix(h: Tensor): Tensor {
  const carried = mul(h, integer(747796405));
  const folded = add(carried, div(carried, integer(1 << 16)));
  return mul(folded, add(mul(folded, integer(2)), integer(1)));
}

/**
 * @param seed int32 `[]`, of the run.
 * @param step int32 `[]`, of the optimizer.
 */
export function counterDropout(seed: Tensor, step: Tensor): Dropout {
  return (x, rate, place) => {
    const columns = dim(x, -1);
    const rows = productOfDims(x.shape.slice(0, -1));
    const key = mix(add(mix(add(mix(seed), step)), integer(hashOf(place))));
    const row = unsqueeze(mul(iota(rows), integer(-1028477387)), -1);
    const column = unsqueeze(add(mul(iota(columns), integer(668265263)), key), 0);
    // A uniform int32 exceeds this threshold with probability 1 − rate.
    const threshold = Math.round((rate - 0.5) * 2 ** 32);
    const keep = reshape(greater(mix(add(row, column)), integer(Math.max(threshold, -(2 ** 31)))), x.shape);
    return mul(mul(x, 1 / (1 - rate)), cast(keep, x.dtype)); // onnxruntime's Where takes longer (docs/log.md)
  };
}
