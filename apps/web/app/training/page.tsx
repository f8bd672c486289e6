// Training inside the browser.

import { TrainingPage } from '../../features/training/training-page.tsx';

export default function Page() {
  return <TrainingPage />;
}
