// The page that is taught by examples.

import type { Metadata } from 'next';
import { TeachPage } from '../../features/teach/teach-page.tsx';

export const metadata: Metadata = { title: 'Teach · 教它分类 · yumo' };

export default function Page() {
  return <TeachPage />;
}
