// Files of models, for browsers that run them.

import { respond } from '../../../server/app.ts';

export const runtime = 'nodejs';
export const dynamic = 'force-dynamic';

export { respond as GET, respond as HEAD };
