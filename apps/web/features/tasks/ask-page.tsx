'use client';
// Ask: a text, a question, and the places of the text that answer it.

import type { AskEvent, AskInput } from '@yumo/serve/tasks';
import { type KeyboardEvent, useEffect, useRef, useState } from 'react';
import type { Dictionary } from '../interface/dictionary.ts';
import { Bar, percent } from './bar.tsx';
import { ExampleList } from './example-list.tsx';
import { piecesOf } from './marked-text.ts';
import { Outcome } from './outcome.tsx';
import { longestText, Sheet } from './sheet.tsx';
import { TaskPage } from './task-page.tsx';
import { useTask } from './use-task.ts';
import { useDraft, useStart, useTaskPage } from './use-task-page.ts';

const latest = (_: AskEvent | undefined, event: AskEvent): AskEvent => event;

/** Answers that are shown. */
const shown = 5;
const longestQuestion = 2000;

export function AskPage() {
  const state = useTaskPage(['ask']);
  const { t } = state.preferences;
  const words = t.tasks;
  const model = state.modelFor('ask');
  const task = useTask<'ask', AskEvent>(latest);
  const [text, setText] = useDraft('ask');
  const [question, setQuestion] = useDraft('ask.question');
  const run = (settings = state.settings, input: AskInput = { question, context: text, topK: shown }): void => {
    if (model && input.question.trim() !== '' && input.context.trim() !== '') task.run('ask', input, model, settings);
  };
  const start = useStart(state.models, model, task.running, { start: () => run(), stop: task.stop }, state.dialog);
  const ready =
    text.trim() !== '' && text.length <= longestText && question.trim() !== '' && state.models.state !== 'failed';
  const onEnter = (event: KeyboardEvent): void => {
    if (event.key !== 'Enter' || event.nativeEvent.isComposing) return;
    event.preventDefault();
    if (ready && !task.running) start.go();
  };
  const result = task.last?.result;
  const [best] = result?.answers ?? [];
  const said = !result || !best || result.noAnswerScore > best.score ? words.noAnswerBest : best.text;
  return (
    <TaskPage page="ask" task="ask" state={state} model={model}>
      <div className="mt-6 md:ms-[11.5rem]">
        <Sheet
          t={t}
          text={text}
          onText={setText}
          placeholder={words.textPlaceholder}
          label={words.text}
          running={task.running}
          ready={ready}
          verb={words.run.ask}
          onStart={start.go}
          onStop={task.stop}
        >
          <label className="mx-5 mt-1 mb-2 flex flex-wrap items-baseline gap-x-3 border-t border-line pt-3">
            <span className="text-sm text-muted">{words.question}</span>
            <input
              value={question}
              maxLength={longestQuestion}
              onChange={(event) => setQuestion(event.target.value)}
              onKeyDown={onEnter}
              placeholder={words.questionPlaceholder}
              enterKeyHint="go"
              className="min-w-[12rem] flex-1 bg-transparent max-sm:basis-full py-1 font-serif text-[1.125rem] outline-none placeholder:text-muted"
            />
          </label>
        </Sheet>
        {text === '' && !task.last && (
          <ExampleList
            t={t}
            task="ask"
            languages={model?.languages ?? [state.preferences.language]}
            onTake={(example) => {
              setText(example.text);
              setQuestion(example.question ?? '');
              run(state.settings, { question: example.question ?? '', context: example.text, topK: shown });
            }}
          />
        )}
      </div>
      <Outcome page={state} task={task} waiting={start.waiting} said={said} run={run}>
        {task.last && result && <Answers t={t} result={result} context={task.last.input.context} />}
      </Outcome>
    </TaskPage>
  );
}

function Answers({ t, result, context }: { t: Dictionary; result: AskEvent; context: string }) {
  const words = t.tasks;
  const { answers, noAnswerScore } = result;
  const [best] = answers;
  const [chosen, setChosen] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another result begins at its best answer
  useEffect(() => setChosen(0), [result]);
  const none = !best || noAnswerScore > best.score;
  const text = useRef<HTMLElement>(null);
  useEffect(() => {
    const mark = text.current?.querySelector(`[data-answer="${chosen}"]`);
    if (!(mark instanceof HTMLElement) || !text.current) return;
    // Within the text only: the page stays where the person looks.
    text.current.scrollTo({ top: mark.offsetTop - text.current.clientHeight / 3, behavior: 'instant' });
  }, [chosen]);
  const pieces = piecesOf(
    context,
    // The chosen one first: of overlapping places it is the one that is seen.
    answers
      .map(({ start, end }, i) => ({ start, end, i }))
      .sort((a, b) => Number(b.i === chosen) - Number(a.i === chosen)),
  );
  return (
    <div>
      {none ? (
        <>
          <p className="font-serif text-2xl leading-snug" data-testid="best">
            {words.noAnswerBest}
          </p>
          {best && <p className="mt-2 text-sm text-muted">{words.noAnswerHint}</p>}
        </>
      ) : (
        <p className="font-serif text-[1.75rem] leading-snug break-words text-second" data-testid="best">
          {best.text}
        </p>
      )}
      <ol aria-label={words.answers} className="mt-4 max-w-[38rem]" data-testid="answers">
        {answers.map((answer, i) => (
          <li key={`${answer.start}-${answer.end}`} className="border-t border-line">
            <button
              type="button"
              aria-pressed={i === chosen}
              aria-label={`${words.showInText(answer.text)}, ${percent(answer.score)}`}
              onClick={() => setChosen(i)}
              className="group grid w-full grid-cols-[minmax(0,1fr)_9rem] items-center gap-4 py-2 text-start sm:grid-cols-[minmax(0,1fr)_13rem]"
            >
              <span className="truncate font-serif text-[1.0625rem] group-hover:text-second group-aria-pressed:text-second">
                {answer.text}
              </span>
              <Bar share={answer.score} label={words.percent} strong={i === chosen} />
            </button>
          </li>
        ))}
        <li className="grid grid-cols-[minmax(0,1fr)_9rem] items-center gap-4 border-t border-line py-2 sm:grid-cols-[minmax(0,1fr)_13rem]">
          <span className="text-sm text-muted italic">{words.noAnswer}</span>
          <Bar share={noAnswerScore} label={words.percent} />
        </li>
      </ol>
      <h2 className="mt-8 text-sm text-muted">{words.inText}</h2>
      <section
        ref={text}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a text that scrolls is scrolled with keys
        tabIndex={0}
        aria-label={words.inText}
        className="relative mt-2 max-h-[24rem] overflow-y-auto border-s border-line ps-4 font-serif text-[1.0625rem] leading-[1.7] break-words whitespace-pre-wrap"
        data-testid="marked"
      >
        {pieces.map(({ text: piece, at, mark }) =>
          mark ? (
            <mark key={at} data-answer={mark.i} data-chosen={mark.i === chosen || undefined} className="answer">
              {piece}
            </mark>
          ) : (
            <span key={at}>{piece}</span>
          ),
        )}
      </section>
    </div>
  );
}
