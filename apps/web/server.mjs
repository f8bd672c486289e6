// The app behind Node's own HTTP server: `next start`, and a name for who asks that nobody can give themselves.

import { createServer } from 'node:http';
import { parseArgs } from 'node:util';
import { clientAddress, trustedProxies } from '@yumo/serve';
import next from 'next';

const { values } = parseArgs({
  options: { port: { type: 'string', default: '3000' }, hostname: { type: 'string', default: 'localhost' } },
});
const port = Number(values.port);
const proxies = trustedProxies(process.env.YUMO_TRUSTED_PROXIES);

const app = next({ dev: false, dir: import.meta.dirname, hostname: values.hostname, port });
await app.prepare();
const handle = app.getRequestHandler();
const server = createServer((request, response) => {
  request.headers['x-yumo-client'] = clientAddress(
    String(request.headers['x-forwarded-for'] ?? ''),
    request.socket.remoteAddress,
    proxies,
  );
  void handle(request, response);
});
server.on('error', (error) => {
  console.error(error.message);
  process.exit(1);
});
server.listen(port, values.hostname);

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.on(signal, () => {
    server.close();
    server.closeAllConnections();
    process.exit(0);
  });
