// The order in which a graph is computed, and after which step each number is no longer needed.

import { topological } from '../../graph/topological.ts';
import type { Node, OpNode, Tensor } from '../../tensor.ts';

/** Where a result waits for its readers: counted from 0 over all results of the plan. */
export type Slot = number;

export interface Step {
  readonly node: OpNode;
  readonly reads: readonly Slot[];
  /** One slot for each result of the node. */
  readonly writes: readonly Slot[];
  /** Slots that nothing reads after this step, its own unread results among them. */
  readonly frees: readonly Slot[];
}

export interface Plan {
  /** Inputs that the outputs depend on, and their slots. */
  readonly inputs: readonly { readonly name: string; readonly slot: Slot }[];
  readonly constants: readonly { readonly node: Extract<Node, { kind: 'constant' }>; readonly slot: Slot }[];
  readonly steps: readonly Step[];
  /** The slots of the tensors that were asked for. They are never freed by a step. */
  readonly outputs: readonly Slot[];
  readonly slots: number;
}

/** Plans the computation of some tensors. Every intermediate is freed by the step that reads it last. */
export function planOf(outputs: readonly Tensor[]): Plan {
  const first = new Map<Node, Slot>();
  let slots = 0;
  const claim = (node: Node, results: number): Slot[] => {
    first.set(node, slots);
    slots += results;
    return Array.from({ length: results }, (_, i) => slots - results + i);
  };
  const slotOf = (t: Tensor): Slot => first.get(t.node)! + t.result;

  const inputs: { name: string; slot: Slot }[] = [];
  const constants: { node: Extract<Node, { kind: 'constant' }>; slot: Slot }[] = [];
  const order: { node: OpNode; reads: Slot[]; writes: Slot[] }[] = [];
  for (const node of topological(outputs)) {
    if (node.kind === 'input') inputs.push({ name: node.name, slot: claim(node, 1)[0]! });
    else if (node.kind === 'constant') constants.push({ node, slot: claim(node, 1)[0]! });
    else order.push({ node, reads: node.inputs.map(slotOf), writes: claim(node, node.results.length) });
  }

  const kept = new Set([...outputs.map(slotOf), ...constants.map(({ slot }) => slot)]);
  const lastReader = new Map<Slot, number>();
  order.forEach(({ reads, writes }, step) => {
    for (const slot of [...writes, ...reads]) lastReader.set(slot, step);
  });
  const frees: Slot[][] = order.map(() => []);
  for (const [slot, step] of lastReader) if (!kept.has(slot)) frees[step]!.push(slot);
  return {
    inputs,
    constants,
    steps: order.map((step, i) => ({ ...step, frees: frees[i]! })),
    outputs: outputs.map(slotOf),
    slots,
  };
}
