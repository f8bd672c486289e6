// A listing of a graph that a person can read.

import type { OpName } from '../ops/signatures.ts';
import { type Graph, type Node, show, type Tensor } from '../tensor.ts';
import { topological } from './topological.ts';

/** Attributes that say something, as `axis=1`. */
function attributes(attrs: Readonly<Record<string, unknown>>): string {
  const told = Object.entries(attrs).filter(([, v]) => v !== false && !(Array.isArray(v) && v.length === 0));
  return told.map(([k, v]) => (v === true ? k : `${k}=${Array.isArray(v) ? `[${v.join(',')}]` : String(v)}`)).join(' ');
}

/** One line a node: `%7 = matmul(%3, wte.weight) transposeB scale=1 : float32 [batch, sequence, 65]`. */
export function print(graph: Graph): string {
  const names = new Map<Node, string>();
  const nameOf = (t: Tensor): string => `${names.get(t.node)}${t.result > 0 ? `.${t.result}` : ''}`;
  const lines: string[] = graph.inputs.map(
    (t) => `input ${t.node.kind === 'input' ? t.node.name : '?'} : ${t.dtype} ${show(t.shape)}`,
  );
  let next = 0;
  for (const node of topological(Object.values(graph.outputs))) {
    if (node.kind === 'input') names.set(node, node.name);
    else if (node.kind === 'constant') {
      const { data, dtype, shape } = node.value;
      names.set(node, data.length === 1 ? String(data[0]) : `${dtype}${show(shape)}`);
    } else {
      names.set(node, `%${next++}`);
      const told = attributes(node.attrs as Record<string, unknown>);
      const forms = node.results.map((r) => `${r.dtype} ${show(r.shape)}`).join(', ');
      lines.push(
        `${names.get(node)} = ${node.op}(${node.inputs.map(nameOf).join(', ')})${told ? ` ${told}` : ''} : ${forms}${node.place ? `   # ${node.place}` : ''}`,
      );
    }
  }
  for (const [name, t] of Object.entries(graph.outputs)) lines.push(`output ${name} = ${nameOf(t)}`);
  return lines.join('\n');
}

/** How often each operation occurs. */
export function countOperations(graph: Graph): Map<OpName, number> {
  const counts = new Map<OpName, number>();
  for (const node of topological(Object.values(graph.outputs)))
    if (node.kind === 'op') counts.set(node.op, (counts.get(node.op) ?? 0) + 1);
  return counts;
}
