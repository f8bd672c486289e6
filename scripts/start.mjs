// `npm start`: install, build, and the web app on a free port with the models of models/.

import { spawn } from 'node:child_process';
import { constants, setPriority } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { firstFree, isFree } from './ports.mjs';
import { build, install, root, webApp } from './prepare.mjs';

const defaultPort = 3000;

/** The port asked for, or the first free one from 3000 on. */
async function choosePort(asked) {
  if (asked !== undefined) {
    const port = Number(asked);
    if (!Number.isInteger(port) || port < 1 || port > 65535)
      throw new Error(`--port ${asked}: a port is a number from 1 to 65535`);
    if (!(await isFree(port)))
      throw new Error(`--port ${port}: in use by another program; leave it out to get a free one`);
    return port;
  }
  return firstFree(defaultPort);
}

/** Waits until the app answers; false when it ended before. */
async function answers(address, child) {
  while (child.exitCode === null && child.signalCode === null) {
    try {
      if ((await fetch(`${address}/health`, { signal: AbortSignal.timeout(2000) })).ok) return true;
    } catch {
      // Not listening yet.
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return false;
}

/** Makes what browsers load faster, behind the person's back: the app runs without it, and takes it when it is there. */
function smallFiles() {
  const child = spawn(process.execPath, [join(root, 'scripts/onnx.mjs')], { stdio: ['ignore', 'inherit', 'inherit'] });
  try {
    setPriority(child.pid, constants.priority.PRIORITY_LOW);
  } catch {
    // Where priorities cannot be set, it runs as any other.
  }
  return child;
}

/** Resolves to the exit code when the app has ended. */
export async function start(args) {
  const { values } = parseArgs({
    args,
    options: { port: { type: 'string' }, host: { type: 'string', default: 'localhost' } },
  });
  await install();
  await build();
  const port = await choosePort(values.port ?? process.env.PORT);
  const server = spawn(
    process.execPath,
    [join(webApp, 'server.mjs'), '--port', String(port), '--hostname', values.host],
    { cwd: webApp, stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, NODE_ENV: 'production' } },
  );
  let said = '';
  server.stdout.on('data', (piece) => (said = `${said}${piece}`.slice(-4000)));

  let stopping = false;
  const stop = () => {
    if (stopping) server.kill('SIGKILL'); // asked twice
    stopping = true;
    server.kill('SIGTERM');
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, stop);
  const ended = new Promise((resolve) => server.once('exit', (code) => resolve(code ?? 0)));

  const address = `http://${values.host === '0.0.0.0' ? 'localhost' : values.host}:${port}`;
  if (await answers(address, server)) {
    console.log(`\n  yumo is ready   ${address}   Ctrl-C stops it`);
    console.log(`  语模已就绪      ${address}   按 Ctrl-C 停止\n`);
    const small = smallFiles();
    server.once('exit', () => small.kill());
  } else if (!stopping) {
    console.error(said);
    throw new Error('the app ended before it answered; the lines above say why');
  }
  const code = await ended;
  return stopping ? 0 : code;
}
