// What every command gets: where to print, in which language, and the signal that stops it.

import type { Command } from 'commander';
import type { Interruption } from './interrupt.ts';
import type { Phrases } from './phrases/en.ts';
import type { Output } from './ui/output.ts';
import { Progress } from './ui/progress.ts';

export interface Session {
  readonly output: Output;
  readonly phrases: Phrases;
  readonly interruption: Interruption;
}

/** Adds one command to the program. */
export type Register = (program: Command, session: Session) => void;

export const progressOf = ({ output, phrases }: Session): Progress =>
  new Progress({ stream: output.stderr, left: phrases.timeLeft });
