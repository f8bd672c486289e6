// The tRPC door.

import { respond } from '../../../../server/app.ts';

export const runtime = 'nodejs';
export const dynamic = 'force-dynamic';

export { respond as GET, respond as POST };
