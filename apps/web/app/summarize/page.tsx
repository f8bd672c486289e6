// The page that makes long texts short.

import type { Metadata } from 'next';
import { SummarizePage } from '../../features/tasks/summarize-page.tsx';

export const metadata: Metadata = { title: 'Summarize · 摘要 · yumo' };

export default function Page() {
  return <SummarizePage />;
}
