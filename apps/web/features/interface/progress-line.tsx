// What is waited for, in a line: a place in the queue, a download, a model that is being prepared.

import type { Dictionary } from './dictionary.ts';
import { bytes } from './format.ts';

/** What happens before the first result. */
export type Progress =
  | { readonly kind: 'download'; readonly what: 'engine' | 'model'; readonly loaded: number; readonly total: number }
  | { readonly kind: 'preparing' }
  | { readonly kind: 'waiting'; readonly ahead: number };

export function ProgressLine({ progress, t }: { progress: Progress; t: Dictionary }) {
  if (progress.kind !== 'download')
    return <p>{progress.kind === 'waiting' ? t.waiting(progress.ahead) : t.preparing}</p>;
  const { loaded, total, what } = progress;
  const label = (what === 'engine' ? t.downloadingEngine : t.downloadingModel)(bytes(loaded), bytes(total));
  return (
    <>
      <p className="whitespace-nowrap">{label}</p>
      <progress
        value={loaded}
        max={total}
        aria-label={label}
        className="h-1 min-w-16 flex-1 overflow-hidden rounded-full bg-line [&::-moz-progress-bar]:bg-seal [&::-webkit-progress-bar]:bg-line [&::-webkit-progress-value]:bg-seal"
      />
    </>
  );
}
