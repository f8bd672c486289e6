// What ends a computation from outside: the caller's signal, and a device that goes away.

import { throwIfAborted } from '../errors.ts';

/**
 * The promise's result, or `ABORTED` as soon as the signal fires. Engines cannot be stopped inside a call: what was begun goes on by
 * itself, and its result is dropped.
 */
export async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined, who: string): Promise<T> {
  if (!signal) return work;
  throwIfAborted(signal, who);
  let stop = (): void => undefined;
  const stopped = new Promise<never>((_, reject) => {
    stop = () => {
      try {
        throwIfAborted(signal, who);
      } catch (error) {
        reject(error);
      }
    };
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([work, stopped]);
  } finally {
    signal.removeEventListener('abort', stop);
    work.catch(() => undefined); // dropped, so its failure is nobody's
  }
}

/** In the words of Dawn (WebGPU), CUDA and Direct3D: the driver was reset, the card was taken away, or the browser took it back. */
const loss =
  /device (is |was |has been )?(lost|removed|destroyed)|(lost|destroyed|removed) (gpu ?)?device|deviceLost|DXGI_ERROR_DEVICE|CUDA_ERROR_(DEVICE|ECC)|cudaErrorDevicesUnavailable|Instance dropped/i;

export const isDeviceLost = (error: unknown): boolean => error instanceof Error && loss.test(error.message);

/** The part of an engine's message that says so; around it stand places in the engine's source. */
export const wordsOfLoss = (error: unknown): string => {
  const message = error instanceof Error ? error.message : String(error);
  const clauses = message.split(/: |\n/);
  return (clauses.find((clause) => loss.test(clause)) ?? clauses[0]!).trim().replace(/\.$/, '');
};
