// The list of models, as the server tells it, and as it was told last when there is no server.

import { createClient, type ModelInfo } from '@yumo/serve/client';
import { useCallback, useEffect, useState } from 'react';
import { readStored, type Stored, writeStored } from '../interface/stored.ts';

export const client = createClient('/api/trpc');

export interface Models {
  readonly state: 'loading' | 'ready' | 'failed';
  readonly list: readonly ModelInfo[];
  /** The list is from an earlier visit: the server does not answer. */
  readonly remembered: boolean;
  reload(): void;
}

const storedModels: Stored<readonly ModelInfo[]> = {
  key: 'yumo.models',
  initial: [],
  // Only this file writes it; a list of an older form would lack names.
  parse: (json) =>
    Array.isArray(json) &&
    json.every((m) => typeof m?.name === 'string' && Array.isArray(m.openings) && Array.isArray(m.languages))
      ? (json as ModelInfo[])
      : undefined,
};

export function useModels(): Models {
  const [models, setModels] = useState<Omit<Models, 'reload'>>({ state: 'loading', list: [], remembered: false });
  const load = useCallback((signal?: AbortSignal): void => {
    client.models.query(undefined, signal ? { signal } : {}).then(
      ({ models: list }) => {
        writeStored(storedModels, list);
        setModels({ state: 'ready', list, remembered: false });
      },
      () => {
        if (signal?.aborted) return;
        const list = readStored(storedModels);
        setModels({ state: list.length > 0 ? 'ready' : 'failed', list, remembered: true });
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
  return { ...models, reload: () => load() };
}
