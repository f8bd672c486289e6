// Tensors beside an .onnx file: where each lies in the data file, so that the engine can map it (onnx's external_data).
// https://github.com/onnx/onnx/blob/main/docs/ExternalData.md

import type { Value } from '../../value.ts';
import { bytesOf, type Place, type Places } from './proto.ts';

/** Smaller tensors stay in the file: shapes and indices are read while the graph is checked. Optimum and PyTorch draw the line here too. */
const smallest = 1024;

/** Offsets are multiples of a page, those of large tensors of 64 KiB: what Windows can map. */
const alignment = (bytes: number): number => (bytes >= 2 ** 20 ? 2 ** 16 : 2 ** 12);

/** Bytes of tensors that a file holds itself by default: of the 2 GiB of protobuf, 64 MiB are left to the graph. */
export const externalAt = 2 ** 31 - 2 ** 26;

/** Bytes of all tensors together. */
export const tensorBytes = (initializers: ReadonlyMap<string, Value>): number =>
  [...initializers.values()].reduce((n, { data }) => n + data.byteLength, 0);

export interface DataFile {
  readonly places: Places;
  /** What the file holds, in order: the tensors' own bytes and the gaps between them. Nothing is copied. */
  readonly pieces: readonly Uint8Array[];
  readonly bytes: number;
}

/** Lays out large tensors in one file. */
export function dataFile(initializers: ReadonlyMap<string, Value>, location: string): DataFile {
  const places = new Map<string, Place>();
  const pieces: Uint8Array[] = [];
  let end = 0;
  for (const [name, v] of initializers) {
    const bytes = bytesOf(v);
    if (bytes.length < smallest) continue;
    const gap = -end % alignment(bytes.length);
    const offset = end + (gap < 0 ? gap + alignment(bytes.length) : 0);
    if (offset > end) pieces.push(new Uint8Array(offset - end));
    pieces.push(bytes);
    places.set(name, { location, offset });
    end = offset + bytes.length;
  }
  return { places, pieces, bytes: end };
}

/** For an engine in this process: every large tensor as a file of its own, in memory. */
export function tensorFiles(initializers: ReadonlyMap<string, Value>): {
  readonly places: Places;
  readonly files: Readonly<Record<string, Uint8Array>>;
} {
  const large = [...initializers].filter(([, v]) => v.data.byteLength >= smallest);
  return {
    places: new Map(large.map(([name]) => [name, { location: name, offset: 0 }])),
    files: Object.fromEntries(large.map(([name, v]) => [name, bytesOf(v)])),
  };
}

/** Fields of a protobuf message: number, and where it begins and its content lies. Numbers and floats are passed over. Ends at what is no protobuf. */
export function* messagesIn(
  bytes: Uint8Array,
  start: number,
  end: number,
): Generator<{ field: number; at: number; from: number; to: number }> {
  let at = start;
  const varint = (): number => {
    let x = 0;
    for (let shift = 1; at < end; shift *= 128) {
      const byte = bytes[at++]!;
      x += (byte & 0x7f) * shift;
      if (byte < 0x80) return x;
    }
    return Number.POSITIVE_INFINITY;
  };
  while (at < end) {
    const begin = at;
    const key = varint();
    const [field, wire] = [Math.floor(key / 8), key % 8];
    if (wire === 0) varint();
    else if (wire === 5) at += 4;
    else if (wire === 1) at += 8;
    else if (wire === 2) {
      const length = varint();
      if (at + length > end) return;
      yield { field, at: begin, from: at, to: at + length };
      at += length;
    } else return;
  }
}

/**
 * Names of the files beside an .onnx file that hold its tensors, as the file tells them; their numbers are not looked at. Empty for a file
 * that holds everything, and for what is no .onnx file: the engine says what is wrong with it.
 */
export function filesBeside(model: Uint8Array): string[] {
  const text = new TextDecoder();
  const locations = new Set<string>();
  for (const graph of messagesIn(model, 0, model.length)) {
    if (graph.field !== 7) continue;
    for (const tensor of messagesIn(model, graph.from, graph.to)) {
      if (tensor.field !== 5) continue;
      for (const entry of messagesIn(model, tensor.from, tensor.to)) {
        if (entry.field !== 13) continue;
        const [key, location] = [...messagesIn(model, entry.from, entry.to)].map(({ from, to }) =>
          text.decode(model.subarray(from, to)),
        );
        if (key === 'location' && location) locations.add(location);
      }
    }
  }
  return [...locations];
}
