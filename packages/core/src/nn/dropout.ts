// Dropout, as models ask for it. What answers is the trainer's: a model under inference gets none.

import type { Tensor } from '../tensor.ts';

/**
 * Zeroes a share of the numbers and scales the rest by 1/(1 − rate) (Srivastava et al. 2014).
 * @param rate share of zeros, 0 ≤ rate < 1.
 * @param place path of the layer: every place draws its own mask.
 */
export type Dropout = (x: Tensor, rate: number, place: string) => Tensor;

/** Applies dropout where there is one and the rate asks for it. */
export const drop = (dropout: Dropout | undefined, x: Tensor, rate: number, place: string): Tensor =>
  dropout && rate > 0 ? dropout(x, rate, place) : x;
