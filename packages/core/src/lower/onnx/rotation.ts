// Rotary positions as one kernel: finds x₁c − x₂s beside x₂c + x₁s, and its gradient, which turns back, in a graph of a training.

import type { Node, OpNode, Tensor } from '../../tensor.ts';
import type { Emitter } from './emitter.ts';

/** A rotation of whole heads by angles that all rows and heads share. */
export interface Rotation {
  /** `[batch, heads, time, size]`. */
  readonly x: Tensor;
  /** `[1, 1, time, size/2]`. */
  readonly cos: Tensor;
  readonly sin: Tensor;
  /** By the negative angles. */
  readonly back: boolean;
  /** Nodes that nobody else reads. */
  readonly parts: readonly Node[];
}

/** ± half · factor. */
interface Term {
  readonly half: OpNode<'slice'>;
  readonly factor: Tensor;
  readonly sign: 1 | -1;
}

const same = (a: Tensor, b: Tensor): boolean => a.node === b.node && a.result === b.result;
const opOf = (t: Tensor): OpNode | undefined => (t.node.kind === 'op' ? t.node : undefined);

/** Rotations of the whole last axis: the concat of both halves. @param readers how many nodes read a tensor */
export function rotationOf(concat: OpNode<'concat'>, readers: (t: Tensor) => number): Rotation | undefined {
  const { axis } = concat.attrs;
  const [upper, lower] = concat.inputs;
  if (axis !== 3 || concat.inputs.length !== 2 || !upper || !lower || upper.shape.length !== 4) return undefined;
  const parts: Node[] = [];
  const inside = (t: Tensor): boolean => readers(t) === 1 && parts.push(t.node) > 0;

  const termOf = (t: Tensor, sign: 1 | -1): Term | undefined => {
    const node = opOf(t);
    if (node?.op !== 'mul' || !inside(t)) return undefined;
    const [p, q] = node.inputs as readonly [Tensor, Tensor]; // mul has two
    for (const [a, factor] of [
      [p, q],
      [q, p],
    ] as const) {
      const negated = opOf(a)?.op === 'neg' ? (opOf(a) as OpNode<'neg'>) : undefined;
      const half = opOf(negated ? negated.inputs[0] : a);
      if (half?.op !== 'slice' || half.attrs.axis !== 3 || !isShared(factor)) continue;
      if (negated && !inside(a)) return undefined;
      return { half: half as OpNode<'slice'>, factor, sign: negated ? (-sign as 1 | -1) : sign };
    }
    return undefined;
  };
  const termsOf = (t: Tensor): readonly [Term, Term] | undefined => {
    const node = opOf(t);
    if ((node?.op !== 'add' && node?.op !== 'sub') || !inside(t)) return undefined;
    const [a, b] = node.inputs as readonly [Tensor, Tensor]; // add and sub have two
    const first = termOf(a, 1);
    const second = first && termOf(b, node.op === 'sub' ? -1 : 1);
    return second && [first, second];
  };

  const [above, below] = [termsOf(upper), termsOf(lower)];
  if (!above || !below) return undefined;
  const x = above[0].half.inputs[0];
  const size = x.shape[3];
  if (typeof size !== 'number' || typeof x.shape[2] !== 'number') return undefined;
  const middle = size / 2;
  const startOf = (term: Term, start: number): boolean =>
    same(term.half.inputs[0], x) && term.half.attrs.start === start && term.half.attrs.end === start + middle;
  const of = (terms: readonly Term[], start: number): Term | undefined => terms.find((t) => startOf(t, start));
  const [ac, as, bs, bc] = [of(above, 0), of(above, middle), of(below, 0), of(below, middle)];
  if (!ac || !as || !bs || !bc || !same(ac.factor, bc.factor) || !same(as.factor, bs.factor)) return undefined;
  if (ac.sign !== 1 || bc.sign !== 1 || as.sign === bs.sign) return undefined;
  // Each half is read by two of the products.
  for (const { half } of [ac, as]) if (readers({ ...half.results[0]!, node: half, result: 0 }) === 2) parts.push(half);
  return { x, cos: ac.factor, sin: as.factor, back: as.sign === 1, parts };
}

/** `[1, 1, time, half]`, the same for every row and head. */
const isShared = ({ shape, dtype }: Tensor): boolean =>
  dtype === 'float32' &&
  shape.length === 4 &&
  shape[0] === 1 &&
  shape[1] === 1 &&
  shape.every((d) => typeof d === 'number');

/** Writes rotations by onnxruntime's kernel, whose tables are `[time, half]`; each is made once. @param resolve the name of a tensor */
export function rotationWriter(e: Emitter, resolve: (t: Tensor) => string): (rotation: Rotation) => string {
  const tables = new Map<Node, { ahead?: string; back?: string }>();
  const table = (t: Tensor, back: boolean): string => {
    const known = tables.get(t.node) ?? {};
    tables.set(t.node, known);
    known.ahead ??= e.node('Reshape', [resolve(t), e.int64s(t.shape.slice(2) as number[])]); // isShared: numbers
    if (!back) return known.ahead;
    known.back ??= e.node('Neg', [known.ahead]);
    return known.back;
  };
  return ({ x, cos, sin, back }) =>
    e.node('RotaryEmbedding', [resolve(x), e.int64s([0]), table(cos, false), table(sin, back)], {}, 'com.microsoft');
}
