'use client';
// Summarize: a long text, and a few sentences that are written from it.

import type { SummarizeInput } from '@yumo/serve/tasks';
import type { Dictionary } from '../interface/dictionary.ts';
import { whole } from '../interface/format.ts';
import { ExampleList } from './example-list.tsx';
import { Copy, Outcome } from './outcome.tsx';
import { SearchOption } from './search-option.tsx';
import { Option, Sheet } from './sheet.tsx';
import { TaskPage } from './task-page.tsx';
import { useTask } from './use-task.ts';
import { useDraft, useStart, useTaskPage } from './use-task-page.ts';
import { type Round, type Written, written } from './written.ts';

export function SummarizePage() {
  const state = useTaskPage(['summarize']);
  const { t } = state.preferences;
  const words = t.tasks;
  const { choices } = state;
  const model = state.modelFor('summarize');
  const task = useTask<'summarize', Written>(written);
  const [text, setText] = useDraft('summarize');
  const run = (settings = state.settings, given = text): void => {
    if (!model || given.trim() === '') return;
    const input: SummarizeInput = {
      text: given,
      prefix: model.summaryPrefix,
      beams: choices.beams,
      merge: choices.merge,
    };
    task.run('summarize', input, model, settings);
  };
  const start = useStart(state.models, model, task.running, { start: () => run(), stop: task.stop }, state.dialog);
  const last = task.last;
  const result = last?.result;
  const summary = result?.text ?? result?.rounds.at(-1)?.texts.join('\n').trim() ?? '';
  return (
    <TaskPage page="summarize" task="summarize" state={state} model={model}>
      <div className="mt-6 md:ms-[11.5rem]">
        <Sheet
          t={t}
          text={text}
          onText={setText}
          placeholder={words.textPlaceholder}
          label={words.text}
          running={task.running}
          ready={text.trim() !== '' && state.models.state !== 'failed'}
          verb={words.run.summarize}
          onStart={start.go}
          onStop={task.stop}
          options={
            <>
              <Option
                name={words.merge}
                value={choices.merge}
                options={[
                  ['join', words.mergeJoin],
                  ['summarize', words.mergeSummarize],
                ]}
                onChange={(merge) => state.choose({ merge })}
              />
              <SearchOption page={state} />
            </>
          }
        />
        {text === '' && !last && (
          <ExampleList
            t={t}
            task="summarize"
            languages={model?.languages ?? [state.preferences.language]}
            onTake={(example) => {
              setText(example.text);
              run(state.settings, example.text);
            }}
          />
        )}
      </div>
      <Outcome page={state} task={task} waiting={start.waiting} said={summary} run={run}>
        {last && result && (
          <>
            {result.rounds.map((round, i) => (
              <RoundView
                // biome-ignore lint/suspicious/noArrayIndexKey: rounds are added at the end only
                key={`${round.of}-${i}`}
                t={t}
                round={round}
                isLast={i === result.rounds.length - 1}
                running={task.running}
              />
            ))}
            {summary !== '' && !task.running && (
              <div className="mt-4 flex flex-wrap items-center gap-x-5 text-sm text-muted">
                <Copy t={t} text={summary} />
                <p className="tabular-nums">
                  {words.shortened(whole(last.input.text.trim().length), whole(summary.length))}
                </p>
              </div>
            )}
          </>
        )}
      </Outcome>
    </TaskPage>
  );
}

/** One pass over a text. One that was summarized again stands small. */
function RoundView({ t, round, isLast, running }: { t: Dictionary; round: Round; isLast: boolean; running: boolean }) {
  const words = t.tasks;
  const several = round.parts.length > 1;
  const look = isLast ? 'text-[1.3125rem] leading-[1.55]' : 'text-base leading-relaxed opacity-70';
  return (
    <div className={isLast ? 'mt-1' : 'mb-6'}>
      {round.of === 'summaries' && isLast && <h2 className="mb-2 text-sm text-muted">{words.ofSummaries}</h2>}
      {round.texts.map((text, i) =>
        text === '' && round.at !== i ? null : (
          <div key={round.parts[i]?.start} className={several ? 'mb-3' : undefined}>
            {several && <h3 className="text-xs text-muted">{words.partOf(i + 1, round.parts.length)}</h3>}
            <p className={`font-serif break-words whitespace-pre-wrap text-second ${look}`} data-testid="written">
              {text.trimStart()}
              {running && isLast && round.at === i && <span className="pen" aria-hidden="true" />}
            </p>
          </div>
        ),
      )}
    </div>
  );
}
