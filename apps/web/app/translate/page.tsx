// The page that translates.

import type { Metadata } from 'next';
import { TranslatePage } from '../../features/tasks/translate-page.tsx';

export const metadata: Metadata = { title: 'Translate · 翻译 · yumo' };

export default function Page() {
  return <TranslatePage />;
}
