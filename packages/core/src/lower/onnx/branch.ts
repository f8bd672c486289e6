// One branch of an .onnx file that holds two (`If`), as a file of its own: nothing is decided, and nothing computed that only the other branch, or an output that nobody asks for, needs.

import { messagesIn } from './external.ts';
import { alternativeField, type Bytes, flat, join, message, raw } from './proto.ts';

/** A file that was taken out of another one. */
export interface BranchFile {
  readonly bytes: Uint8Array;
  /** What the outer file calls an output → what this one calls it. */
  readonly outputs: ReadonlyMap<string, string>;
}

interface Place {
  readonly at: number;
  readonly from: number;
  readonly to: number;
}
interface Node extends Place {
  readonly op: string;
  /** What graphs inside of it read counts too. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly graphs: ReadonlyMap<string, Place>;
  readonly alternative: boolean;
}

const text = new TextDecoder();

/** Reads the parts of a model that say what depends on what. Numbers are fields of onnx.proto's messages. */
class Reader {
  readonly #model: Uint8Array;
  constructor(model: Uint8Array) {
    this.#model = model;
  }

  /** The messages of one field. */
  of({ from, to }: Place, field: number): Place[] {
    return [...messagesIn(this.#model, from, to)].filter((m) => m.field === field);
  }
  strings = (place: Place, field: number): string[] =>
    this.of(place, field).map(({ from, to }) => text.decode(this.#model.subarray(from, to)));
  string = (place: Place, field: number): string => this.strings(place, field)[0] ?? '';
  bytes = ({ at, to }: Place): Uint8Array => this.#model.subarray(at, to);

  /** @param alternatives whether alternative nodes are taken for those that make the same outputs, or left behind */
  nodes(graph: Place, alternatives = false): Node[] {
    const fields = alternatives ? [1, alternativeField] : [1];
    const all = [...messagesIn(this.#model, graph.from, graph.to)].filter((m) => fields.includes(m.field));
    const nodes = all.map((place): Node => {
      const attributes = this.of(place, 5);
      const inner = attributes.flatMap((a) => [...this.of(a, 6), ...this.of(a, 11)]);
      return {
        ...place,
        op: this.string(place, 4),
        inputs: [...this.strings(place, 1), ...inner.flatMap((g) => this.#readBy(g))],
        outputs: this.strings(place, 2),
        graphs: new Map(attributes.flatMap((a) => this.of(a, 6).map((g) => [this.string(a, 1), g] as const))),
        alternative: place.field === alternativeField,
      };
    });
    const replaced = new Set(nodes.flatMap((n) => (n.alternative ? n.outputs : [])));
    return nodes.filter((n) => n.alternative || !n.outputs.some((name) => replaced.has(name)));
  }

  /** Every name that a graph inside a node mentions: its own and, which matters, those from around it. */
  #readBy(graph: Place): string[] {
    const outputs = this.of(graph, 12).map((o) => this.string(o, 1));
    return [...this.nodes(graph).flatMap((n) => n.inputs), ...outputs];
  }
}

/**
 * The branch that runs when the condition of the file's only `If` is as said, with those initializers and inputs that it reads.
 * @param wanted those of all outputs that will be asked for
 * @param alternatives whether the file's alternative nodes are to run, in place of those whose outputs they make
 * @returns undefined for a file without branches, and for what is no .onnx file
 */
export function branchFile(
  model: Uint8Array,
  condition: boolean,
  wanted: (outputs: readonly string[]) => readonly string[],
  { alternatives = false } = {},
): BranchFile | undefined {
  const read = new Reader(model);
  const whole = { at: 0, from: 0, to: model.length };
  const [graph, ...others] = read.of(whole, 7);
  if (!graph || others.length > 0) return undefined;
  const outer = read.nodes(graph);
  const decisions = outer.filter((n) => n.op === 'If');
  const body = decisions[0]?.graphs.get(condition ? 'then_branch' : 'else_branch');
  if (!body || decisions.length > 1) return undefined;

  const results = new Map(read.of(body, 12).map((place, i) => [decisions[0]!.outputs[i]!, place]));
  const outputs = new Map<string, string>();
  const kept: Place[] = [];
  const all = new Map(read.of(graph, 12).map((place) => [read.string(place, 1), place]));
  for (const name of wanted([...all.keys()])) {
    const place = all.get(name)!; // one of those it was given
    const inside = results.get(name) ?? place;
    outputs.set(name, read.string(inside, 1));
    kept.push(inside);
  }
  const needed = new Set(outputs.values());
  // Nodes stand in the order in which they run; those of the branch stand where it was.
  const inOrder = outer.flatMap((n) => (n === decisions[0] ? read.nodes(body, alternatives) : [n]));
  const nodes = inOrder
    .toReversed()
    .filter((node) => {
      if (!node.outputs.some((name) => needed.has(name))) return false;
      for (const name of node.inputs) needed.add(name);
      return true;
    })
    .toReversed();
  const tensors = [graph, body].flatMap((g) => read.of(g, 5)).filter((t) => needed.has(read.string(t, 8)));
  const inputs = read.of(graph, 11).filter((i) => needed.has(read.string(i, 1)));
  const parts = [...read.of(graph, 2), ...tensors, ...inputs, ...kept];
  const running = join(nodes.map(({ from, to }) => message(1, raw(model.subarray(from, to)))));
  const bytes: Bytes = join([
    raw(model.subarray(0, graph.at)),
    message(7, join([running, ...parts.map((part) => raw(read.bytes(part)))])),
    raw(model.subarray(graph.to)),
  ]);
  return { bytes: flat(bytes), outputs };
}
