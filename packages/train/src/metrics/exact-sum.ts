// Sums of doubles without rounding on the way, so that a mean does not depend on the order of its rows.

/**
 * The sum, rounded once (Shewchuk 1997, "Adaptive precision floating-point arithmetic"): the running total is kept as
 * doubles that do not overlap. Infinities and NaN behave as in a plain sum.
 */
export function exactSum(values: Iterable<number>): number {
  const partials: number[] = []; // from small to large, no two overlapping
  let special = 0; // infinities and NaN, which have no remainder
  for (let x of values) {
    if (!Number.isFinite(x)) {
      special += x;
      continue;
    }
    let kept = 0;
    for (let y of partials) {
      if (Math.abs(x) < Math.abs(y)) [x, y] = [y, x];
      const high = x + y;
      const low = y - (high - x);
      if (low !== 0) partials[kept++] = low;
      x = high;
    }
    partials.length = kept;
    partials.push(x);
  }
  return special !== 0 || Number.isNaN(special) ? special : rounded(partials);
}

/** The partials as one double: from the largest down, and to even where what is left is exactly half a unit. */
function rounded(partials: readonly number[]): number {
  let n = partials.length - 1;
  if (n < 0) return 0;
  let high = partials[n]!;
  let low = 0;
  while (n > 0 && low === 0) {
    const x = high;
    const y = partials[--n]!;
    high = x + y;
    low = y - (high - x);
  }
  if (n > 0 && ((low < 0 && partials[n - 1]! < 0) || (low > 0 && partials[n - 1]! > 0))) {
    const y = low * 2;
    const x = high + y;
    if (y === x - high) high = x;
  }
  return high;
}

/** The mean of at least one number, exact before its division. */
export const exactMean = (values: readonly number[]): number => exactSum(values) / values.length;
