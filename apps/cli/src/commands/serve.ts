// `yumo serve [folder]`: models behind an HTTP server, with tRPC and an OpenAI-compatible API.

import { YumoError } from '@yumo/core';
import { createApp, type Listening, listen, trustedProxies } from '@yumo/serve';
import { type DeviceOptions, deviceOption, integerFrom, threadsOption } from '../options.ts';
import { engineOf, type Register } from '../session.ts';
import { bytes, whole } from '../ui/format.ts';
import { table } from '../ui/table.ts';

interface Options extends DeviceOptions {
  readonly port: number;
  readonly host: string;
  readonly quiet?: true;
}

export const serve: Register = (program, session) => {
  const { output, phrases, interruption } = session;
  const p = phrases.serve;
  program
    .command('serve')
    .summary(p.summary)
    .description(p.description)
    .argument('[models]', p.models, 'models')
    .option('-p, --port <n>', p.port, integerFrom(phrases, 0), 8080)
    .option('--host <address>', p.host, '127.0.0.1')
    .option('--quiet', p.quiet)
    .addOption(deviceOption(phrases, 'cpu'))
    .addOption(threadsOption(phrases))
    .action(async (folder: string, { port, host, quiet, device, threads }: Options) => {
      const chosen = device === 'auto' ? (await engineOf(session, { device })).name : device;
      const app = createApp({ models: folder, device: chosen, ...(threads === undefined ? {} : { threads }) });
      const models = await app.models.list();
      // Without a model that can be used there is nothing to serve.
      if (!models.some((m) => m.problem === undefined && m.tasks.length > 0)) await app.models.default();
      const proxies = trustedProxies(process.env.YUMO_TRUSTED_PROXIES);
      const log = (line: string): void => output.note(line);
      const listening = await listen(app, { port, host, proxies, ...(quiet ? {} : { log }) }).catch((error: unknown) =>
        refuse(error, port, host),
      );
      try {
        output.document({ address: listening.address, models });
        output.print(
          table(models, [
            { title: p.columns.name, cell: (m) => m.name },
            { title: p.columns.type, cell: (m) => m.modelType },
            { title: p.columns.context, cell: (m) => whole(m.contextLength), align: 'right' },
            { title: p.columns.size, cell: (m) => bytes(m.bytes), align: 'right' },
            { title: p.columns.problem, cell: (m) => m.problem ?? '' },
          ]),
        );
        output.print(`\n${p.listening(listening.address)}`);
        await stopped(interruption.signal);
        process.exitCode = 0; // to be stopped is how a server ends
      } finally {
        await listening.close();
      }
    });
};

/** The system's refusal to listen, as an error with a name and a way out. */
function refuse(error: unknown, port: number, host: string): Listening {
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  if (code === 'EADDRINUSE')
    throw new YumoError(
      'BUSY',
      `--port ${port}: taken by another program; give another, or 0 for any that is free`,
      { port, host },
      error,
    );
  throw new YumoError('USAGE', `--host ${host} --port ${port}: cannot listen there (${code})`, { port, host }, error);
}

const stopped = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
