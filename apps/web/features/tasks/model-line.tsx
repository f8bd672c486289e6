// Which model answers, and how good it is by its own card.

import type { ModelInfo } from '@yumo/serve/client';
import { browserModel, type Settings } from '../chat/settings.ts';
import type { Dictionary } from '../interface/dictionary.ts';
import { bytes, whole } from '../interface/format.ts';

export interface ModelLineProps {
  readonly t: Dictionary;
  readonly settings: Settings;
  readonly list: readonly ModelInfo[];
  readonly model: ModelInfo;
  onChoose(name: string): void;
}

/** Results that stand beside the name; the rest is in the details. */
const shownResults = 2;

export function ModelLine({ t, settings, list, model, onChoose }: ModelLineProps) {
  const words = t.tasks;
  const { smallBytes } = browserModel(settings, model);
  const share = model.small?.sameChoice;
  return (
    <div className="text-sm" data-testid="model-line">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
        {list.length > 1 ? (
          <select
            aria-label={words.model}
            value={model.name}
            onChange={(event) => onChoose(event.target.value)}
            className="max-w-full rounded-lg border border-line bg-sheet px-2.5 py-1.5 font-serif text-base"
          >
            {list.map((m) => (
              <option key={m.name} value={m.name}>
                {m.title}
              </option>
            ))}
          </select>
        ) : (
          <p className="font-serif text-base">
            <span className="sr-only">{words.model}: </span>
            {model.title}
          </p>
        )}
        {model.results.length === 0 ? (
          <p className="text-muted">{words.noResults}</p>
        ) : (
          <ul className="flex flex-wrap gap-x-4 gap-y-1 text-muted" aria-label={words.stated}>
            {model.results.slice(0, shownResults).map(({ name, value }) => (
              <li key={name}>
                <span className="text-ink tabular-nums">{value}</span> {name}
              </li>
            ))}
          </ul>
        )}
      </div>
      <details className="mt-2 text-muted">
        <summary className="w-fit cursor-pointer hover:text-ink">{words.about}</summary>
        <div className="mt-2 max-w-[38rem] space-y-2 border-s border-line ps-4 leading-relaxed">
          {model.summary && <p className="text-ink">{model.summary}</p>}
          {model.results.length > shownResults && (
            <ul aria-label={words.stated}>
              {model.results.map(({ name, value }) => (
                <li key={name}>
                  <span className="text-ink tabular-nums">{value}</span> {name}
                </li>
              ))}
            </ul>
          )}
          <p>
            {words.readsAtOnce(whole(model.contextLength))}
            {settings.place === 'browser' && ` · ${words.size(bytes(smallBytes ?? model.bytes))}`}
            {model.license && ` · ${words.license}: ${model.license}`}
          </p>
          {settings.place === 'browser' && smallBytes !== undefined && share !== undefined && (
            <p>{words.small(`${(100 * share).toFixed(1)} %`)}</p>
          )}
        </div>
      </details>
    </div>
  );
}
