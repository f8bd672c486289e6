// The nodes that some tensors need, each after its inputs. Without recursion: training graphs are thousands of nodes deep.

import type { Node, Tensor } from '../tensor.ts';

const inputsOf = (node: Node): readonly Tensor[] => (node.kind === 'op' ? node.inputs : []);

/** Every node reachable from the tensors, inputs first. */
export function topological(of: Iterable<Tensor>): Node[] {
  const order: Node[] = [];
  const state = new Map<Node, 'open' | 'done'>();
  const stack = [...of].map((t) => t.node).reverse();
  for (let node = stack.at(-1); node; node = stack.at(-1)) {
    if (state.get(node) === undefined) {
      state.set(node, 'open');
      for (const { node: input } of inputsOf(node).toReversed()) if (state.get(input) === undefined) stack.push(input);
    } else {
      stack.pop();
      if (state.get(node) === 'open') {
        state.set(node, 'done');
        order.push(node);
      }
    }
  }
  return order;
}
