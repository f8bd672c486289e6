// Runs the built command line as a user would: a child process with its own streams.

import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));

export interface Finished {
  readonly exit: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Started {
  readonly child: ChildProcess;
  readonly finished: Promise<Finished>;
  /** What is on stdout so far. */
  output(): string;
  /** Resolves when this much of a stream has been printed. @throws when the process ends before. */
  printed(stream: 'stdout' | 'stderr', pattern: RegExp): Promise<void>;
}

export interface StartOptions {
  readonly cwd?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly input?: string;
}

export function start(words: readonly string[], { cwd, environment = {}, input = '' }: StartOptions = {}): Started {
  // English whatever the locale of the computer that runs the tests.
  const env = { ...process.env, LC_ALL: 'C.UTF-8', ...environment };
  const child = spawn(process.execPath, [main, ...words], { cwd, env });
  child.stdin.end(input);
  const output = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream].setEncoding('utf8').on('data', (piece: string) => {
      output[stream] += piece;
    });
  const finished = new Promise<Finished>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (exit) => resolve({ exit, ...output }));
  });
  return {
    child,
    finished,
    output: () => output.stdout,
    printed: (stream, pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (pattern.test(output[stream])) resolve();
        };
        child[stream].on('data', look);
        child.on('close', () => reject(new Error(`ended before ${pattern}: ${output.stdout}${output.stderr}`)));
        look();
      }),
  };
}

export const yumo = (words: readonly string[], options?: StartOptions): Promise<Finished> =>
  start(words, options).finished;

/** The one JSON document on stdout. @throws when there is anything else. */
export const documentOf = ({ stdout }: Finished): unknown => JSON.parse(stdout);

/** The JSON lines on stdout. */
export const linesOf = ({ stdout }: Finished): unknown[] =>
  stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown);
