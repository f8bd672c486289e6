// The state of teaching: the training while it runs, and what the taught model says to a text.

import { isYumoError } from '@yumo/core';
import { type TrainingEvent, trainInWorker } from '@yumo/train/web';
import { useCallback, useEffect, useRef, useState } from 'react';
import type { TaughtAnswer, TaughtRequest } from '../../workers/taught.worker.ts';
import { folder, type Order } from './lesson.ts';

export interface Teaching {
  readonly events: readonly TrainingEvent[];
  readonly running: boolean;
  readonly failure: string | undefined;
  /** Grows with each model that is ready; 0: none. */
  readonly version: number;
  start(order: Order): void;
  /** Ends with what was learnt so far. */
  stop(): void;
}

export function useTeaching(): Teaching {
  const [events, setEvents] = useState<readonly TrainingEvent[]>([]);
  const [running, setRunning] = useState(false);
  const [failure, setFailure] = useState<string>();
  const [version, setVersion] = useState(0);
  const stopper = useRef<AbortController>(undefined);
  useEffect(() => () => stopper.current?.abort(), []);
  const start = useCallback(async ({ training }: Order): Promise<void> => {
    const stop = new AbortController();
    stopper.current = stop;
    setEvents([]);
    setFailure(undefined);
    setRunning(true);
    setVersion(0);
    // Steps come fast; the page is drawn once a frame.
    let all: TrainingEvent[] = [];
    let frame = 0;
    try {
      const worker = new Worker(new URL('../../workers/training.worker.ts', import.meta.url), { type: 'module' });
      for await (const event of trainInWorker(worker, training, stop.signal)) {
        all = [...all, event];
        if (frame === 0)
          frame = requestAnimationFrame(() => {
            frame = 0;
            setEvents(all);
          });
      }
      // A training that was stopped before its first evaluation has no best weights yet.
      if (all.some((e) => e.kind === 'evaluation')) setVersion(Date.now());
    } catch (error) {
      if (!isYumoError(error)) console.error(error);
      setFailure(error instanceof Error ? error.message : String(error));
    } finally {
      cancelAnimationFrame(frame);
      setEvents(all);
      setRunning(false);
    }
  }, []);
  return {
    events,
    running,
    failure,
    version,
    start: (order) => void start(order),
    stop: () => stopper.current?.abort(),
  };
}

export interface Told {
  readonly labels?: readonly { readonly label: string; readonly score: number }[];
  readonly problem?: string;
}

/** What the taught model says to `text`, a moment after it was typed. */
export function useTaught(version: number, text: string): Told {
  const [told, setTold] = useState<Told>({});
  const worker = useRef<Worker>(undefined);
  const count = useRef(0);
  useEffect(() => () => worker.current?.terminate(), []);
  useEffect(() => {
    if (version === 0 || text.trim() === '') {
      setTold({});
      return;
    }
    worker.current ??= new Worker(new URL('../../workers/taught.worker.ts', import.meta.url), { type: 'module' });
    const own = worker.current;
    const id = ++count.current;
    const hear = ({ data }: MessageEvent<TaughtAnswer>): void => {
      if (data.id === id) setTold('labels' in data ? { labels: data.labels } : { problem: data.problem });
    };
    own.addEventListener('message', hear);
    own.postMessage({ id, version, folder, text } satisfies TaughtRequest);
    return () => own.removeEventListener('message', hear);
  }, [version, text]);
  return told;
}
