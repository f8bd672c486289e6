// The safetensors format: an eight-byte length, a JSON header, the numbers. Read lazily, checked before memory is taken; written.

import { suggestion, YumoError } from '../errors.ts';
import type { Values } from '../runtimes/runtime.ts';
import { bytesPerElement, type DType, type Value, viewBytes } from '../value.ts';
import type { FileSource } from './source.ts';

/** Type and shape of a stored tensor. */
export interface StoredForm {
  readonly dtype: DType;
  readonly shape: readonly number[];
}

/** Named tensors in one file, or in several shards. Nothing is read before it is asked for. */
export interface TensorFile {
  /** For messages. */
  readonly path: string;
  readonly names: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
  has(name: string): boolean;
  /** @throws YumoError `CHECKPOINT` when there is no such tensor. */
  form(name: string): StoredForm;
  read(name: string, options?: { readonly signal?: AbortSignal }): Promise<Value>;
}

const dtypes: Readonly<Record<string, DType>> = {
  F64: 'float64',
  F32: 'float32',
  F16: 'float16',
  BF16: 'bfloat16',
  I64: 'int64',
  I32: 'int32',
  I8: 'int8',
  U8: 'uint8',
  BOOL: 'bool',
};
const tags = Object.fromEntries(Object.entries(dtypes).map(([tag, dtype]) => [dtype, tag])) as Record<DType, string>; // one tag each, both ways

/** The format's own limit: a header of more is refused by the reference reader too. */
const maxHeaderBytes = 100_000_000;

interface Entry extends StoredForm {
  /** Bytes of the data section. */
  readonly start: number;
  readonly end: number;
}

const isNatural = (x: unknown): x is number => typeof x === 'number' && Number.isSafeInteger(x) && x >= 0;

/** One line of the header, checked by itself. */
function readEntry(name: string, raw: unknown, fail: (why: string, detail?: object) => never): Entry {
  const who = `tensor ${JSON.stringify(name.slice(0, 200))}`;
  if (typeof raw !== 'object' || raw === null) return fail(`${who}: its entry is not an object`);
  const { dtype: tag, shape, data_offsets: offsets } = raw as Record<string, unknown>;
  if (typeof tag !== 'string' || !Object.hasOwn(dtypes, tag))
    return fail(`${who}: element type ${JSON.stringify(tag)} is not one of ${Object.keys(dtypes).join(', ')}`, {
      name,
    });
  const dtype = dtypes[tag]!;
  if (!Array.isArray(shape) || !shape.every(isNatural))
    return fail(`${who}: the shape ${JSON.stringify(shape)?.slice(0, 100)} is not a list of sizes`, { name });
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isNatural))
    return fail(`${who}: data_offsets ${JSON.stringify(offsets)?.slice(0, 100)} are not two byte positions`, { name });
  const [start, end] = offsets as [number, number];
  const bytes = (shape as number[]).reduce((n, d) => n * d, bytesPerElement(dtype));
  if (end < start || bytes !== end - start)
    return fail(
      `${who}: ${tag} [${shape.join(', ')}] needs ${bytes} bytes, data_offsets [${start}, ${end}] hold ${end - start}`,
      {
        name,
        shape,
        offsets,
      },
    );
  return { dtype, shape: shape as number[], start, end };
}

/**
 * Opens a file: reads its header only.
 * @throws YumoError `CHECKPOINT` when the file is damaged or hostile: header length beyond the file, no JSON, sizes that do not fit,
 *   offsets that overlap, leave holes or leave the file.
 */
