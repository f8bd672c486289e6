// The page that labels texts and finds names.

import type { Metadata } from 'next';
import { ClassifyPage } from '../../features/tasks/classify-page.tsx';

export const metadata: Metadata = { title: 'Classify · 分类 · yumo' };

export default function Page() {
  return <ClassifyPage />;
}
