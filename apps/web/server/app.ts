// The one server app of this process, behind every route.

import { join } from 'node:path';
import { type App, appFromEnvironment } from '@yumo/serve';

// Routes are separate bundles, and are loaded anew while developing: the process's own object holds what must exist once.
const process_ = globalThis as typeof globalThis & { yumoApp?: App };

/** Models of the repository's models/ folder, unless YUMO_MODELS names another. */
export function app(): App {
  process_.yumoApp ??= appFromEnvironment({ models: join(process.cwd(), '../../models') });
  return process_.yumoApp;
}

/** A route's answer: the app's. Next puts the address of who asks into `x-forwarded-for`. */
export function respond(request: Request): Promise<Response> {
  return app().fetch(request, request.headers.get('x-forwarded-for')?.split(',')[0]?.trim() ?? 'local');
}
