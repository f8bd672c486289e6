// Examples to take with one click.

import type { Dictionary } from '../interface/dictionary.ts';
import { type Example, examples } from './examples.ts';

export function ExampleList({
  t,
  task,
  languages,
  onTake,
}: {
  readonly t: Dictionary;
  readonly task: keyof typeof examples;
  /** Of the model; the first that has examples counts. */
  readonly languages: readonly string[];
  readonly onTake: (example: Example) => void;
}) {
  const byLanguage = examples[task] ?? {};
  const language = languages.find((code) => byLanguage[code]) ?? 'en';
  return (
    <section className="mt-8">
      <h2 className="text-sm text-muted">{t.tasks.examples}</h2>
      <ul className="mt-3 grid gap-x-8 sm:grid-cols-2" lang={language} data-testid="examples">
        {(byLanguage[language] ?? []).map((example) => (
          <li key={example.title} className="border-t border-line">
            <button
              type="button"
              onClick={() => onTake(example)}
              className="w-full py-3.5 text-start font-serif text-lg leading-snug hover:text-seal"
            >
              {example.title}
              <span className="mt-1 line-clamp-2 block text-base text-muted">{example.question ?? example.text}</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
