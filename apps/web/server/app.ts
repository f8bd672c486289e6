// The one server app of this process, behind every route.

import { join } from 'node:path';
import type { App } from '@yumo/serve';

// Routes are separate bundles, and are loaded anew while developing: the process's own object holds what must exist once.
const once = globalThis as typeof globalThis & { yumoApp?: Promise<App> };

/** Models of the repository's models/ folder, unless YUMO_MODELS names another. */
async function start(): Promise<App> {
  // Loaded from its folder when the first request comes: it opens files by names that no bundler can know.
  const { appFromEnvironment } = await import(/* turbopackIgnore: true */ '@yumo/serve');
  return appFromEnvironment({ models: join(process.cwd(), '../../models') });
}

/** A route's answer: the app's. Next puts the address of who asks into `x-forwarded-for`. */
export async function respond(request: Request): Promise<Response> {
  once.yumoApp ??= start();
  const app = await once.yumoApp;
  return app.fetch(request, request.headers.get('x-forwarded-for')?.split(',')[0]?.trim() ?? 'local');
}
