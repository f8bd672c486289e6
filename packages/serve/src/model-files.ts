// The files of models over HTTP, for browsers that run a model themselves: whole or by range, never outside a model's folder.

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { digestOf } from './file-digests.ts';
import { namePattern } from './models.ts';

/** What inference needs. Everything else in a folder (training state, notes, hidden files) stays private. */
const served = /^(?:[\w-][\w.-]*\.(?:json|safetensors|model|txt)|README\.md|onnx\/[\w-][\w.-]*\.onnx(?:_data)?)$/;
/** Not on disk: size and SHA-256 of every file that is served, for who wants to be sure of what came. */
const checksums = 'checksums.json';

const types: Readonly<Record<string, string>> = {
  json: 'application/json',
  txt: 'text/plain; charset=utf-8',
  md: 'text/markdown; charset=utf-8',
};

/**
 * Answers GET and HEAD for `path` (`<model>/<file>`, decoded). Browsers may keep what they got and ask with `If-None-Match`.
 * @param folderOf the folder of a model
 */
export async function modelFile(
  request: Request,
  folderOf: (name: string) => Promise<string | undefined>,
  path: string,
): Promise<Response> {
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return new Response(null, { status: 405, headers: { allow: 'GET, HEAD' } });
  const slash = path.indexOf('/');
  const [name, file] = [path.slice(0, slash), path.slice(slash + 1)];
  const folder = namePattern.test(name) ? await folderOf(name) : undefined;
  if (folder !== undefined && file === checksums) return checksumsOf(request, folder);
  const place = folder !== undefined && served.test(file) ? join(folder, file) : undefined;
  const found = place === undefined ? undefined : await stat(place).catch(() => undefined);
  if (place === undefined || !found?.isFile())
    return new Response(`no such file: ${path}\n`, {
      status: 404,
      headers: { 'content-type': 'text/plain; charset=utf-8' },
    });

  const etag = `"${found.size.toString(16)}-${Math.round(found.mtimeMs).toString(16)}"`;
  const headers = new Headers({
    etag,
    'accept-ranges': 'bytes',
    'cache-control': 'no-cache', // kept, but asked for again each time
    'cross-origin-resource-policy': 'same-origin',
    'content-type': types[file.slice(file.lastIndexOf('.') + 1)] ?? 'application/octet-stream',
  });
  if (isKnown(request, etag)) return new Response(null, { status: 304, headers });

  const range = readRange(request, etag, found.size);
  if (range === 'outside') {
    headers.set('content-range', `bytes */${found.size}`);
    return new Response(null, { status: 416, headers });
  }
  const { start, end } = range ?? { start: 0, end: found.size };
  headers.set('content-length', String(end - start));
  if (range) headers.set('content-range', `bytes ${start}-${end - 1}/${found.size}`);
  const status = range ? 206 : 200;
  if (request.method === 'HEAD' || start === end) return new Response(null, { status, headers });
  const stream = createReadStream(place, { start, end: end - 1, highWaterMark: 2 ** 18 });
  return new Response(Readable.toWeb(stream) as ReadableStream<Uint8Array>, { status, headers }); // the same class under two names
}

const isKnown = (request: Request, etag: string): boolean =>
  request.headers
    .get('if-none-match')
    ?.split(/\s*,\s*/)
    .includes(etag) ?? false;

/** `{"model.safetensors": {"bytes": …, "sha256": "…"}, …}` */
async function checksumsOf(request: Request, folder: string): Promise<Response> {
  const names = (await readdir(folder)).concat(
    (await readdir(join(folder, 'onnx')).catch(() => [])).map((f) => `onnx/${f}`),
  );
  const files = names.filter((name) => served.test(name)).sort();
  const digests = await Promise.all(files.map((file) => digestOf(join(folder, file))));
  const text = JSON.stringify(Object.fromEntries(files.flatMap((file, i) => (digests[i] ? [[file, digests[i]]] : []))));
  const etag = `"${createHash('sha256').update(text).digest('hex').slice(0, 32)}"`;
  const headers = new Headers({
    etag,
    'cache-control': 'no-cache',
    'cross-origin-resource-policy': 'same-origin',
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(text)),
  });
  if (isKnown(request, etag)) {
    headers.delete('content-length');
    return new Response(null, { status: 304, headers });
  }
  return new Response(request.method === 'HEAD' ? null : text, { headers });
}

/** One range; several, or none, or one for an older file, mean the whole file (RFC 9110 §14.2 allows that). */
function readRange(
  request: Request,
  etag: string,
  size: number,
): { start: number; end: number } | 'outside' | undefined {
  const condition = request.headers.get('if-range');
  const match = /^bytes=(\d*)-(\d*)$/.exec(request.headers.get('range') ?? '');
  if (!match || (condition !== null && condition !== etag)) return undefined;
  const [, first, last] = match;
  if (first === '' && last === '') return undefined;
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === '' || last === '' ? size : Math.min(size, Number(last) + 1);
  return start >= size || end <= start ? 'outside' : { start, end };
}
