'use client';
// Classify: what a text is, line by line where that is asked, and which names are in it.

import type { ClassifyEvent, TagEvent } from '@yumo/serve/tasks';
import Link from 'next/link';
import type { TaskName } from '../../workers/messages.ts';
import { Choice } from '../interface/choice.tsx';
import { Classes } from './classes.tsx';
import { Entities } from './entities.tsx';
import { ExampleList } from './example-list.tsx';
import { Outcome } from './outcome.tsx';
import { Sheet } from './sheet.tsx';
import { TaskPage } from './task-page.tsx';
import { useTask } from './use-task.ts';
import { useDraft, useStart, useTaskPage } from './use-task-page.ts';

type Mode = 'classify' | 'tag';
type Found = Pick<ClassifyEvent, 'results'> | Pick<TagEvent, 'entities'>;

/** Batches of lines, one after the other; entities come all at once. */
function gathered(before: Found | undefined, event: ClassifyEvent | TagEvent): Found {
  if (event.kind === 'entities') return event;
  return { results: [...(before && 'results' in before ? before.results : []), ...event.results] };
}

/** Lines that say something. */
export const linesOf = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');

/** Lines of one request, as the server bounds them. */
const mostLines = 1000;

export function ClassifyPage() {
  const state = useTaskPage(['classify', 'tag']);
  const { t } = state.preferences;
  const words = t.tasks;
  const { choices } = state;
  const { mode } = choices;
  const model = state.modelFor(mode);
  const task = useTask<Mode, Found>(gathered);
  const [text, setText] = useDraft('classify');
  const run = (settings = state.settings, given = text): void => {
    if (!model || given.trim() === '') return;
    const lines = linesOf(given);
    if (mode === 'tag') task.run('tag', { text: given }, model, settings);
    else
      task.run(
        'classify',
        { texts: choices.eachLine && lines.length > 1 ? lines.slice(0, mostLines) : [given] },
        model,
        settings,
      );
  };
  const start = useStart(state.models, model, task.running, { start: () => run(), stop: task.stop }, state.dialog);
  const last = task.last;
  const result = last?.result;
  const called = (label: string): string => words.labels[label.toLowerCase()] ?? label;
  const said =
    result && 'entities' in result
      ? result.entities.map((e) => `${e.text}: ${called(e.label)}`).join('; ') || words.noEntities
      : (result?.results ?? []).map(([best]) => (best ? called(best.label) : '')).join('; ');
  return (
    <TaskPage
      page="classify"
      task={mode satisfies TaskName}
      state={state}
      model={model}
      above={
        <div className="flex w-fit max-w-full flex-wrap items-center gap-x-5 gap-y-3">
          <Choice
            name={words.mode}
            value={mode}
            options={[
              ['classify', words.modeClasses],
              ['tag', words.modeNames],
            ]}
            onChange={(next: Mode) => {
              state.choose({ mode: next });
              task.clear();
            }}
          />
          <Link
            href="/teach"
            className="text-sm text-muted underline decoration-line underline-offset-4 hover:text-ink hover:decoration-seal"
          >
            {words.teach}
          </Link>
        </div>
      }
    >
      <div className="mt-6 md:ms-[11.5rem]">
        <Sheet
          t={t}
          text={text}
          onText={setText}
          placeholder={words.textPlaceholder}
          label={words.text}
          running={task.running}
          ready={text.trim() !== '' && state.models.state !== 'failed'}
          verb={mode === 'tag' ? words.run.tag : words.run.classify}
          onStart={start.go}
          onStop={task.stop}
          options={
            mode === 'classify' && (
              <label className="flex items-center gap-2 text-xs text-muted">
                <input
                  type="checkbox"
                  checked={choices.eachLine}
                  onChange={(event) => state.choose({ eachLine: event.target.checked })}
                  className="size-4"
                />
                {words.eachLine}
              </label>
            )
          }
        />
        {text === '' && !last && (
          <ExampleList
            t={t}
            task={mode}
            languages={model?.languages ?? [state.preferences.language]}
            onTake={(example) => {
              setText(example.text);
              run(state.settings, example.text);
            }}
          />
        )}
      </div>
      <Outcome page={state} task={task} waiting={start.waiting} said={said} run={run}>
        {result && 'results' in result && last && 'texts' in last.input && (
          <Classes t={t} texts={last.input.texts} results={result.results} called={called} />
        )}
        {result && 'entities' in result && last && 'text' in last.input && (
          <Entities t={t} text={last.input.text} entities={result.entities} called={called} />
        )}
      </Outcome>
    </TaskPage>
  );
}
