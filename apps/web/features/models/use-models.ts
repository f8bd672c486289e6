// The list of models, as the server tells it, and as it was told last when there is no server.

import { createClient, type ModelInfo, type RecipeInfo } from '@yumo/serve/client';
import { useCallback, useEffect, useState } from 'react';
import { readStored, type Stored, writeStored } from '../interface/stored.ts';

export const client = createClient('/api/trpc');

interface Listed {
  readonly models: readonly ModelInfo[];
  /** Trainings that would make more. */
  readonly recipes: readonly RecipeInfo[];
}

export interface Models {
  readonly state: 'loading' | 'ready' | 'failed';
  readonly list: readonly ModelInfo[];
  readonly recipes: readonly RecipeInfo[];
  /** The list is from an earlier visit: the server does not answer. */
  readonly remembered: boolean;
  reload(): void;
}

const storedModels: Stored<Listed> = {
  key: 'yumo.models',
  initial: { models: [], recipes: [] },
  // Only this file writes it; a list of an older form would lack fields.
  parse(json) {
    const { models, recipes } = (json ?? {}) as Partial<Listed>; // read with care
    const whole = (m: Partial<ModelInfo>): boolean =>
      typeof m?.name === 'string' && Array.isArray(m.tasks) && Array.isArray(m.results) && Array.isArray(m.openings);
    return Array.isArray(models) && models.every(whole) && Array.isArray(recipes) ? { models, recipes } : undefined;
  },
};

/** Between two looks for a model that is being trained. */
const lookEveryMilliseconds = 5000;

/** `watch`: look again every few seconds, while the page is seen, because a model is missing that may come. */
export function useModels(watch: (list: readonly ModelInfo[]) => boolean = () => false): Models {
  const [models, setModels] = useState<Omit<Models, 'reload'>>({
    state: 'loading',
    list: [],
    recipes: [],
    remembered: false,
  });
  const load = useCallback((signal?: AbortSignal): void => {
    client.models.query(undefined, signal ? { signal } : {}).then(
      ({ models: list, recipes }) => {
        writeStored(storedModels, { models: list, recipes });
        setModels({ state: 'ready', list, recipes, remembered: false });
      },
      () => {
        if (signal?.aborted) return;
        const { models: list, recipes } = readStored(storedModels);
        setModels({ state: list.length > 0 ? 'ready' : 'failed', list, recipes, remembered: true });
      },
    );
  }, []);
  useEffect(() => {
    const stop = new AbortController();
    load(stop.signal);
    const again = (): void => load(stop.signal);
    addEventListener('online', again);
    return () => {
      stop.abort();
      removeEventListener('online', again);
    };
  }, [load]);
  const watching = models.state === 'ready' && watch(models.list);
  useEffect(() => {
    if (!watching) return;
    const stop = new AbortController();
    const look = (): void => {
      if (document.visibilityState === 'visible') load(stop.signal);
    };
    const timer = setInterval(look, lookEveryMilliseconds);
    document.addEventListener('visibilitychange', look);
    return () => {
      stop.abort();
      clearInterval(timer);
      document.removeEventListener('visibilitychange', look);
    };
  }, [watching, load]);
  return { ...models, reload: () => load() };
}
