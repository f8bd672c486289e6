'use client';
// What a run gave: its measures in the margin, what is waited for, the result, or why there is none.

import { type ReactNode, useEffect, useRef, useState } from 'react';
import type { TaskName } from '../../workers/messages.ts';
import type { Settings } from '../chat/settings.ts';
import type { Dictionary } from '../interface/dictionary.ts';
import { duration } from '../interface/format.ts';
import { ProgressLine } from '../interface/progress-line.tsx';
import { ranOn } from '../interface/ran-on.ts';
import type { TaskReadout, TaskState } from './use-task.ts';
import type { TaskPageState } from './use-task-page.ts';

export interface OutcomeProps<T extends TaskName, R> {
  readonly page: TaskPageState;
  readonly task: TaskState<T, R>;
  /** Started before the models were known. */
  readonly waiting: boolean;
  /** What a screen reader says when it is done. */
  readonly said: string;
  readonly wide?: boolean;
  readonly children?: ReactNode;
  /** Does the same again, perhaps elsewhere. */
  run(settings?: Settings): void;
}

export function Outcome<T extends TaskName, R>(props: OutcomeProps<T, R>) {
  const { page, task, waiting, said, wide = false, children, run } = props;
  const { last, progress, running } = task;
  const { t } = page.preferences;
  const words = t.tasks;
  // What a person asked for is not left below the edge of a small screen.
  const place = useRef<HTMLElement>(null);
  const begun = last?.result !== undefined;
  useEffect(() => {
    if (begun) place.current?.scrollIntoView({ block: 'nearest', behavior: 'smooth' });
  }, [begun]);
  if (!last && !waiting) return null;
  const runHere = (): void => {
    const moved = { ...page.settings, place: 'browser' as const };
    page.setSettings(moved);
    run(moved);
  };
  return (
    <section
      ref={place}
      aria-label={words.result}
      data-testid="outcome"
      data-state={waiting ? 'waiting' : last?.state}
      className={`mt-8 scroll-mt-28 ${wide ? 'flex flex-col' : 'grid gap-x-8 gap-y-4 md:grid-cols-[9.5rem_minmax(0,1fr)]'}`}
    >
      <div className={wide ? 'order-last mt-5' : 'order-last md:order-first md:pt-1.5 md:text-end'}>
        {last?.readout && <Measures readout={last.readout} t={t} column={!wide} />}
      </div>
      <div className="min-w-0">
        {(waiting || (running && (progress || !last?.result))) && (
          <div className="flex min-h-6 items-center gap-3 text-sm text-muted">
            {progress ? <ProgressLine progress={progress} t={t} /> : <p>{waiting ? words.soon : words.working}</p>}
          </div>
        )}
        {children}
        {last?.state === 'stopped' && <p className="mt-4 text-sm text-muted italic">{words.stopped}</p>}
        {last?.state === 'failed' && (
          <Failed
            failure={last.failure}
            t={t}
            canRunHere={page.settings.place === 'server'}
            onAgain={() => run()}
            onUseBrowser={runHere}
          />
        )}
      </div>
      <Announcement t={t} running={running} said={last?.state === 'done' ? said : ''} />
    </section>
  );
}

function Measures({ readout, t, column }: { readout: TaskReadout; t: Dictionary; column: boolean }) {
  const lines = [
    [t.backend, ranOn(readout, t)],
    [t.tasks.took(''), t.tasks.took(duration(readout.seconds))],
    // A tenth of a second of waiting is no news.
    ...(readout.secondsBefore > 0.5
      ? [[t.tasks.loadedFirst(''), t.tasks.loadedFirst(duration(readout.secondsBefore))]]
      : []),
  ] as const;
  return (
    <dl
      data-testid="readout"
      className={`flex flex-wrap gap-x-3 gap-y-0 text-xs leading-5 text-muted tabular-nums ${column ? 'md:flex-col md:items-end' : ''}`}
    >
      {lines.map(([name, shown]) => (
        <div key={name}>
          <dt className="sr-only">{name}</dt>
          <dd>{shown}</dd>
        </div>
      ))}
    </dl>
  );
}

interface FailedProps {
  readonly failure: NonNullable<TaskState<TaskName, unknown>['last']>['failure'];
  readonly t: Dictionary;
  readonly canRunHere: boolean;
  onAgain(): void;
  onUseBrowser(): void;
}

function Failed({ failure, t, canRunHere, onAgain, onUseBrowser }: FailedProps) {
  const named = typeof failure === 'object';
  const sentence = named ? t.failures[failure.code] : failure === 'crashed' ? t.crashed : t.unreachable;
  const look = 'rounded-full border border-line px-3.5 py-1.5 hover:border-seal';
  return (
    <div role="alert" className="mt-3 border-s-2 border-seal ps-4 text-sm">
      <p className="font-medium">{sentence}</p>
      {named && <p className="mt-1 break-words text-muted">{failure.message}</p>}
      <p className="mt-3 flex flex-wrap gap-2">
        <button type="button" onClick={onAgain} className={look}>
          {t.tryAgain}
        </button>
        {!named && canRunHere && (
          <button type="button" onClick={onUseBrowser} className={look}>
            {t.useBrowser}
          </button>
        )}
      </p>
    </div>
  );
}

/** What a screen reader says: that the model works, and then the result once, not piece by piece. */
function Announcement({ t, running, said }: { t: Dictionary; running: boolean; said: string }) {
  const [words, setWords] = useState('');
  const was = useRef(false);
  useEffect(() => {
    if (running && !was.current) setWords(t.tasks.working);
    if (!running && was.current) setWords(said);
    was.current = running;
  }, [running, said, t]);
  return (
    <p role="status" className="sr-only">
      {words}
    </p>
  );
}

/** Copies a text; pages without TLS have no clipboard. */
export function Copy({ t, text }: { t: Dictionary; text: string }) {
  const [copied, setCopied] = useState(false);
  if (typeof navigator === 'undefined' || !('clipboard' in navigator)) return null;
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), 2000);
  };
  return (
    <button
      type="button"
      onClick={() => void copy()}
      className="-ms-3 flex min-h-9 items-center gap-2 rounded-full px-3 text-sm text-muted hover:bg-sheet hover:text-ink"
    >
      {copied ? t.copied : t.tasks.copy}
    </button>
  );
}
