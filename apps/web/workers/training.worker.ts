// Training inside the page, off the thread that draws.

import { serveTraining } from '@yumo/train/web';

serveTraining({ wasmPaths: new URL(process.env.YUMO_ENGINE_PATH ?? '', self.location.origin).href });
