// Ctrl-C: the first asks the command to stop where it is safe, the second leaves at once.

import { exitCodes } from './exit-codes.ts';

const signals = { SIGINT: exitCodes.ABORTED, SIGTERM: 143 } as const;

export interface Interruption {
  readonly signal: AbortSignal;
  /** The exit code that the signal asks for; undefined while none came. */
  readonly exit: number | undefined;
  /** Listens no more. */
  dispose(): void;
}

/** @param first called once, when the first signal comes. */
export function interruption(first: () => void): Interruption {
  const controller = new AbortController();
  let exit: number | undefined;
  const listen = (name: keyof typeof signals) => (): void => {
    if (exit !== undefined) process.exit(signals[name]);
    exit = signals[name];
    first();
    controller.abort();
  };
  const listeners = (Object.keys(signals) as (keyof typeof signals)[]).map((name) => [name, listen(name)] as const);
  for (const [name, listener] of listeners) process.on(name, listener);
  return {
    signal: controller.signal,
    get exit() {
      return exit;
    },
    dispose() {
      for (const [name, listener] of listeners) process.off(name, listener);
    },
  };
}
