// `yumo serve`: the app behind Node's own HTTP server.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { App } from './app.ts';
import { clientAddress } from './client-address.ts';

export interface ServeOptions {
  readonly port?: number;
  /** `127.0.0.1` by default: this computer only. */
  readonly host?: string;
  /** Proxies of one's own before this server, whose `x-forwarded-for` tells clients apart; 0 by default: the header is not read. */
  readonly proxies?: number;
  /** One line a request: its number, method, path, status and milliseconds; never what it says. */
  readonly log?: (line: string) => void;
}

export interface Listening {
  readonly address: string;
  readonly server: Server;
  /** Stops accepting, ends what is open, frees the models. */
  close(): Promise<void>;
}

/** Starts listening. @throws the system's error when the port is taken. */
export async function listen(
  app: App,
  { port = 0, host = '127.0.0.1', proxies = 0, log }: ServeOptions = {},
): Promise<Listening> {
  let count = 0;
  const server = createServer((incoming, outgoing) => {
    const started = performance.now();
    const id = ++count;
    outgoing.on('close', () =>
      log?.(
        `#${id} ${incoming.method} ${incoming.url?.split('?')[0]} ${outgoing.statusCode} ${Math.round(performance.now() - started)} ms`,
      ),
    );
    respond(app, proxies, incoming, outgoing).catch((error: unknown) => {
      console.error(error);
      if (!outgoing.headersSent) outgoing.writeHead(500);
      outgoing.end();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const bound = server.address();
  const address =
    typeof bound === 'object' && bound
      ? `http://${bound.family === 'IPv6' ? `[${bound.address}]` : bound.address}:${bound.port}`
      : String(bound);
  return {
    address,
    server,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
      await app.dispose();
    },
  };
}

async function respond(app: App, proxies: number, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const gone = new AbortController();
  outgoing.on('close', () => gone.abort()); // the client left, or everything was sent
  const { method = 'GET', url = '/' } = incoming;
  const headers = new Headers();
  for (const [name, value] of Object.entries(incoming.headers))
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value);
  const hasBody = method !== 'GET' && method !== 'HEAD';
  let request: Request;
  try {
    request = new Request(new URL(url, 'http://localhost'), {
      method,
      headers,
      signal: gone.signal,
      ...(hasBody ? { body: bodyOf(incoming), duplex: 'half' } : {}),
    });
  } catch {
    outgoing.writeHead(400).end();
    return;
  }
  const client = clientAddress(headers.get('x-forwarded-for'), incoming.socket.remoteAddress, proxies);
  const response = await app.fetch(request, client);
  // The rest of a body that nobody wanted must not be taken for the next request.
  if (!incoming.complete && hasBody) outgoing.setHeader('connection', 'close');
  outgoing.writeHead(response.status, Object.fromEntries(response.headers));
  outgoing.flushHeaders();
  if (!response.body || method === 'HEAD') {
    await response.body?.cancel();
    outgoing.end();
    return;
  }
  const reader = response.body.getReader();
  gone.signal.addEventListener('abort', () => void reader.cancel().catch(() => undefined), { once: true });
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    // A slow reader holds the generation back instead of filling memory.
    if (!outgoing.write(value))
      await new Promise<void>((resolve) => {
        const go = (): void => {
          outgoing.off('drain', go);
          outgoing.off('close', go);
          resolve();
        };
        outgoing.on('drain', go);
        outgoing.on('close', go);
      });
    if (gone.signal.aborted) break;
  }
  outgoing.end();
}

/** A request's body. Leaving it unread throws the rest away without cutting the connection, so that the answer arrives. */
function bodyOf(incoming: IncomingMessage): ReadableStream<Uint8Array> {
  const pieces = incoming.iterator({ destroyOnReturn: false });
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await pieces.next();
      if (done) controller.close();
      else controller.enqueue(new Uint8Array(value as Buffer)); // a request without an encoding gives buffers
    },
    cancel() {
      incoming.resume();
    },
  });
}
