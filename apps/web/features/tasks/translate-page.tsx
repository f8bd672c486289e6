'use client';
// Translate: a text and its translation side by side, sentence by sentence.

import type { RewriteInput } from '@yumo/serve/tasks';
import type { Dictionary } from '../interface/dictionary.ts';
import { SwapIcon } from '../interface/icons.tsx';
import { type Way, wayBack, wayFor, waysOf } from './directions.ts';
import { ExampleList } from './example-list.tsx';
import { Copy, Outcome } from './outcome.tsx';
import { SearchOption } from './search-option.tsx';
import { Sheet } from './sheet.tsx';
import { TaskPage } from './task-page.tsx';
import { useTask } from './use-task.ts';
import { useDraft, useStart, useTaskPage } from './use-task-page.ts';
import { type Round, type Written, written } from './written.ts';

export function TranslatePage() {
  const state = useTaskPage(['translate']);
  const { t, language } = state.preferences;
  const words = t.tasks;
  const { choices } = state;
  const ways = waysOf(state.modelsFor('translate'));
  const way = wayFor(ways, choices.direction, language);
  const back = way && wayBack(ways, way);
  const task = useTask<'translate', Written>(written);
  const [text, setText] = useDraft('translate');
  const run = (settings = state.settings, given = text, by = way): void => {
    if (!by || given.trim() === '') return;
    const input: RewriteInput = { text: given, prefix: by.direction?.prefix, beams: choices.beams };
    task.run('translate', input, by.model, settings);
  };
  const start = useStart(state.models, way?.model, task.running, { start: () => run(), stop: task.stop }, state.dialog);
  const last = task.last;
  const round = last?.result?.rounds.at(-1);
  const all = last?.result?.text ?? round?.texts.join('\n') ?? '';
  const swap = (): void => {
    if (!back) return;
    state.choose({ direction: back.key });
    // What was translated is what is translated back.
    if (!task.running && last?.state === 'done' && last.input.text === text && all.trim() !== '') {
      setText(all);
      task.clear();
    }
  };
  return (
    <TaskPage
      page="translate"
      task="translate"
      state={state}
      model={way?.model}
      wide
      above={
        way && (
          <Directions
            t={t}
            ways={ways}
            way={way}
            onChoose={(key) => state.choose({ direction: key })}
            {...(back ? { onSwap: swap } : {})}
          />
        )
      }
    >
      <div className="mt-6">
        <Sheet
          t={t}
          text={text}
          onText={setText}
          placeholder={words.sourcePlaceholder}
          label={words.source}
          lang={way?.direction?.from}
          running={task.running}
          ready={text.trim() !== '' && state.models.state !== 'failed'}
          verb={words.run.translate}
          onStart={start.go}
          onStop={task.stop}
          options={<SearchOption page={state} />}
        />
        {text === '' && !last && (
          <ExampleList
            t={t}
            task="translate"
            languages={way?.direction ? [way.direction.from] : [language]}
            onTake={(example) => {
              setText(example.text);
              run(state.settings, example.text);
            }}
          />
        )}
      </div>
      <Outcome page={state} task={task} waiting={start.waiting} said={all} wide run={run}>
        {last && round && (
          <SideBySide t={t} source={last.input.text} round={round} way={way} running={task.running} text={all} />
        )}
      </Outcome>
    </TaskPage>
  );
}

interface DirectionsProps {
  readonly t: Dictionary;
  readonly ways: readonly Way[];
  readonly way: Way;
  onChoose(key: string): void;
  onSwap?(): void;
}

function Directions({ t, ways, way, onChoose, onSwap }: DirectionsProps) {
  const words = t.tasks;
  const called = (code: string): string => words.languages[code] ?? code;
  const nameOf = ({ direction, model }: Way): string => {
    if (!direction) return `${model.title}: ${words.unknownDirection}`;
    const name = `${called(direction.from)} → ${called(direction.to)}`;
    const same = ways.filter((w) => w.direction?.from === direction.from && w.direction.to === direction.to);
    return same.length > 1 ? `${name} · ${model.title}` : name;
  };
  return (
    <div className="flex items-center gap-2">
      <select
        aria-label={words.direction}
        value={way.key}
        onChange={(event) => onChoose(event.target.value)}
        className="max-w-full rounded-full border border-line bg-sheet px-4 py-2 font-serif text-lg"
      >
        {ways.map((w) => (
          <option key={w.key} value={w.key}>
            {nameOf(w)}
          </option>
        ))}
      </select>
      {onSwap && (
        <button
          type="button"
          onClick={onSwap}
          aria-label={words.swap}
          className="grid size-11 place-items-center rounded-full text-xl text-muted hover:bg-sheet hover:text-ink"
        >
          <SwapIcon />
        </button>
      )}
    </div>
  );
}

interface SideBySideProps {
  readonly t: Dictionary;
  readonly source: string;
  readonly round: Round;
  readonly way: Way | undefined;
  readonly running: boolean;
  /** The whole translation. */
  readonly text: string;
}

/** Each sentence beside its translation; a paragraph of the source opens some room. */
function SideBySide({ t, source, round, way, running, text }: SideBySideProps) {
  const words = t.tasks;
  const done = round.at === undefined ? round.parts.length : round.at;
  return (
    <div>
      <div className="hidden grid-cols-2 gap-x-10 pb-2 text-sm text-muted md:grid" aria-hidden="true">
        <p>{words.source}</p>
        <p>{words.target}</p>
      </div>
      <ul aria-label={words.target} className="border-b border-line" data-testid="sentences">
        {round.parts.map(({ start, end }, i) => (
          <li
            key={start}
            className={`grid gap-x-10 gap-y-1 border-t border-line py-2.5 font-serif text-[1.125rem] leading-[1.6] md:grid-cols-2 ${
              i > 0 && source.slice(round.parts[i - 1]?.end, start).includes('\n') ? 'mt-4' : ''
            }`}
          >
            <p lang={way?.direction?.from} className="break-words whitespace-pre-wrap max-md:text-muted">
              {source.slice(start, end)}
            </p>
            <p
              lang={way?.direction?.to}
              className="min-h-[1.6em] break-words whitespace-pre-wrap text-second"
              data-testid="written"
            >
              {round.texts[i]}
              {running && round.at === i && <span className="pen" aria-hidden="true" />}
            </p>
          </li>
        ))}
      </ul>
      <div className="mt-3 flex min-h-9 flex-wrap items-center gap-x-5 text-sm text-muted">
        {!running && text.trim() !== '' && <Copy t={t} text={text} />}
        {round.parts.length > 1 && <p className="tabular-nums">{words.sentences(done, round.parts.length)}</p>}
      </div>
    </div>
  );
}
