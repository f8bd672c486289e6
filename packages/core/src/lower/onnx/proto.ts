// The part of onnx.proto that we write (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto, IR version 10). Ours, because a protobuf library
// with its generated schema is 20–50 kB in the browser, and writing needs varints and lengths only; large tensors are passed through uncopied.

import type { Dim } from '../../dimension.ts';
import { YumoError } from '../../errors.ts';
import type { DType, Value } from '../../value.ts';

/** Serialised bytes in pieces, so that nesting does not copy. */
export interface Bytes {
  readonly pieces: readonly Uint8Array[];
  readonly length: number;
}

export const join = (parts: readonly Bytes[]): Bytes => ({
  pieces: parts.flatMap((p) => p.pieces),
  length: parts.reduce((n, p) => n + p.length, 0),
});
export const raw = (bytes: Uint8Array): Bytes => ({ pieces: [bytes], length: bytes.length });

/** The pieces in one array. */
export function flat({ pieces, length }: Bytes): Uint8Array {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

function varint(x: number | bigint): Bytes {
  let rest = BigInt.asUintN(64, BigInt(x));
  const out: number[] = [];
  do {
    out.push(Number(rest & 0x7fn) | (rest > 0x7fn ? 0x80 : 0));
    rest >>= 7n;
  } while (rest > 0n);
  return raw(Uint8Array.from(out));
}

const text = new TextEncoder();
const integer = (field: number, x: number | bigint): Bytes => join([varint(field << 3), varint(x)]);
export const message = (field: number, body: Bytes): Bytes =>
  join([varint((field << 3) | 2), varint(body.length), body]);
const string = (field: number, s: string): Bytes => message(field, raw(text.encode(s)));
const float = (field: number, x: number): Bytes =>
  join([varint((field << 3) | 5), raw(new Uint8Array(new Float32Array([x]).buffer))]);

/** TensorProto.DataType. */
const elementType: { readonly [D in DType]: number } = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
  bfloat16: 16,
};
export const onnxType = (dtype: DType): number => elementType[dtype];

/** An attribute of a node: an integer, a list of integers, a float (wrapped, since 1 and 1.0 are the same number here), a string or a graph. */
export type Attribute =
  | number
  | readonly number[]
  | string
  | { readonly float: number }
  | { readonly graph: GraphProto };

export interface NodeProto {
  readonly op: string;
  /** `''`: the standard operators; `com.microsoft`: onnxruntime's own. */
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
  readonly name: string;
  /** A node that stands beside those that run, as another way to their outputs (field {@link alternativeField}). */
  readonly alternative?: boolean;
}

/** Field of a graph's alternative nodes: free for ever (`reserved 3, 4` in onnx.proto), and readers pass over fields that they do not know. */
export const alternativeField = 4;

export interface ValueInfo {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly Dim[];
  /** A sequence of such tensors. */
  readonly sequence?: boolean;
}

export interface GraphProto {
  readonly nodes: readonly NodeProto[];
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly initializers: ReadonlyMap<string, Value>;
}

export interface ModelProto extends GraphProto {
  readonly opset: number;
  readonly metadata: Readonly<Record<string, string>>;
  /** A second graph over the same initializers, which other readers pass over (fields {@link besideFields}); its own initializers are small. */
  readonly beside?: GraphProto | undefined;
}

/** Fields of a graph's parts, and of those of a second graph beside it: free for ever as {@link alternativeField} is (`reserved 6 to 9`). */
export const graphFields = { nodes: 1, initializers: 5, inputs: 11, outputs: 12 } as const;
export const besideFields = { nodes: 6, initializers: 9, inputs: 7, outputs: 8 } as const;

function attribute(name: string, a: Attribute): Bytes {
  if (typeof a === 'number') return join([string(1, name), integer(3, a), integer(20, 2)]);
  if (typeof a === 'string') return join([string(1, name), string(4, a), integer(20, 3)]);
  if ('float' in a) return join([string(1, name), float(2, a.float), integer(20, 1)]);
  if ('graph' in a) return join([string(1, name), message(6, graphBytes(a.graph, name)), integer(20, 5)]);
  return join([string(1, name), ...a.map((x) => integer(8, x)), integer(20, 7)]);
}

