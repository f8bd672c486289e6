// The empty page: what this is, and beginnings to take.

import type { ModelInfo } from '@yumo/serve/client';
import type { Dictionary } from '../interface/dictionary.ts';

/** For models whose card names no beginnings, by the language that it names. */
const anyBeginnings: Readonly<Record<string, readonly string[]>> = {
  en: ['Once upon a time', 'The first thing she noticed was', 'In the year', 'Nobody knew why'],
  zh: ['话说', '春风', '有一天', '从前'],
};

export function Beginning({
  t,
  model,
  onTake,
}: {
  t: Dictionary;
  model: ModelInfo | undefined;
  onTake: (text: string) => void;
}) {
  const known = model?.openings ?? [];
  const openings = known.length > 0 ? known : (anyBeginnings[model?.languages[0] ?? 'en'] ?? []);
  return (
    <section className="max-w-[44rem] pt-[4vh] pb-8 md:ms-[11.5rem]">
      <h1 className="font-serif text-[clamp(2.25rem,6vw,3.75rem)] leading-[1.08] font-[350] tracking-[-0.015em] whitespace-pre-line">
        {t.title}
      </h1>
      <p className="mt-5 max-w-[34rem] font-serif text-xl leading-relaxed text-muted">{t.subtitle}</p>
      {model && openings.length > 0 && (
        <>
          <h2 className="mt-12 text-sm text-muted">{t.beginnings}</h2>
          <ul className="mt-3 grid gap-x-8 sm:grid-cols-2">
            {openings.slice(0, 4).map((opening) => (
              <li key={opening} className="border-t border-line">
                <button
                  type="button"
                  onClick={() => onTake(opening)}
                  className="group w-full py-3.5 text-start font-serif text-lg leading-snug whitespace-pre-line hover:text-seal"
                >
                  {opening.trim()}
                  <span
                    className="text-second opacity-70 transition-opacity group-hover:opacity-100"
                    aria-hidden="true"
                  >
                    {' '}
                    …
                  </span>
                </button>
              </li>
            ))}
          </ul>
        </>
      )}
      <p className="mt-10 max-w-[34rem] border-s-2 border-seal ps-4 text-sm leading-relaxed text-muted">{t.honest}</p>
    </section>
  );
}
