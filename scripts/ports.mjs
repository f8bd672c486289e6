// Finding a port that no other program holds.

import { createServer } from 'node:net';

export const isFree = (port) =>
  new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, () => probe.close(() => resolve(true)));
  });

/** The first free port of a hundred. */
export async function firstFree(from) {
  for (let port = from; port < from + 100; port++) if (await isFree(port)) return port;
  throw new Error(`no free port from ${from} to ${from + 99}`);
}
