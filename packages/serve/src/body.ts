// A request's body as a JSON object, with a bound on its size while it arrives.

import { YumoError } from '@yumo/core';

/** @throws YumoError `USAGE` when it is too large or no JSON object. */
export async function readBody(request: Request, maxBytes: number): Promise<Record<string, unknown>> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for (const reader = request.body?.getReader(); reader; ) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > maxBytes) {
      await reader.cancel();
      throw new YumoError('USAGE', `the request is larger than ${maxBytes} bytes; send less`, { maxBytes });
    }
    pieces.push(value);
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new YumoError(
      'USAGE',
      `the request is not JSON (${error instanceof Error ? error.message : String(error)})`,
      {},
      error,
    );
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw new YumoError('USAGE', 'the request must be a JSON object', {});
  return parsed as Record<string, unknown>; // checked above
}