const node = (n: NodeProto): Bytes =>
  join([
    ...n.inputs.map((s) => string(1, s)),
    ...n.outputs.map((s) => string(2, s)),
    string(3, n.name),
    string(4, n.op),
    ...Object.entries(n.attributes).map(([name, a]) => message(5, attribute(name, a))),
    ...(n.domain === '' ? [] : [string(7, n.domain)]),
  ]);

/** Where a tensor lies that is not in the file itself. */
export interface Place {
  /** Name of the file, beside this one. */
  readonly location: string;
  readonly offset: number;
}

/** Tensors outside of the file, by name. */
export type Places = ReadonlyMap<string, Place>;

/** The numbers as bytes, uncopied. */
export const bytesOf = ({ data }: Value): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

function initializer(name: string, v: Value, place: Place | undefined): Bytes {
  const entry = (key: string, text: string | number): Bytes =>
    message(13, join([string(1, key), string(2, `${text}`)]));
  return join([
    ...v.shape.map((d) => integer(1, d)),
    integer(2, elementType[v.dtype]),
    string(8, name),
    ...(place
      ? [
          entry('location', place.location),
          entry('offset', place.offset),
          entry('length', v.data.byteLength),
          integer(14, 1), // data_location: EXTERNAL
        ]
      : [message(9, raw(bytesOf(v)))]),
  ]);
}

function valueInfo({ name, dtype, shape, sequence }: ValueInfo): Bytes {
  const dims = shape.map((d) => message(1, typeof d === 'number' ? integer(1, d) : string(2, d)));
  const tensor = message(1, join([integer(1, elementType[dtype]), message(2, join(dims))]));
  return join([string(1, name), message(2, sequence ? message(4, message(1, tensor)) : tensor)]);
}

function partsBytes(
  g: GraphProto,
  fields: { readonly [P in keyof GraphProto]: number },
  places: Places = new Map(),
): Bytes[] {
  return [
    ...g.nodes.map((n) => message(n.alternative ? alternativeField : fields.nodes, node(n))),
    ...[...g.initializers].map(([name, v]) => message(fields.initializers, initializer(name, v, places.get(name)))),
    ...g.inputs.map((v) => message(fields.inputs, valueInfo(v))),
    ...g.outputs.map((v) => message(fields.outputs, valueInfo(v))),
  ];
}

const graphBytes = (g: GraphProto, name: string): Bytes => join([string(2, name), ...partsBytes(g, graphFields)]);

/** Bytes that a protobuf message, and so an ONNX file, holds at most. */
const largestFile = 2 ** 31 - 1;

function modelBytes(m: ModelProto, places?: Places): Bytes {
  return join([
    integer(1, 10),
    string(2, 'yumo'),
    message(
      7,
      join([
        string(2, 'yumo'),
        ...partsBytes(m, graphFields, places),
        ...(m.beside ? partsBytes(m.beside, besideFields) : []),
      ]),
    ),
    message(8, join([string(1, ''), integer(2, m.opset)])),
    message(8, join([string(1, 'com.microsoft'), integer(2, 1)])),
    ...Object.entries(m.metadata).map(([key, value]) => message(14, join([string(1, key), string(2, value)]))),
  ]);
}

/**
 * The bytes of an .onnx file.
 * @param places of the tensors that lie outside of it
 * @throws YumoError `GRAPH` for more than 2 GiB.
 */
export function serialise(m: ModelProto, places?: Places): Uint8Array {
  const model = modelBytes(m, places);
  if (model.length > largestFile)
    throw new YumoError(
      'GRAPH',
      `onnx: the file would have ${model.length} bytes, ONNX files hold ${largestFile}; put its tensors beside it (exportBundle does)`,
      { bytes: model.length },
    );
  return flat(model);
}
