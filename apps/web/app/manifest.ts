// What a home screen is told.

import type { MetadataRoute } from 'next';

export default function manifest(): MetadataRoute.Manifest {
  return {
    name: 'yumo 语模',
    short_name: 'yumo',
    start_url: '/',
    display: 'standalone',
    background_color: '#f6f2ea',
    theme_color: '#b3341f',
    icons: [{ src: '/icon.svg', sizes: 'any', type: 'image/svg+xml' }],
  };
}
