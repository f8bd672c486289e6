// Whether the server is up, and what it has in memory.

import { respond } from '../../server/app.ts';

export const runtime = 'nodejs';
export const dynamic = 'force-dynamic';

export { respond as GET };
