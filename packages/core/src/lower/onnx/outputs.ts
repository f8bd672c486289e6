// Outputs of an .onnx file that nobody will ask for: taken out of it, with the nodes that only they need. An engine computes every node of a file.
// And alternative nodes of our files: put in the place of those that make the same.

import { messagesIn } from './external.ts';
import { alternativeField } from './proto.ts';

/** Numbers of GraphProto's fields; 3 is free for ever, as {@link alternativeField} is. */
const [nodeField, unknownField, outputField] = [1, 3, 12];

/** The key of a field that holds a message: one byte below field 16. */
const keyOf = (field: number): number => field * 8 + 2;

/**
 * Takes outputs out of a model in place, by the key bytes of what changes, so that nothing is copied. Nodes with graphs inside (branches, loops) may
 * read anything: a model that has some is left as it is, and so is what is no .onnx file.
 * @param unwanted those of all outputs that will never be asked for
 * @param alternatives whether the file's alternative nodes are to run, in place of those whose outputs they make
 * @returns whether any output fell away
 */
export function dropOutputs(
  model: Uint8Array,
  unwanted: (outputs: readonly string[]) => readonly string[],
  { alternatives = false } = {},
): boolean {
  const text = new TextDecoder();
  const read = ({ from, to }: { from: number; to: number }): string => text.decode(model.subarray(from, to));
  const graphs = [...messagesIn(model, 0, model.length)].filter((m) => m.field === 7);
  if (graphs.length !== 1) return false;
  const all: { at: number; inputs: string[]; outputs: string[]; alternative: boolean }[] = [];
  const outputs: { at: number; name: string }[] = [];
  for (const entry of messagesIn(model, graphs[0]!.from, graphs[0]!.to)) {
    if (entry.field === outputField) {
      const name = [...messagesIn(model, entry.from, entry.to)].find((m) => m.field === 1);
      outputs.push({ at: entry.at, name: name ? read(name) : '' });
    }
    const alternative = entry.field === alternativeField;
    if (entry.field !== nodeField && !(alternative && alternatives)) continue;
    const node = { at: entry.at, inputs: [] as string[], outputs: [] as string[], alternative };
    for (const part of messagesIn(model, entry.from, entry.to)) {
      if (part.field === 1) node.inputs.push(read(part));
      if (part.field === 2) node.outputs.push(read(part));
      // Of an attribute: g (6) and graphs (11).
      if (part.field === 5 && [...messagesIn(model, part.from, part.to)].some((m) => m.field === 6 || m.field === 11))
        return false;
    }
    all.push(node);
  }
  const replaced = new Set(all.flatMap((node) => (node.alternative ? node.outputs : [])));
  const isReplaced = (node: (typeof all)[number]): boolean =>
    !node.alternative && node.outputs.some((name) => replaced.has(name));
  const nodes = all.filter((node) => !isReplaced(node));
  const dropped = new Set(unwanted(outputs.map((o) => o.name)));
  const [away, needed] = [outputs.filter((o) => dropped.has(o.name)), new Set<string>()];
  for (const { name } of outputs) if (!dropped.has(name)) needed.add(name);
  if (away.length === 0 || needed.size === 0) return false;
  // Nodes stand in the order in which they run.
  const idle = nodes.toReversed().filter((node) => {
    if (!node.outputs.some((name) => needed.has(name))) return true;
    for (const name of node.inputs) needed.add(name);
    return false;
  });
  for (const node of all) if (node.alternative) model[node.at] = keyOf(nodeField);
  for (const { at } of [...away, ...idle, ...all.filter(isReplaced)]) model[at] = keyOf(unknownField);
  return true;
}
