// The state of a task: what was asked, what came so far, what is waited for, and the verbs run and stop.

import { type Failure, failureOf, type ModelInfo } from '@yumo/serve/client';
import { useCallback, useEffect, useRef, useState } from 'react';
import type { TaskEvents, TaskInputs, TaskName } from '../../workers/messages.ts';
import type { Settings } from '../chat/settings.ts';
import type { Progress } from '../interface/progress-line.tsx';
import { BrowserModelError } from '../models/in-browser.ts';
import { runTask } from './run-task.ts';

export interface TaskReadout {
  readonly place: 'server' | 'browser';
  readonly runtime: string;
  readonly form?: 'small' | 'full' | undefined;
  /** From the moment the model was there to the last result: the network included, loading not. */
  readonly seconds: number;
  /** Loading and waiting before that. */
  readonly secondsBefore: number;
  readonly model: string;
}

export interface TaskRun<T extends TaskName, R> {
  readonly state: 'running' | 'done' | 'stopped' | 'failed';
  readonly task: T;
  readonly input: TaskInputs[T];
  /** undefined until the first event that tells something. */
  readonly result: R | undefined;
  readonly readout?: TaskReadout | undefined;
  readonly failure?: Failure | 'unreachable' | 'crashed' | undefined;
}

export interface TaskState<T extends TaskName, R> {
  readonly last: TaskRun<T, R> | undefined;
  readonly running: boolean;
  readonly progress: Progress | undefined;
  run(task: T, input: TaskInputs[T], model: ModelInfo, settings: Settings): void;
  stop(): void;
  clear(): void;
}

/** A run that is stopped for this is not shown any more. */
const putAway = 'another one began';

/** @param reduce puts an event to what came before it; must not change with each render */
export function useTask<T extends TaskName, R>(
  reduce: (before: R | undefined, event: TaskEvents[T], task: T) => R,
): TaskState<T, R> {
  const [last, setLast] = useState<TaskRun<T, R>>();
  const [progress, setProgress] = useState<Progress>();
  const stopper = useRef<AbortController>(undefined);
  useEffect(() => () => stopper.current?.abort(putAway), []);

  const run = useCallback(
    async (task: T, input: TaskInputs[T], model: ModelInfo, settings: Settings): Promise<void> => {
      stopper.current?.abort(putAway);
      const stop = new AbortController();
      stopper.current = stop;
      let shown: TaskRun<T, R> = { state: 'running', task, input, result: undefined };
      const show = (change: Partial<TaskRun<T, R>>): void => {
        shown = { ...shown, ...change };
        if (stop.signal.reason !== putAway) setLast(shown);
      };
      show({});
      setProgress(undefined);
      const asked = performance.now();
      let began = asked;
      let runtime = '';
      let form: TaskReadout['form'];
      // Pieces may come a thousand a second; the page is drawn once a frame.
      let result: R | undefined;
      let frame = 0;
      const draw = (): void => {
        frame = 0;
        show({ result });
      };
      const readout = (): TaskReadout => ({
        place: settings.place,
        runtime,
        form,
        seconds: (performance.now() - began) / 1000,
        secondsBefore: (began - asked) / 1000,
        model: model.name,
      });
      try {
        for await (const event of await runTask(task, input, model, settings, stop.signal)) {
          if (stop.signal.aborted) break;
          switch (event.kind) {
            case 'loading':
            case 'preparing':
              setProgress({ kind: 'preparing' });
              break;
            case 'download':
            case 'waiting':
              setProgress(event);
              break;
            case 'opened':
              ({ form } = event);
              break;
            case 'start':
              ({ runtime } = event);
              began = performance.now();
              setProgress(undefined);
              break;
            default:
              // What is left are the events of this task: the server and the worker send no others.
              result = reduce(result, event as TaskEvents[T], task);
              if (frame === 0) frame = requestAnimationFrame(draw);
          }
        }
        show({ state: stop.signal.aborted ? 'stopped' : 'done', result, readout: readout() });
      } catch (error) {
        if (stop.signal.aborted) show({ state: 'stopped', result, readout: readout() });
        else {
          const failure =
            error instanceof BrowserModelError ? (error.failure ?? 'crashed') : (failureOf(error) ?? 'unreachable');
          show({ state: 'failed', result, failure });
        }
      } finally {
        cancelAnimationFrame(frame);
        if (stopper.current === stop) {
          stopper.current = undefined;
          setProgress(undefined);
        }
      }
    },
    [reduce],
  );

  return {
    last,
    running: last?.state === 'running',
    progress,
    run: (task, input, model, settings) => void run(task, input, model, settings),
    stop: () => stopper.current?.abort(),
    clear() {
      stopper.current?.abort(putAway);
      setLast(undefined);
    },
  };
}
