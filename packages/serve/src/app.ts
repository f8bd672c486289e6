// The server as one function from request to response; the parts are wired here, and the environment is read here only.

import { resolve } from 'node:path';
import { fetchRequestHandler } from '@trpc/server/adapters/fetch';
import { isYumoError } from '@yumo/core';
import type { Generator } from './generation.ts';
import { loadGenerator } from './load.ts';
import { modelFile } from './model-files.ts';
import { Models, type ModelsOptions } from './models.ts';
import { openai } from './openai.ts';
import { appRouter } from './router.ts';

export interface AppOptions extends ModelsOptions {
  /** The folder whose subfolders are models. */
  readonly models: string;
  /** What onnxruntime runs on: `cpu` by default. */
  readonly device?: string;
  readonly threads?: number;
  /** Makes a generator of a model's folder; {@link loadGenerator} by default. */
  readonly load?: (folder: string) => Promise<Generator>;
}

export interface App {
  readonly models: Models;
  /** Answers /health, /api/trpc, /v1 and /models. `client` tells users apart for fair turns. */
  fetch(request: Request, client?: string): Promise<Response>;
  dispose(): Promise<void>;
}

export function createApp({ models: folder, device, threads, load, ...options }: AppOptions): App {
  const models = new Models(
    resolve(folder),
    load ?? ((path) => loadGenerator(path, { ...(device ? { device } : {}), ...(threads ? { threads } : {}) })),
    options,
  );
  return {
    models,
    dispose: () => models.dispose(),
    async fetch(request, client = 'local') {
      const path = new URL(request.url).pathname;
      if (path === '/health') return Response.json({ status: 'ok', models: models.states() });
      if (path.startsWith('/v1/')) return openai(request, path, models, client);
      if (path.startsWith('/models/')) return modelFile(request, models.folder, decode(path.slice('/models/'.length)));
      if (path.startsWith('/api/trpc/')) {
        return fetchRequestHandler({
          endpoint: '/api/trpc',
          req: request,
          router: appRouter,
          allowMethodOverride: true,
          createContext: () => ({ models, client }),
          onError: ({ error }) => {
            if (error.code === 'INTERNAL_SERVER_ERROR')
              console.error(isYumoError(error.cause) ? error.cause.message : (error.cause ?? error));
          },
        });
      }
      return Response.json({ error: { message: `${path}: not here`, type: 'invalid_request_error' } }, { status: 404 });
    },
  };
}

/** A path as its author wrote it; an encoding that is none matches no file. */
function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return '';
  }
}

/** The app as the environment describes it: YUMO_MODELS (a folder), YUMO_DEVICE, YUMO_THREADS. */
export function appFromEnvironment(defaults: { models: string }): App {
  const { YUMO_MODELS, YUMO_DEVICE, YUMO_THREADS } = process.env;
  const threads = Number(YUMO_THREADS);
  return createApp({
    models: YUMO_MODELS ?? defaults.models,
    ...(YUMO_DEVICE ? { device: YUMO_DEVICE } : {}),
    ...(Number.isInteger(threads) && threads > 0 ? { threads } : {}),
  });
}
