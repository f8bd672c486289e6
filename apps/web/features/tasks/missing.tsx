'use client';
// Where a model is missing: the command that trains one, what it reads, and that the page will find it.

import type { ModelInfo, RecipeInfo } from '@yumo/serve/client';
import { useState } from 'react';
import type { TaskName } from '../../workers/messages.ts';
import type { Dictionary } from '../interface/dictionary.ts';
import { CopyIcon } from '../interface/icons.tsx';

export interface MissingProps {
  readonly t: Dictionary;
  readonly task: TaskName;
  readonly recipes: readonly RecipeInfo[];
  /** Models that cannot be used, with why. */
  readonly broken: readonly ModelInfo[];
  /** There is one already; another is offered. */
  readonly more?: boolean;
}

export function Missing({ t, task, recipes, broken, more = false }: MissingProps) {
  const words = t.tasks;
  // Those of the person's language first.
  const code = t.tag === 'en' ? 'en' : 'zh';
  const own = (r: RecipeInfo): number => Number(r.languages[0] === code);
  const fitting = recipes.filter((r) => r.task === task).sort((a, b) => own(b) - own(a));
  return (
    <section className={more ? 'mt-3' : 'max-w-[44rem] rounded-2xl border border-line bg-sheet p-5 sm:p-7'}>
      {!more && <h2 className="font-serif text-xl">{words.none[task]}</h2>}
      <p className={`text-sm leading-relaxed text-muted ${more ? '' : 'mt-2'}`}>{words.train}</p>
      <ul className="mt-4 space-y-5">
        {fitting.map((recipe) => (
          <li key={recipe.name}>
            <p className="mb-1.5 leading-snug">
              {recipe.translations[code] || recipe.description || recipe.name}
              <span className="ms-2 text-sm text-muted">
                {recipe.languages.map((one) => words.languages[one] ?? one).join(' → ')}
              </span>
            </p>
            {[...recipe.after, recipe.name].map((name) => (
              <Command
                key={name}
                t={t}
                line={`npm run yumo -- train ${name}${recipe.dataElsewhere ? ' --data <folder>' : ''}`}
              />
            ))}
            {recipe.data.length > 0 && (
              <p className="mt-1.5 text-xs break-words text-muted">
                {words.needs(recipe.data.join(', '))}
                {recipe.dataElsewhere && ` ${words.dataFolder}`}
              </p>
            )}
          </li>
        ))}
        {fitting.length === 0 && (
          <li>
            <p className="mb-1.5 text-sm">{words.noRecipes}</p>
            <Command t={t} line="npm run yumo -- recipe list" />
          </li>
        )}
      </ul>
      {broken.map((m) => (
        <p key={m.name} className="mt-4 text-sm break-words text-muted">
          {words.problem(m.name)} {m.problem}
        </p>
      ))}
      {!more && (
        <p role="status" className="mt-5 flex items-center gap-2 text-sm text-muted">
          <span className="pen" aria-hidden="true" />
          {words.looking}
        </p>
      )}
    </section>
  );
}

function Command({ t, line }: { t: Dictionary; line: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(line);
    setCopied(true);
    setTimeout(() => setCopied(false), 2000);
  };
  return (
    <div className="mt-1.5 flex items-center gap-2 rounded-lg border border-line bg-paper py-1 ps-3.5 pe-1">
      <code className="min-w-0 flex-1 py-1.5 text-sm break-words">{line}</code>
      <button
        type="button"
        onClick={() => void copy()}
        aria-label={t.tasks.copyCommand}
        className="flex min-h-9 shrink-0 items-center gap-1.5 rounded-md px-2.5 text-sm text-muted hover:text-ink"
      >
        <CopyIcon />
        <span aria-live="polite">{copied ? t.copied : t.tasks.copy}</span>
      </button>
    </div>
  );
}
