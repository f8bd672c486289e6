'use client';
// Teach: a few examples of each class, a small model that learns them in this page, and a field to try it.

import { useState } from 'react';
import { duration } from '../interface/format.ts';
import { Header } from '../interface/header.tsx';
import { CloseIcon, StopIcon } from '../interface/icons.tsx';
import { SettingsDrawer } from '../interface/settings-drawer.tsx';
import { useStored } from '../interface/stored.ts';
import { Bar, percent } from '../tasks/bar.tsx';
import { useTaskPage } from '../tasks/use-task-page.ts';
import { Curve } from './curve.tsx';
import {
  type Class,
  examplesOf,
  gapOf,
  type Lesson,
  lessons,
  mostClasses,
  type Order,
  orderOf,
  stepsRange,
  storedLesson,
} from './lesson.ts';
import { useTaught, useTeaching } from './use-lesson.ts';
import { teachWords } from './words.ts';

export function TeachPage() {
  const state = useTaskPage([]);
  const { preferences, settings } = state;
  const { t, language } = preferences;
  const words = teachWords[language];
  const [stored, setLesson] = useStored(storedLesson);
  const lesson: Lesson = stored ?? lessons[language];
  const { classes } = lesson;
  const teaching = useTeaching();
  const [order, setOrder] = useState<Order>();
  const [text, setText] = useState('');
  const told = useTaught(teaching.version, text);
  const gap = gapOf(lesson);
  const change = (part: Partial<Lesson>): void => setLesson({ ...lesson, ...part });
  const changeClass = (at: number, part: Partial<Class>): void =>
    change({ classes: classes.map((c, i) => (i === at ? { ...c, ...part } : c)) });
  // Encoders: their text layers know a language already, whatever they were trained for.
  const bases = state.models.list.filter(
    (m) => m.problem === undefined && m.tasks.some((task) => task === 'classify' || task === 'ask' || task === 'tag'),
  );
  const start = (): void => {
    const known = bases.some((m) => m.name === lesson.from);
    const next = orderOf({ ...lesson, from: known ? lesson.from : null }, `${location.origin}/models`, settings.device);
    setOrder(next);
    teaching.start(next);
  };
  const { events } = teaching;
  const steps = events.filter((e) => e.kind === 'step');
  const last = steps.at(-1);
  const measured = events.findLast((e) => e.kind === 'evaluation');
  const ended = events.findLast((e) => e.kind === 'done');
  const right = measured?.metrics.accuracy;
  return (
    <div className="flex min-h-dvh flex-col">
      <Header
        page="classify"
        preferences={preferences}
        awake={state.awake}
        settings={settings}
        field="#class-0"
        skip={t.tasks.skip}
        onSettings={state.setSettings}
        onOpenSettings={() => state.dialog.current?.showModal()}
      />
      <main className="mx-auto w-full max-w-[64rem] flex-1 px-4 pt-8 pb-16 sm:px-6 sm:pt-12">
        <h1 className="font-serif text-[clamp(1.9rem,4.5vw,2.9rem)] leading-[1.1] font-[350] tracking-[-0.015em]">
          {words.title}
        </h1>
        <p className="mt-3 max-w-[38rem] font-serif text-lg leading-relaxed text-muted">{words.subtitle}</p>
        <div className="mt-7 grid gap-5 md:grid-cols-2">
          {classes.map((c, i) => (
            <div
              // biome-ignore lint/suspicious/noArrayIndexKey: classes are told apart by their place
              key={i}
              className="rounded-2xl border border-line bg-sheet focus-within:border-muted"
            >
              <div className="flex items-center gap-2 border-b border-line ps-5 pe-2">
                <input
                  value={c.name}
                  maxLength={60}
                  onChange={(event) => changeClass(i, { name: event.target.value })}
                  aria-label={words.className(i + 1)}
                  placeholder={words.className(i + 1)}
                  disabled={teaching.running}
                  className="min-w-0 flex-1 bg-transparent py-3 font-serif text-lg text-second outline-none placeholder:text-muted"
                />
                {classes.length > 2 && (
                  <button
                    type="button"
                    onClick={() => change({ classes: classes.filter((_, at) => at !== i) })}
                    disabled={teaching.running}
                    aria-label={words.remove(c.name)}
                    className="grid size-9 place-items-center rounded-full text-muted hover:text-ink"
                  >
                    <CloseIcon />
                  </button>
                )}
              </div>
              <textarea
                id={`class-${i}`}
                rows={8}
                value={c.examples}
                maxLength={40_000}
                onChange={(event) => changeClass(i, { examples: event.target.value })}
                aria-label={words.examplesOf(c.name)}
                disabled={teaching.running}
                spellCheck={false}
                className="block w-full resize-y bg-transparent px-5 py-3 font-serif text-[1.0625rem] leading-[1.6] outline-none"
              />
              <p className="px-5 pb-3 text-xs text-muted tabular-nums">{words.oneALine(examplesOf(c).length)}</p>
            </div>
          ))}
        </div>
        <div className="mt-4 flex flex-wrap items-center gap-x-5 gap-y-3">
          {classes.length < mostClasses && (
            <button
              type="button"
              onClick={() => change({ classes: [...classes, { name: '', examples: '' }] })}
              disabled={teaching.running}
              className="rounded-full border border-line px-4 py-2 text-sm hover:border-seal"
            >
              {words.add}
            </button>
          )}
          {bases.length > 0 && (
            <label className="flex items-center gap-2 text-xs text-muted">
              {words.from}
              <select
                value={lesson.from ?? ''}
                onChange={(event) => change({ from: event.target.value === '' ? null : event.target.value })}
                disabled={teaching.running}
                className="max-w-[13rem] rounded-lg border border-line bg-sheet px-2 py-1.5 text-ink"
              >
                <option value="">{words.fromNothing}</option>
                {bases.map((m) => (
                  <option key={m.name} value={m.name}>
                    {m.title}
                  </option>
                ))}
              </select>
            </label>
          )}
          <label className="flex items-center gap-2 text-xs text-muted">
            {words.steps}
            <input
              type="number"
              min={stepsRange[0]}
              max={stepsRange[1]}
              value={lesson.steps}
              onChange={(event) => {
                const given = Math.floor(event.target.valueAsNumber);
                if (given >= stepsRange[0] && given <= stepsRange[1]) change({ steps: given });
              }}
              disabled={teaching.running}
              className="w-20 rounded-lg border border-line bg-sheet px-2 py-1.5 text-ink tabular-nums"
            />
          </label>
          <div className="ms-auto">
            {teaching.running ? (
              <button
                type="button"
                onClick={teaching.stop}
                className="flex min-h-10 items-center gap-2 rounded-full border border-seal px-4 text-sm font-medium text-seal"
              >
                <StopIcon />
                {t.stop}
              </button>
            ) : (
              <button
                type="button"
                onClick={start}
                disabled={gap !== undefined || !state.awake}
                className="flex min-h-10 items-center rounded-full bg-seal px-5 text-sm font-medium text-on-seal transition-opacity disabled:opacity-40"
              >
                {words.teach}
              </button>
            )}
          </div>
        </div>
        {gap && <p className="mt-3 text-sm text-seal">{words.gap[gap]}</p>}
        {teaching.failure !== undefined && (
          <div role="alert" className="mt-6 border-s-2 border-seal ps-4 text-sm">
            <p className="font-medium">{words.failed}</p>
            <p className="mt-1 break-words text-muted">{teaching.failure}</p>
          </div>
        )}
        {(teaching.running || events.length > 0) && teaching.failure === undefined && (
          <section
            className="mt-10 max-w-[44rem]"
            data-testid="learning"
            data-state={teaching.running ? 'running' : 'done'}
          >
            <Curve name={words.curve} losses={steps.map((e) => e.loss)} steps={order?.training.recipe.steps ?? 1} />
            <p role="status" className="mt-2 flex flex-wrap gap-x-5 gap-y-1 text-sm text-muted tabular-nums">
              {last ? (
                <>
                  <span>{words.progress(last.step, order?.training.recipe.steps ?? last.step)}</span>
                  <span data-testid="loss" data-loss={last.loss}>
                    {words.loss(last.loss.toFixed(3))}
                  </span>
                </>
              ) : (
                words.loading
              )}
              {right !== undefined && order && (
                <span className="text-ink" data-testid="right" data-right={right}>
                  {order.held > 0 ? words.held(percent(right), order.held) : words.seen(percent(right))}
                </span>
              )}
              {ended && <span>{words.took(duration(ended.seconds))}</span>}
            </p>
          </section>
        )}
        {teaching.version > 0 && (
          <section className="mt-10 max-w-[44rem]">
            <h2 className="text-sm text-muted">{words.tryIt}</h2>
            <input
              value={text}
              maxLength={2000}
              onChange={(event) => setText(event.target.value)}
              aria-label={words.tryIt}
              placeholder={words.tryPlaceholder}
              className="mt-2 w-full rounded-2xl border border-line bg-sheet px-5 py-3.5 font-serif text-lg outline-none placeholder:text-muted focus:border-muted"
            />
            <ul className="mt-3" data-testid="taught" aria-live="polite">
              {told.labels?.map(({ label, score }, i) => (
                <li
                  key={label}
                  className="grid grid-cols-[minmax(0,1fr)_9rem] items-center gap-4 border-t border-line py-2 sm:grid-cols-[minmax(0,1fr)_15rem]"
                >
                  <span className={`truncate font-serif text-lg ${i === 0 ? 'text-second' : ''}`}>{label}</span>
                  <Bar share={score} label={t.tasks.percent} strong={i === 0} />
                </li>
              ))}
            </ul>
            {told.problem && <p className="mt-2 text-sm break-words text-seal">{told.problem}</p>}
            <p className="mt-4 text-sm text-muted">{words.kept}</p>
          </section>
        )}
      </main>
      <SettingsDrawer
        dialog={state.dialog}
        preferences={preferences}
        settings={settings}
        model={undefined}
        onSettings={state.setSettings}
      />
    </div>
  );
}
