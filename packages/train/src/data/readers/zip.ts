// Archives: the files of a .zip, stored or deflated (APPNOTE 6.3, without ZIP64 and encryption).

import { YumoError } from '@yumo/core';
import { type DataFile, maxUnpackedBytes } from './bytes.ts';

export const isZip = (bytes: Uint8Array): boolean =>
  bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 0x03 && bytes[3] === 0x04;

/** The files of an archive in its order, named by their paths inside; folders are left out. @throws YumoError `DATA` for damaged archives. */
export async function unzipped({ name, bytes }: DataFile, maxBytes = maxUnpackedBytes): Promise<DataFile[]> {
  const fail = (why: string): never => {
    throw new YumoError('DATA', `${name}: damaged zip (${why})`, { file: name });
  };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const within = (at: number, length: number): number =>
    at >= 0 && at + length <= bytes.length ? at : fail(`an entry lies outside of its ${bytes.length} bytes`);
  let end = bytes.length - 22; // of the last record, before a comment
  while (end >= 0 && view.getUint32(end, true) !== 0x06054b50) end--;
  if (end < 0) fail('its directory is missing');
  const files: DataFile[] = [];
  let total = 0;
  let at = view.getUint32(end + 16, true);
  for (let left = view.getUint16(end + 10, true); left > 0; left--) {
    within(at, 46);
    if (view.getUint32(at, true) !== 0x02014b50) fail('its directory is cut short');
    const [flags, method] = [view.getUint16(at + 8, true), view.getUint16(at + 10, true)];
    const [packed, size] = [view.getUint32(at + 20, true), view.getUint32(at + 24, true)];
    const nameLength = view.getUint16(at + 28, true);
    const path = new TextDecoder().decode(bytes.subarray(within(at + 46, nameLength), at + 46 + nameLength));
    const header = within(view.getUint32(at + 42, true), 30);
    at += 46 + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
    if (path.endsWith('/')) continue;
    if ((flags & 1) !== 0) fail(`${path} is encrypted`);
    total += size;
    if (total > maxBytes)
      throw new YumoError('DATA', `${name}: unpacks to more than ${maxBytes} bytes; unpack and split it first`, {
        file: name,
        maxBytes,
      });
    const start = within(header + 30 + view.getUint16(header + 26, true) + view.getUint16(header + 28, true), packed);
    const content = bytes.slice(start, start + packed);
    if (method !== 0 && method !== 8)
      fail(`${path} is packed by method ${method}; only stored and deflated files are read`);
    const unpackedBytes =
      method === 0 ? content : await inflated(content, size).catch(() => fail(`${path} cannot be unpacked`));
    if (unpackedBytes.length !== size) fail(`${path} has ${unpackedBytes.length} bytes, its entry says ${size}`);
    files.push({ name: path, bytes: unpackedBytes });
  }
  return files;
}

/** At most `size` bytes and one more, so that an archive cannot unpack to more than it says. */
async function inflated(packed: Uint8Array<ArrayBuffer>, size: number): Promise<Uint8Array<ArrayBuffer>> {
  const reader = new Blob([packed]).stream().pipeThrough(new DecompressionStream('deflate-raw')).getReader();
  const whole = new Uint8Array(size + 1);
  let at = 0;
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    whole.set(next.value.subarray(0, whole.length - at), at);
    at += next.value.length;
    if (at > size) {
      await reader.cancel();
      break;
    }
  }
  return whole.slice(0, Math.min(at, whole.length));
}
