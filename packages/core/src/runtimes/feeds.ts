// What every program asks of its feeds and targets before it runs: all there, none unknown, right types and sizes.

import { type Dim, evaluateDim } from '../dimension.ts';
import { suggestion, YumoError } from '../errors.ts';
import { bindSizes } from '../graph/evaluate.ts';
import { show } from '../tensor.ts';
import { type DType, sizeOf } from '../value.ts';
import type { Values } from './runtime.ts';

/** Type and sizes that a program expects under a name. */
export interface Form {
  readonly dtype: DType;
  readonly shape: readonly Dim[];
}
export type Forms = ReadonlyMap<string, Form>;

/**
 * @param known named sizes that are fixed already.
 * @returns the number that each named size stands for in this run.
 * @throws YumoError `FEED` when an input is missing, unknown, or of the wrong type or size.
 */
export function checkFeeds(
  forms: Forms,
  feeds: Values,
  known: ReadonlyMap<string, number> = new Map(),
): Map<string, number> {
  const missing = [...forms.keys()].filter((name) => !(name in feeds));
  if (missing.length > 0)
    throw new YumoError('FEED', `run: missing ${missing.map((n) => `"${n}"`).join(', ')}`, { missing });
  const sizes = new Map(known);
  for (const [name, fed] of Object.entries(feeds)) {
    const form = forms.get(name);
    if (!form)
      throw new YumoError(
        'FEED',
        `run: no input "${name}"${suggestion(name, forms.keys())}; inputs: ${[...forms.keys()].join(', ')}`,
        { name },
      );
    if (form.dtype !== fed.dtype)
      throw new YumoError('FEED', `input "${name}": expected ${form.dtype}, got ${fed.dtype}`, { name });
    if (fed.data.length !== sizeOf(fed.shape))
      throw new YumoError(
        'FEED',
        `input "${name}": ${show(fed.shape)} needs ${sizeOf(fed.shape)} numbers, got ${fed.data.length}`,
        { name },
      );
    bindSizes(name, form.shape, fed.shape, sizes);
  }
  return sizes;
}

/**
 * Checks which outputs are asked for, and the arrays that they are to be written into.
 * @throws YumoError `FEED` for an unknown output, or a target of another type or size.
 */
export function checkOutputs(
  forms: Forms,
  names: readonly string[],
  into: Values,
  sizes: ReadonlyMap<string, number>,
): void {
  for (const name of names) {
    const form = forms.get(name);
    if (!form)
      throw new YumoError(
        'FEED',
        `run: no output "${name}"${suggestion(name, forms.keys())}; outputs: ${[...forms.keys()].join(', ')}`,
        { name },
      );
    const target = into[name];
    if (!target) continue;
    const expected = form.shape.map((d) => evaluateDim(d, sizes));
    if (form.dtype !== target.dtype || expected.some((d, i) => d !== undefined && d !== target.shape[i])) {
      throw new YumoError(
        'FEED',
        `output "${name}": ${form.dtype} [${expected}] cannot be written into ${target.dtype} [${target.shape}]`,
        { name },
      );
    }
  }
}
