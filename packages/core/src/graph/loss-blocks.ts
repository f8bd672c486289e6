// The loss over a large vocabulary, a block of rows at a time: the scores of all rows are never in memory at once.

import { add, concat, crossEntropyWithProbabilities, matmul, maximum, slice, within } from '../ops/build.ts';
import { flattenRows } from '../ops/compose.ts';
import type { Graph, Node, OpNode, Tensor } from '../tensor.ts';
import { Rebuilding } from './rebuild.ts';
import { topological } from './topological.ts';
import { belowAll } from './waiting.ts';

/** Bytes of scores from which on they are computed in blocks, and that a block has at most: what the caches of a processor hold. */
const largestBlock = 2 ** 24;

/** Scores of the rows [start, end), when `t` has some. */
type Rows = (start: number, end: number) => Tensor;

/**
 * The same numbers in less memory: the scores of each cross-entropy that come from one product (and a bias) and that nothing else reads are
 * computed block by block, and so are their gradients, as in Liger Kernel's fused linear cross-entropy (Hsu et al. 2024, arXiv:2410.10989).
 * For a graph that is differentiated afterwards. Sizes that are not known yet stay as they are.
 *
 * @param loss what is minimized, of any shape
 */
export function lossInBlocks(loss: Tensor): Tensor {
  const order = topological([loss]);
  const counts = new Map<Node, number>();
  /** Operations of which more than the first result is read. */
  const several = new Set<Node>();
  for (const node of order)
    for (const x of node.kind === 'op' ? node.inputs : []) {
      counts.set(x.node, (counts.get(x.node) ?? 0) + 1);
      if (x.result > 0) several.add(x.node);
    }
  const graph = new Rebuilding();
  for (const node of order) {
    if (node.kind !== 'op') continue;
    const losses =
      node.op === 'crossEntropy' && !several.has(node) ? blocksOf(node, (t) => counts.get(t.node) === 1) : undefined;
    if (losses) graph.replace(node, losses.node);
    else graph.rebuild(node);
  }
  return graph.now(loss);
}

/** The losses of all rows, computed in blocks; undefined where that cannot be done or saves nothing. */
function blocksOf(node: OpNode<'crossEntropy'>, isReadOnce: (t: Tensor) => boolean): Tensor | undefined {
  const [scores, labels] = node.inputs;
  const [rows, classes] = scores.shape;
  if (typeof rows !== 'number' || typeof classes !== 'number') return undefined;
  const blocks = Math.min(rows, Math.ceil((4 * rows * classes) / largestBlock));
  const of = blocks > 1 ? rowsOf(scores, isReadOnce) : undefined;
  if (!of) return undefined;
  return within(node.place, () =>
    concat(
      Array.from({ length: blocks }, (_, i) => {
        const [start, end] = [Math.floor((i * rows) / blocks), Math.floor(((i + 1) * rows) / blocks)];
        return crossEntropyWithProbabilities(of(start, end), slice(labels, 0, start, end))[0];
      }),
      0,
    ),
  );
}

function rowsOf(t: Tensor, isReadOnce: (t: Tensor) => boolean): Rows | undefined {
  const { node } = t;
  if (node.kind !== 'op' || !isReadOnce(t)) return undefined;
  if (node.op === 'reshape')
    return node.inputs[0].shape.at(-1) === t.shape.at(-1) ? rowsOf(node.inputs[0], isReadOnce) : undefined;
  if (node.op === 'add') {
    const [scores, bias] = node.inputs;
    const of = bias.shape.length === 1 ? rowsOf(scores, isReadOnce) : undefined;
    return of && ((start, end) => within(node.place, () => add(of(start, end), bias)));
  }
  if (node.op !== 'matmul') return undefined;
  const [hidden, weight] = node.inputs;
  if (weight.shape.length !== 2 || node.attrs.transposeA) return undefined;
  const { scale, transposeB } = node.attrs;
  return (start, end) =>
    within(node.place, () => matmul(slice(flattenRows(hidden), 0, start, end), weight, { scale, transposeB }));
}

/**
 * Puts the blocks that {@link lossInBlocks} made one after another, each with its loss and its gradients before the next begins: an engine that
 * orders a graph by itself would compute all scores first, and keep them.
 *
 * @param graph of a training step, with the gradients of the loss among what its outputs need
 */
export function blocksInTurn(graph: Graph): Graph {
  const order = topological(Object.values(graph.outputs));
  const readers = new Map<Node, OpNode[]>();
  for (const node of order)
    for (const x of node.kind === 'op' ? node.inputs : [])
      readers.set(x.node, [...(readers.get(x.node) ?? []), node as OpNode]);
  const readersOf = (node: Node): readonly OpNode[] => readers.get(node) ?? [];

  // Gradients arrive from the last block on: that is the order of their sums, and so of the blocks.
  const waits = new Map<Node, { readonly input: number; readonly awaited: readonly Tensor[] }>();
  for (const node of order) {
    if (node.kind !== 'op' || node.op !== 'concat') continue;
    const blocks = node.inputs.map((x) => x.node).reverse();
    if (!blocks.every((b) => b.kind === 'op' && b.op === 'crossEntropy')) continue;
    for (const [i, block] of (blocks as OpNode<'crossEntropy'>[]).entries()) {
      const before = i > 0 ? settledBy(blocks[i - 1]!, readersOf) : [];
      if (before.length > 0 && !topological(before).includes(block))
        waits.set(productOf(block), { input: 0, awaited: before });
      // The gradient is written over the probabilities, once the loss has been read from them.
      const difference = readersOf(block).find((r) => r.op === 'scatterElements');
      if (difference) waits.set(difference, { input: 1, awaited: [only(block)] });
    }
  }
  if (waits.size === 0) return graph;

  const rebuilt = new Rebuilding();
  for (const node of topological([...[...waits.values()].flatMap((w) => w.awaited), ...Object.values(graph.outputs)])) {
    if (node.kind !== 'op') continue;
    const inputs = node.inputs.map(rebuilt.now);
    const wait = waits.get(node);
    if (wait) {
      const late = inputs[wait.input]!;
      inputs[wait.input] = within(node.place, () => maximum(late, belowAll(wait.awaited.map(rebuilt.now))));
    }
    rebuilt.rebuild(node, inputs);
  }
  return { inputs: graph.inputs, outputs: rebuilt.outputs(graph.outputs) };
}

/** The product that a block's scores are, maybe with a bias. */
function productOf(block: OpNode<'crossEntropy'>): Node {
  let { node } = block.inputs[0];
  while (node.kind === 'op' && node.op !== 'matmul') ({ node } = node.inputs[0]!);
  return node;
}

/** The first result of an operation. */
const only = (node: OpNode): Tensor => ({ ...node.results[0]!, node, result: 0 });

/** What is known when a block is done with: its loss, and its gradients added to those of the blocks before. Nothing where it has no gradient. */
function settledBy(block: Node, readersOf: (node: Node) => readonly OpNode[]): Tensor[] {
  const through = (node: Node, op: string): OpNode | undefined => readersOf(node).find((r) => r.op === op);
  const difference = through(block, 'scatterElements');
  const scores = difference && through(difference, 'mul');
  if (!scores) return [];
  const leaving = readersOf(scores).map((node) => {
    const [sum, ...others] = readersOf(node);
    return sum?.op === 'add' && sum.inputs[1].node === node && others.length === 0 ? sum : node;
  });
  return leaving.length > 0 ? [block as OpNode, ...leaving].map(only) : [];
}
