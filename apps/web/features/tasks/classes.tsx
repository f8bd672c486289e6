// The classes of a text as bars, or of many texts as a table.

import type { LabelScore } from '@yumo/core';
import type { Dictionary } from '../interface/dictionary.ts';
import { Bar } from './bar.tsx';

export interface ClassesProps {
  readonly t: Dictionary;
  readonly texts: readonly string[];
  /** As far as they came. */
  readonly results: readonly (readonly LabelScore[])[];
  /** A label in the person's words. */
  readonly called: (label: string) => string;
}

export function Classes({ t, texts, results, called }: ClassesProps) {
  const words = t.tasks;
  const [first] = results;
  if (texts.length === 1) {
    const [best] = first ?? [];
    return (
      <div>
        <p className="font-serif text-[1.75rem] leading-snug text-second" data-testid="best">
          {best ? called(best.label) : ''}
        </p>
        <ul aria-label={words.classes} className="mt-4 max-w-[38rem]" data-testid="classes">
          {(first ?? []).map(({ label, score }, i) => (
            <li
              key={label}
              className="grid grid-cols-[minmax(0,1fr)_9rem] items-center gap-4 border-t border-line py-2 sm:grid-cols-[minmax(0,1fr)_15rem]"
            >
              <span className="truncate">{called(label)}</span>
              <Bar share={score} label={words.percent} strong={i === 0} />
            </li>
          ))}
        </ul>
      </div>
    );
  }
  const counts = new Map<string, number>();
  for (const [best] of results) if (best) counts.set(best.label, (counts.get(best.label) ?? 0) + 1);
  return (
    <div>
      <p className="flex flex-wrap gap-x-5 gap-y-1 font-serif text-xl" data-testid="counts">
        {[...counts]
          .sort((a, b) => b[1] - a[1])
          .map(([label, count]) => (
            <span key={label}>
              <span className="text-second">{called(label)}</span>{' '}
              <span className="text-base text-muted tabular-nums">{words.lines(count)}</span>
            </span>
          ))}
      </p>
      <ul aria-label={words.classes} className="mt-4" data-testid="classes">
        {results.map(([best], i) => (
          <li
            // biome-ignore lint/suspicious/noArrayIndexKey: lines may repeat, and never move
            key={i}
            className="grid items-center gap-x-4 gap-y-1 border-t border-line py-2 sm:grid-cols-[minmax(0,1fr)_6rem_9rem]"
          >
            <span className="font-serif text-[1.0625rem] leading-snug break-words">{texts[i]}</span>
            <span className="text-second">{best ? called(best.label) : ''}</span>
            {best && <Bar share={best.score} label={words.percent} strong />}
          </li>
        ))}
      </ul>
    </div>
  );
}