export async function readSafetensors(
  source: FileSource,
  path: string,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<TensorFile> {
  const stop = signal ? { signal } : {};
  const where = `${source.name}/${path}`;
  const fail = (why: string, detail: object = {}): never => {
    throw new YumoError('CHECKPOINT', `${where}: ${why}`, { path, ...detail });
  };
  const size = await source.size(path);
  if (size < 8) fail(`${size} bytes are too few for a safetensors file; it is truncated`, { size });
  const prefix = await source.read(path, { start: 0, end: 8, ...stop });
  const headerBytes = new DataView(prefix.buffer, prefix.byteOffset, 8).getBigUint64(0, true);
  if (headerBytes > BigInt(size - 8))
    fail(`the header claims ${headerBytes} bytes, the file has ${size}; it is truncated, or no safetensors file`, {
      size,
    });
  if (headerBytes > maxHeaderBytes) fail(`the header claims ${headerBytes} bytes; at most ${maxHeaderBytes} are read`);
  const dataStart = 8 + Number(headerBytes);

  let header: unknown;
  try {
    const bytes = await source.read(path, { start: 8, end: dataStart, ...stop });
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error; // a failed read names itself
    fail(`the header is not JSON (${error.message})`);
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header))
    return fail('the header is not a JSON object');

  const entries = new Map<string, Entry>();
  let metadata: Record<string, string> = {};
  for (const [name, raw] of Object.entries(header)) {
    if (name === '__metadata__') {
      if (typeof raw !== 'object' || raw === null || Object.values(raw).some((v) => typeof v !== 'string'))
        fail('__metadata__ is not a map of strings');
      metadata = raw as Record<string, string>; // checked in the line above
    } else entries.set(name, readEntry(name, raw, fail));
  }
  // Tensors must fill the data section one after the other, as the format demands: no overlap, no hole, no rest.
  let position = 0;
  for (const [name, { start, end }] of [...entries].sort(([, a], [, b]) => a.start - b.start || a.end - b.end)) {
    if (start !== position)
      fail(
        `tensor ${JSON.stringify(name)} begins at byte ${start} of the data, the one before it ends at ${position} (${start < position ? 'they overlap' : 'a hole'})`,
        {
          name,
          start,
          position,
        },
      );
    position = end;
  }
  if (dataStart + position !== size)
    fail(
      `the tensors need ${dataStart + position} bytes, the file has ${size}; it is ${dataStart + position > size ? 'truncated' : 'too long'}`,
      {
        needed: dataStart + position,
        size,
      },
    );

  const find = (name: string): Entry =>
    entries.get(name) ?? fail(`no tensor "${name}"${suggestion(name, entries.keys())}`, { name });
  return {
    path: where,
    names: [...entries.keys()],
    metadata,
    has: (name) => entries.has(name),
    form: (name) => {
      const { dtype, shape } = find(name);
      return { dtype, shape };
    },
    async read(name, options = {}) {
      const { dtype, shape, start, end } = find(name);
      let bytes = await source.read(path, { start: dataStart + start, end: dataStart + end, ...options });
      const width = bytesPerElement(dtype);
      if (bytes.byteOffset % width !== 0) bytes = bytes.slice(); // a typed array must begin at a multiple of its element
      return { dtype, shape, data: viewBytes(dtype, bytes.buffer, bytes.byteOffset, bytes.length / width) };
    },
  };
}

/**
 * The pieces of a safetensors file in order, without copying the numbers: header first, then each tensor.
 * The same values give the same bytes: tensors are ordered by falling element size, then by name.
 */
export function safetensorsChunks(
  values: Values,
  metadata: Readonly<Record<string, string>> = { format: 'pt' },
): Uint8Array[] {
  const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
  const order = Object.entries(values).sort(
    ([a, x], [b, y]) => bytesPerElement(y.dtype) - bytesPerElement(x.dtype) || byText(a, b),
  );
  const header: Record<string, unknown> = {};
  const notes = Object.entries(metadata).sort(([a], [b]) => byText(a, b));
  if (notes.length > 0) header.__metadata__ = Object.fromEntries(notes);
  let position = 0;
  for (const [name, v] of order) {
    const end = position + v.data.byteLength;
    header[name] = { dtype: tags[v.dtype], shape: v.shape, data_offsets: [position, end] };
    position = end;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const padded = Math.ceil(json.length / 8) * 8; // so that the data begin at a multiple of eight
  const head = new Uint8Array(8 + padded).fill(0x20);
  new DataView(head.buffer).setBigUint64(0, BigInt(padded), true);
  head.set(json, 8);
  return [head, ...order.map(([, v]) => new Uint8Array(v.data.buffer, v.data.byteOffset, v.data.byteLength))];
}

/** A safetensors file as bytes. The metadata say `format: pt` by default, which Python's transformers asks for. */
export function writeSafetensors(values: Values, metadata?: Readonly<Record<string, string>>): Uint8Array {
  const chunks = safetensorsChunks(values, metadata);
  const file = new Uint8Array(chunks.reduce((n, c) => n + c.length, 0));
  let position = 0;
  for (const chunk of chunks) {
    file.set(chunk, position);
    position += chunk.length;
  }
  return file;
}
