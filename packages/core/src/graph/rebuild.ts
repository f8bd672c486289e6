// A graph with some of its nodes replaced: those that read them are made anew, the others stay the same.

import type { Node, OpNode, Tensor } from '../tensor.ts';

/** Replacements so far. Nodes are to be visited in an order in which each stands after its inputs. */
export class Rebuilding {
  readonly #replaced = new Map<Node, Node>();

  /** The tensor as it is now. */
  readonly now = (t: Tensor): Tensor => ({ ...t, node: this.#replaced.get(t.node) ?? t.node });

  replace(node: Node, by: Node): void {
    this.#replaced.set(node, by);
  }

  /** The node reads these inputs from now on, as many as before; by default its own as they are now. */
  rebuild(node: OpNode, inputs: readonly Tensor[] = node.inputs.map(this.now)): void {
    if (inputs.some((x, i) => x.node !== node.inputs[i]!.node))
      this.replace(node, { ...node, inputs } as unknown as OpNode);
  }

  /** Outputs as they are now. */
  outputs(of: Readonly<Record<string, Tensor>>): Record<string, Tensor> {
    return Object.fromEntries(Object.entries(of).map(([name, t]) => [name, this.now(t)]));
  }
}
