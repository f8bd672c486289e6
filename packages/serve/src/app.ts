// The server as one function from request to response; the parts are wired here, and the environment is read here only.

import { delimiter, resolve } from 'node:path';
import { fetchRequestHandler } from '@trpc/server/adapters/fetch';
import { isYumoError } from '@yumo/core';
import type { Generator } from './generation.ts';
import { loadGenerator, loadTask } from './load.ts';
import { modelFile } from './model-files.ts';
import { Models, type ModelsOptions } from './models.ts';
import { openai } from './openai.ts';
import { appRouter } from './router.ts';

export interface AppOptions extends ModelsOptions {
  /** The folder whose subfolders are models, or several: of two models with one name the first one counts. */
  readonly models: string | readonly string[];
  /** The folder of recipes that pages may offer where a model is missing. */
  readonly recipes?: string;
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

export function createApp({ models: folder, recipes, device, threads, load, ...options }: AppOptions): App {
  const place = { ...(device ? { device } : {}), ...(threads ? { threads } : {}) };
  const models = new Models(
    (typeof folder === 'string' ? [folder] : folder).map((path) => resolve(path)),
    {
      generator: load ?? ((path) => loadGenerator(path, place)),
      task: (path, head) => loadTask(path, head, place),
    },
    options,
  );
  const folderOf = (name: string): Promise<string | undefined> => models.folderOf(name);
  return {
    models,
    dispose: () => models.dispose(),
    async fetch(request, client = 'local') {
      const path = new URL(request.url).pathname;
      if (path === '/health') return Response.json({ status: 'ok', models: models.states() });
      if (path.startsWith('/v1/')) return openai(request, path, models, client);
      if (path.startsWith('/models/')) return modelFile(request, folderOf, decode(path.slice('/models/'.length)));
      if (path.startsWith('/api/trpc/')) {
        return fetchRequestHandler({
          endpoint: '/api/trpc',
          req: request,
          router: appRouter,
          allowMethodOverride: true,
          createContext: () => ({ models, client, recipes }),
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

/** The app as the environment describes it: YUMO_MODELS (folders, separated as in PATH), YUMO_RECIPES, YUMO_DEVICE, YUMO_THREADS. */
export function appFromEnvironment(defaults: { models: readonly string[]; recipes: string }): App {
  const { YUMO_MODELS, YUMO_RECIPES, YUMO_DEVICE, YUMO_THREADS } = process.env;
  const threads = Number(YUMO_THREADS);
  return createApp({
    models: YUMO_MODELS ? YUMO_MODELS.split(delimiter).filter((path) => path !== '') : defaults.models,
    recipes: YUMO_RECIPES ?? defaults.recipes,
    ...(YUMO_DEVICE ? { device: YUMO_DEVICE } : {}),
    ...(Number.isInteger(threads) && threads > 0 ? { threads } : {}),
  });
}
