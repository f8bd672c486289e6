// Work that several readers of a source wait for together.

import { isYumoError } from '../errors.ts';

/** Works at the first call; later calls get the same result, or work anew where it failed. */
export function once<T>(work: (signal?: AbortSignal) => Promise<T>): (signal?: AbortSignal) => Promise<T> {
  let known: Promise<T> | undefined;
  return (signal) => {
    if (known) return known;
    const now = work(signal);
    known = now;
    now.catch(() => {
      known = undefined; // a failure may pass
    });
    return now;
  };
}

/**
 * One piece of work a key at a time: who asks for a key that is being worked on waits for the same. A reader who told their own work to stop
 * stops nobody else: those who waited for it begin anew.
 */
export function together<T>(): (key: string, work: () => Promise<T>, signal?: AbortSignal) => Promise<T> {
  const coming = new Map<string, Promise<T>>();
  return async (key, work, signal) => {
    for (;;) {
      const others = coming.get(key);
      const result = others ?? work().finally(() => coming.delete(key));
      coming.set(key, result);
      try {
        return await result;
      } catch (error) {
        // Another reader was told to stop; this one was not.
        if (!others || signal?.aborted || !(isYumoError(error) && error.code === 'ABORTED')) throw error;
      }
    }
  };
}
