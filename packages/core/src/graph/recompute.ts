// Gradient checkpointing: the backward pass computes a block's intermediate results again instead of keeping them (Chen et al. 2016, arXiv:1604.06174).

import { abs, add, cast, maximum, minimum, within } from '../ops/build.ts';
import { type Graph, type Node, type OpNode, scalar, type Tensor } from '../tensor.ts';
import { Rebuilding } from './rebuild.ts';
import { topological } from './topological.ts';
import { belowAll } from './waiting.ts';

/**
 * What is computed again. `activations`: all but products with parameters, which are what costs time (the selective recomputation of
 * Korthikanti et al. 2022, arXiv:2205.05198). `blocks`: everything between the inputs of a block and its gradient, for about a third more
 * time and the least memory.
 */
export type Recompute = 'activations' | 'blocks';

/** The block of a place: `transformer.h.3` of `transformer.h.3.attn′`; undefined outside the blocks. */
const blockOf = (node: Node): string | undefined =>
  node.kind === 'op' ? /^.*?\.\d+(?=\.|′|$)/.exec(node.place)?.[0] : undefined;
const isBackward = (node: Node): boolean => node.kind === 'op' && node.place.endsWith('′');
const inputsOf = (node: Node): readonly Tensor[] => (node.kind === 'op' ? node.inputs : []);

/** Results that are another view of a parameter: a product with one is a product with the parameter. */
const views: ReadonlySet<string> = new Set(['reshape', 'transpose', 'slice', 'cast']);
const isParameter = ({ node }: Tensor): boolean =>
  node.kind === 'op'
    ? views.has(node.op) && node.inputs.every(isParameter)
    : node.kind === 'constant' || node.name.includes('.');

/**
 * The same numbers with less memory in use. A block's nodes are found by the place that they were built in. Its copies wait for the gradient
 * that enters the block, and for the parameter gradients of the block after it: nothing is computed before it is needed, in whatever order
 * an engine likes to run, and no engine can share a copy with its original.
 *
 * @param graph of a training step, simplified.
 * @param loss the output that the forward pass ends with.
 */
export function recompute(graph: Graph, loss: string, what: Recompute): Graph {
  const outputs = Object.values(graph.outputs);
  const forward = forwardNodes(graph, loss);
  const pieces = piecesOf(graph, forward);

  const isProduct = (node: Node): boolean =>
    node.kind === 'op' && node.op === 'matmul' && node.inputs.some(isParameter);
  // A product and its bias are one kernel, whose result is kept: taken apart they could round otherwise.
  const kept = (node: Node): boolean =>
    what === 'activations' &&
    (isProduct(node) ||
      (node.kind === 'op' &&
        node.op === 'add' &&
        node.inputs.some((x) => isProduct(x.node)) &&
        node.inputs.some(isParameter)));
  /** Whether a gradient in this block reads a copy of it. */
  const interior = (t: Tensor, block: string): boolean =>
    forward.has(t.node) && blockOf(t.node) === block && !kept(t.node);
  const reads = (node: Node): boolean => {
    const block = blockOf(node);
    return (
      block !== undefined && !forward.has(node) && isBackward(node) && inputsOf(node).some((x) => interior(x, block))
    );
  };

  // Block after block, each with all that leaves it, parameter gradients above all, before the next is begun.
  const leaving = leavingNodes(graph, forward);
  const members = new Map<Node, OpNode[]>();
  for (const node of topological(outputs))
    if (node.kind === 'op' && (reads(node) || leaving.has(node))) {
      const piece = pieces(node);
      members.set(piece, [...(members.get(piece) ?? []), node]);
    }
  const tensorOf = (node: OpNode): Tensor => ({ ...node.results[0]!, node, result: 0 });
  const order = topological([...[...members.values()].flat().map(tensorOf), ...outputs]);

  const rebuilt = new Rebuilding();
  const { now } = rebuilt;
  const copiesOf = new Map<Node, Copies>();
  /** What has left a block so far, and no other block has waited for. */
  let unawaited: OpNode[] = [];

  for (const node of order) {
    if (node.kind !== 'op') continue;
    if (!reads(node)) {
      rebuilt.rebuild(node);
      if (leaving.has(node)) unawaited.push(node);
      continue;
    }
    const block = blockOf(node)!; // readers have one
    const piece = pieces(node);
    let copies = copiesOf.get(piece);
    if (!copies) {
      // What the forward pass alone determines is forward; so a reader has an input that it does not determine: the gradient so far.
      const arriving = node.inputs.find((x) => x.node.kind === 'op' && !forward.has(x.node) && x.dtype === 'float32');
      if (!arriving) throw new Error('internal: a gradient without a gradient');
      const before = new Set(topological([arriving]));
      const awaited = unawaited.filter((left) => !before.has(left)).map((left) => now(tensorOf(left)));
      unawaited = [];
      copies = new Copies(block, [now(arriving), ...awaited], (x) => interior(x, block));
      copiesOf.set(piece, copies);
    }
    const { of } = copies;
    rebuilt.rebuild(
      node,
      node.inputs.map((x) => (interior(x, block) ? of(x) : now(x))),
    );
    if (leaving.has(node)) unawaited.push(node);
  }
  return { inputs: graph.inputs, outputs: rebuilt.outputs(graph.outputs) };
}

