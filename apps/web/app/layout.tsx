// The frame of every page: language, theme, type, and what search engines and home screens are told.

import '@fontsource-variable/newsreader/opsz.css';
import '@fontsource-variable/newsreader/opsz-italic.css';
import './globals.css';
import type { Metadata, Viewport } from 'next';
import type { ReactNode } from 'react';
import { beforePaint } from '../features/interface/before-paint.ts';

export const metadata: Metadata = {
  title: 'yumo · 语模',
  description:
    'Write with a language model that runs on your server or in this page. 与语言模型一起写作：在你的服务器上，或就在此页中。',
  applicationName: 'yumo',
};

export const viewport: Viewport = {
  width: 'device-width',
  initialScale: 1,
  interactiveWidget: 'resizes-content',
  themeColor: [
    { media: '(prefers-color-scheme: light)', color: '#f6f2ea' },
    { media: '(prefers-color-scheme: dark)', color: '#16171a' },
  ],
};

export default function Layout({ children }: { children: ReactNode }) {
  return (
    // The script below sets lang and data-theme before React sees the page.
    <html lang="en" suppressHydrationWarning>
      <head>
        {/* biome-ignore lint/security/noDangerouslySetInnerHtml: our own constant; it must run before the first paint */}
        <script dangerouslySetInnerHTML={{ __html: beforePaint }} />
      </head>
      <body>{children}</body>
    </html>
  );
}
