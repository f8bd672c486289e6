// How Next builds and serves the app: isolated, without calls to other servers.

import path from 'node:path';
import type { NextConfig } from 'next';
import { copyEngineFiles, engineBytes, engineFiles, enginePath } from './engine-files.mjs';

copyEngineFiles();

const config: NextConfig = {
  turbopack: { root: path.join(import.meta.dirname, '../..') },
  // Loaded from their folders: they open files by names that are known at run time only.
  serverExternalPackages: ['onnxruntime-node', '@yumo/serve', '@yumo/core', '@yumo/tokenizer'],
  poweredByHeader: false,
  reactStrictMode: true,
  env: {
    YUMO_ENGINE_PATH: enginePath,
    YUMO_ENGINE_BYTES: String(engineBytes),
    YUMO_ENGINE_FILES: engineFiles.join(' '),
  },
  headers: async () => [
    {
      source: '/:path*',
      headers: [
        // Both together give the page shared memory, and so WebAssembly threads.
        { key: 'Cross-Origin-Opener-Policy', value: 'same-origin' },
        { key: 'Cross-Origin-Embedder-Policy', value: 'require-corp' },
        { key: 'Cross-Origin-Resource-Policy', value: 'same-origin' },
        { key: 'X-Content-Type-Options', value: 'nosniff' },
        { key: 'Referrer-Policy', value: 'same-origin' },
      ],
    },
    // The version stands in the path.
    { source: '/ort/:path*', headers: [{ key: 'Cache-Control', value: 'public, max-age=31536000, immutable' }] },
    { source: '/sw.js', headers: [{ key: 'Cache-Control', value: 'no-cache' }] },
  ],
};

export default config;
