// Reverse-mode differentiation: from a loss to the graph of its gradients (Griewank & Walther 2008, ch. 3).

import { addDims, type Dim } from '../dimension.ts';
import { YumoError } from '../errors.ts';
import { add, concat, expand, within } from '../ops/build.ts';
import { type At, type Gradient, gradients } from '../ops/gradients.ts';
import type { OpName, ResultsOf } from '../ops/signatures.ts';
import { type Node, type OpNode, scalar, show, type Tensor } from '../tensor.ts';
import { topological } from './topological.ts';

/** Calls one row of the table. */
function pull<K extends OpName>(node: OpNode<K>, dy: readonly (Tensor | null)[]): readonly (Tensor | null)[] {
  const y = node.results.map((form, result) => ({ ...form, node: node as unknown as Node, result }));
  const row = gradients[node.op] as Gradient<K>;
  // The results of a node of K are a tuple of K's length; the loop above loses that.
  return row({
    x: node.inputs,
    y: y as unknown as ResultsOf<K, Tensor>,
    dy: dy as ResultsOf<K, Tensor | null>,
    attrs: node.attrs,
  } as unknown as At<K>);
}

/**
 * The gradient of a scalar with respect to each tensor, as graph.
 *
 * @param loss `[]`, float.
 * @param upstream dL/dloss; 1 by default. Of the loss's shape, which may then be any.
 * @returns one tensor for each of `of`, of its shape: zeros where the loss does not depend on it.
 * @throws YumoError `GRAPH` when the loss has axes and no upstream gradient is given.
 */
export function gradient(loss: Tensor, of: readonly Tensor[], upstream?: Tensor): Tensor[] {
  if (!upstream && loss.shape.length > 0) {
    throw new YumoError(
      'GRAPH',
      `gradient: the loss must be one number, got ${show(loss.shape)}; sum it, or give the upstream gradient`,
      { shape: loss.shape },
    );
  }
  const order = topological([loss]);
  const wanted = new Set(of.map((t) => t.node));
  // Only nodes on a path from a wanted tensor are differentiated.
  const active = new Set<Node>();
  for (const node of order) {
    if (wanted.has(node) || (node.kind === 'op' && node.inputs.some((x) => active.has(x.node)))) active.add(node);
  }

  const arrived = new Map<Node, Tensor[][]>();
  const accumulate = (t: Tensor, d: Tensor): void => {
    const slots = arrived.get(t.node) ?? (t.node.kind === 'op' ? t.node.results : [t]).map(() => []);
    slots[t.result]!.push(d);
    arrived.set(t.node, slots);
  };
  accumulate(loss, upstream ?? scalar(1));
  for (const node of order.toReversed()) {
    const parts = arrived.get(node);
    if (node.kind !== 'op' || !parts || !active.has(node)) continue;
    const dy = parts.map((p) => (p.length > 0 ? total(p) : null));
    within(`${node.place}′`, () => pull(node, dy)).forEach((dx, i) => {
      const x = node.inputs[i]!;
      if (dx && active.has(x.node)) accumulate(x, dx);
    });
  }
  return of.map((t) => {
    const parts = arrived.get(t.node)?.[t.result] ?? [];
    return parts.length > 0 ? total(parts) : expand(scalar(0), t.shape);
  });
}

/** The sum of the gradients that reach one tensor. Gradients of the pieces of a split lie side by side: those are joined, not padded and added. */
function total(parts: readonly Tensor[]): Tensor {
  return joined(parts) ?? parts.slice(1).reduce((sum, part) => add(sum, part), parts[0]!);
}

function joined(parts: readonly Tensor[]): Tensor | undefined {
  const pads = parts.flatMap(({ node }) => (node.kind === 'op' && node.op === 'pad' ? [node as OpNode<'pad'>] : []));
  const axis = pads[0]?.attrs.axis;
  if (
    pads.length < 2 ||
    pads.length < parts.length ||
    axis === undefined ||
    pads.some((p) => p.attrs.axis !== axis || typeof p.attrs.before !== 'number')
  )
    return undefined;
  pads.sort((a, b) => (a.attrs.before as number) - (b.attrs.before as number));
  let end: Dim = 0;
  for (const p of pads) {
    if (p.attrs.before !== end) return undefined;
    end = addDims(end, p.inputs[0].shape[axis]!);
  }
  return pads.at(-1)!.attrs.after === 0
    ? concat(
        pads.map((p) => p.inputs[0]),
        axis,
      )
    : undefined;
}
