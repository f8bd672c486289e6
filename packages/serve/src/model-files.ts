// The files of models over HTTP, for browsers that run a model themselves: whole or by range, never outside a model's folder.

import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';

/** What inference needs. Everything else in a folder (training state, notes, hidden files) stays private. */
const served = /^(?:[\w-][\w.-]*\.(?:json|safetensors|model|txt)|README\.md|onnx\/[\w-][\w.-]*\.onnx(?:_data)?)$/;
const modelName = /^[\p{L}\p{N}][\p{L}\p{N}._-]*$/u;

const types: Readonly<Record<string, string>> = {
  json: 'application/json',
  txt: 'text/plain; charset=utf-8',
  md: 'text/markdown; charset=utf-8',
};

/**
 * Answers GET and HEAD for `path` (`<model>/<file>`, decoded) below `folder`. Browsers may keep what they got and ask with `If-None-Match`.
 */
export async function modelFile(request: Request, folder: string, path: string): Promise<Response> {
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return new Response(null, { status: 405, headers: { allow: 'GET, HEAD' } });
  const slash = path.indexOf('/');
  const [name, file] = [path.slice(0, slash), path.slice(slash + 1)];
  const found =
    modelName.test(name) && served.test(file) ? await stat(join(folder, name, file)).catch(() => undefined) : undefined;
  if (!found?.isFile())
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
  if (
    request.headers
      .get('if-none-match')
      ?.split(/\s*,\s*/)
      .includes(etag)
  )
    return new Response(null, { status: 304, headers });

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
  const stream = createReadStream(join(folder, name, file), { start, end: end - 1, highWaterMark: 2 ** 18 });
  return new Response(Readable.toWeb(stream) as ReadableStream<Uint8Array>, { status, headers }); // the same class under two names
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
