// The state of a training in the page: what was told so far, and how it is started, stopped and gone on with.

import { isYumoError } from '@yumo/core';
import { type BrowserTraining, type TrainingEvent, trainInWorker } from '@yumo/train/web';
import { useCallback, useRef, useState } from 'react';

export interface Training {
  readonly events: readonly TrainingEvent[];
  readonly running: boolean;
  readonly failure: string | undefined;
  start(training: BrowserTraining): void;
  /** Ends it with a checkpoint. */
  stop(): void;
}

export function useTraining(): Training {
  const [events, setEvents] = useState<readonly TrainingEvent[]>([]);
  const [running, setRunning] = useState(false);
  const [failure, setFailure] = useState<string>();
  const control = useRef<AbortController>(undefined);

  const start = useCallback(async (training: BrowserTraining): Promise<void> => {
    control.current = new AbortController();
    setEvents([]);
    setFailure(undefined);
    setRunning(true);
    try {
      const worker = new Worker(new URL('../../workers/training.worker.ts', import.meta.url), { type: 'module' });
      for await (const event of trainInWorker(worker, training, control.current.signal))
        setEvents((before) => [...before, event]);
    } catch (error) {
      if (!isYumoError(error)) console.error(error);
      setFailure(error instanceof Error ? error.message : String(error));
    } finally {
      setRunning(false);
    }
  }, []);

  return { events, running, failure, start: (training) => void start(training), stop: () => control.current?.abort() };
}
