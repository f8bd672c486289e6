// The second graph of an .onnx file of ours, put in the place of the first: what other programs run gives way to what we run, over the same weights.

import { messagesIn } from './external.ts';
import { besideFields, graphFields } from './proto.ts';

/** Field 3 of a graph is free for ever: readers pass over it. */
const unknownField = 3;

/**
 * Exchanges the graphs in place, by one byte for each of their parts: nothing is copied. Weights stay; what only the first graph reads of them is
 * dropped by the engine.
 * @returns false for a file with one graph, and for what is no .onnx file; it is left as it is
 */
export function takeBeside(model: Uint8Array): boolean {
  const becomes = new Map<number, number>();
  for (const part of ['nodes', 'inputs', 'outputs'] as const) becomes.set(graphFields[part], unknownField);
  for (const part of ['nodes', 'inputs', 'outputs', 'initializers'] as const)
    becomes.set(besideFields[part], graphFields[part]);
  const graphs = [...messagesIn(model, 0, model.length)].filter((m) => m.field === 7);
  const parts = graphs.flatMap(({ from, to }) => [...messagesIn(model, from, to)]);
  if (!parts.some(({ field }) => field === besideFields.nodes)) return false;
  // The key of a field below 16 that holds a message is one byte.
  for (const { at, field } of parts) if (becomes.has(field)) model[at] = becomes.get(field)! * 8 + 2;
  return true;
}
