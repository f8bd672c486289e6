// The Rust library in a child process, for some inputs abort it and some keep it busy for ever.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface Reference {
  /** The answer to one request (see `reference-worker.mjs`); null when the process ended without one. */
  ask(request: object): Promise<unknown>;
  [Symbol.dispose](): void;
}

export function reference(longestAnswerMs = 60_000): Reference {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'reference-worker.mjs')], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  // Writing to a process that has ended is answered by the end of its lines.
  child.stdin.on('error', () => {});
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    ask: async (request) => {
      const timer = setTimeout(() => child.kill('SIGKILL'), longestAnswerMs);
      child.stdin.write(`${JSON.stringify(request)}\n`);
      const { value, done } = await lines.next();
      clearTimeout(timer);
      return done ? null : JSON.parse(value);
    },
    [Symbol.dispose]: () => child.kill(),
  };
}
