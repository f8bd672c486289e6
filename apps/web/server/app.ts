// The one server app of this process, behind every route.

import { join } from 'node:path';
import type { App } from '@yumo/serve';

// Routes are separate bundles, and are loaded anew while developing: the process's own object holds what must exist once.
const once = globalThis as typeof globalThis & { yumoApp?: Promise<App> };

/** Models of the repository's models/ and what was trained into runs/, unless YUMO_MODELS names other folders. */
async function start(): Promise<App> {
  // Loaded from its folder when the first request comes: it opens files by names that no bundler can know.
  const { appFromEnvironment } = await import(/* turbopackIgnore: true */ '@yumo/serve');
  // Nor may it follow what lies in these folders: a run is written while the app is built.
  const folder = (name: string): string => join(/* turbopackIgnore: true */ process.cwd(), '../..', name);
  return appFromEnvironment({ models: [folder('models'), folder('runs')], recipes: folder('recipes') });
}

/** A route's answer: the app's. Who asks is named by server.mjs, which lets nobody name themselves. */
export async function respond(request: Request): Promise<Response> {
  once.yumoApp ??= start();
  const app = await once.yumoApp;
  return app.fetch(request, request.headers.get('x-yumo-client') ?? 'local');
}
