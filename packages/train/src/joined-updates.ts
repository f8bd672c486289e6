// Small parameters updated as one vector: an update is a dozen operations, each of which takes longer to begin than to compute for a bias or a norm.

import { concat, reshape, slice, type Tensor } from '@yumo/core';
import type { Updated, UpdateInputs } from './optimizers.ts';

/** Numbers of the largest parameter that is joined to others: from there on copying it costs what is saved. */
const largestJoined = 2 ** 12;

const sizeOf = (t: Tensor): number => t.shape.reduce<number>((n, d) => n * Number(d), 1);
const flat = (t: Tensor): Tensor => reshape(t, [sizeOf(t)]);

/**
 * Updates parameters by an optimizer that treats every number by itself; the numbers are those of one update after another.
 * An old value is read by the vector that it becomes part of, which comes before whatever is written: updates may be in place.
 *
 * @param update of one parameter
 * @param all of one group, so that they share their scalars
 */
export function updateJoined(update: (inputs: UpdateInputs) => Updated, all: readonly UpdateInputs[]): Updated[] {
  const small = all.filter(({ parameter }) => sizeOf(parameter) <= largestJoined);
  const [first] = small;
  if (first === undefined || small.length === 1) return all.map(update);

  const joined = (of: (inputs: UpdateInputs) => Tensor): Tensor =>
    concat(
      small.map((inputs) => flat(of(inputs))),
      0,
    );
  const slots = Object.keys(first.state);
  const together = update({
    ...first,
    parameter: joined(({ parameter }) => parameter),
    gradient: joined(({ gradient }) => gradient),
    state: Object.fromEntries(slots.map((slot) => [slot, joined(({ state }) => state[slot]!)])),
  });

  let start = 0;
  const apart = new Map<UpdateInputs, Updated>();
  for (const inputs of small) {
    const [from, end, { shape }] = [start, start + sizeOf(inputs.parameter), inputs.parameter];
    const own = (t: Tensor): Tensor => reshape(slice(t, 0, from, end), shape);
    const state = Object.fromEntries(Object.entries(together.state).map(([slot, t]) => [slot, own(t)]));
    apart.set(inputs, { parameter: own(together.parameter), state });
    start = end;
  }
  return all.map((inputs) => apart.get(inputs) ?? update(inputs));
}
