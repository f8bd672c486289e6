// The page on which a text is asked.

import type { Metadata } from 'next';
import { AskPage } from '../../features/tasks/ask-page.tsx';

export const metadata: Metadata = { title: 'Ask · 问答 · yumo' };

export default function Page() {
  return <AskPage />;
}
