// How an angle is brought within ±π before a shader's sin or cos sees it.

/**
 * 2π in three parts. The first two have 8 and 9 bits, so that their products with a whole number of turns below 2¹⁵ (angles up to 205,000) are
 * exact in float32 (Cody and Waite, Software Manual for the Elementary Functions, 1980, §3.2): x − k·2π is as exact as x itself.
 *
 * WGSL bounds the error of sin and cos within ±π only (2⁻¹¹; https://www.w3.org/TR/WGSL/#concrete-float-accuracy), GLSL nowhere, while rotary
 * positions make angles of thousands.
 */
export const turn: readonly [number, number, number] = [
  201 / 2 ** 5,
  507 / 2 ** 18,
  2 * Math.PI - 201 / 2 ** 5 - 507 / 2 ** 18,
];
