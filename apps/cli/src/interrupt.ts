// Ctrl-C: the first asks the command to stop where it is safe, the second leaves at once.

import { exitCodes } from './exit-codes.ts';

/** What a shell reports of a process that a signal ended is the same number. */
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
    if (exit !== undefined) {
      leave(name);
      return;
    }
    exit = signals[name];
    first();
    controller.abort();
  };
  const listeners = (Object.keys(signals) as (keyof typeof signals)[]).map((name) => [name, listen(name)] as const);
  for (const [name, listener] of listeners) process.on(name, listener);
  /**
   * Ends by the signal itself. `process.exit` would tear down the native engine under the threads that compute, and its complaint would be the
   * last thing on the screen.
   */
  const leave = (name: NodeJS.Signals): void => {
    for (const [other, listener] of listeners) process.off(other, listener);
    if (process.stderr.isTTY) process.stderr.write('\n');
    process.kill(process.pid, name);
  };
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