/** The forward pass, and what a block's gradient needs of it alone, such as the sign of an activation. */
function forwardNodes(graph: Graph, loss: string): ReadonlySet<Node> {
  const forward = new Set(topological([graph.outputs[loss]!]));
  for (const node of topological(Object.values(graph.outputs)))
    if (
      isBackward(node) &&
      blockOf(node) !== undefined &&
      inputsOf(node).every((x) => x.node.kind !== 'op' || forward.has(x.node))
    )
      forward.add(node);
  return forward;
}

/** Gradients that a block's backward pass hands to others: of its parameters, and of its inputs. */
function leavingNodes(graph: Graph, forward: ReadonlySet<Node>): ReadonlySet<Node> {
  const within = (node: Node): string | undefined =>
    isBackward(node) && !forward.has(node) ? blockOf(node) : undefined;
  const leaving = new Set<Node>();
  const leave = (t: Tensor): void => {
    if (within(t.node) !== undefined && t.result === 0 && t.dtype === 'float32') leaving.add(t.node);
  };
  for (const node of topological(Object.values(graph.outputs)))
    for (const x of inputsOf(node)) if (within(x.node) !== within(node)) leave(x);
  for (const t of Object.values(graph.outputs)) leave(t);
  return leaving;
}

/** Nodes of one block that hang together: the parts of a batch go through a block apart. Returns one node that stands for the piece. */
function piecesOf(graph: Graph, forward: ReadonlySet<Node>): (node: Node) => Node {
  const up = new Map<Node, Node>();
  const root = (node: Node): Node => {
    let at = node;
    while (up.has(at)) at = up.get(at)!;
    if (at !== node) up.set(node, at);
    return at;
  };
  // Masks and positions are shared by the parts: only what depends on the batch ties nodes together.
  const ofBatch = new Set<Node>();
  for (const node of topological(Object.values(graph.outputs)))
    if (
      node.kind === 'input'
        ? !node.name.includes('.') && graph.inputs.some((t) => t.node === node && t.shape.length > 0)
        : inputsOf(node).some((x) => ofBatch.has(x.node))
    ) {
      ofBatch.add(node);
      const block = blockOf(node);
      if (block === undefined || (!forward.has(node) && !isBackward(node))) continue;
      for (const x of inputsOf(node))
        if (ofBatch.has(x.node) && blockOf(x.node) === block) {
          const [a, b] = [root(node), root(x.node)];
          if (a !== b) up.set(a, b);
        }
    }
  return root;
}

/** A block computed once more, from its inputs, once the gradient has arrived. */
class Copies {
  readonly #place: string;
  readonly #isInterior: (t: Tensor) => boolean;
  readonly #copied = new Map<Node, Node>();
  readonly #late = new Map<Node, Map<number, Tensor>>();
  /** Below every number, and zero; both known only when all that is waited for is. */
  readonly #least: Tensor;
  readonly #zero: Tensor;

  constructor(block: string, awaited: readonly Tensor[], isInterior: (t: Tensor) => boolean) {
    this.#place = `${block}′`;
    this.#isInterior = isInterior;
    [this.#least, this.#zero] = within(this.#place, () => {
      const least = belowAll(awaited);
      return [least, cast(minimum(abs(least), scalar(0)), 'int32')];
    });
  }

  readonly of = (t: Tensor): Tensor => {
    // Without recursion over nodes: a block may be hundreds deep.
    const stack: Node[] = [t.node];
    for (let node = stack.at(-1); node; node = stack.at(-1)) {
      const inputs = inputsOf(node);
      const missing = inputs.filter((x) => this.#isInterior(x) && !this.#copied.has(x.node));
      if (this.#copied.has(node)) stack.pop();
      else if (missing.length > 0) stack.push(...missing.map((x) => x.node));
      else {
        const again = inputs.map((x) =>
          this.#isInterior(x) ? { ...x, node: this.#copied.get(x.node)! } : this.#later(x),
        );
        // Interior nodes are operations, and have as many inputs as before.
        this.#copied.set(node, { ...(node as OpNode), inputs: again, place: this.#place } as unknown as OpNode);
        stack.pop();
      }
    }
    return { ...t, node: this.#copied.get(t.node)! };
  };

  /** An input of the block as it is, but not before the gradient. Parameters and constants are there anyway. */
  #later(x: Tensor): Tensor {
    if (isParameter(x) || (x.dtype !== 'float32' && x.dtype !== 'int32')) return x;
    const known = this.#late.get(x.node)?.get(x.result);
    if (known) return known;
    const late = within(this.#place, () => (x.dtype === 'float32' ? maximum(x, this.#least) : add(x, this.#zero)));
    const results = this.#late.get(x.node) ?? new Map<number, Tensor>();
    this.#late.set(x.node, results.set(x.result, late));
    return late;
  }
}
