// What the process answers: one exit code for each kind of failure. Stable; docs/cli.md has the same table.

import { type ErrorCode, isYumoError, YumoError } from '@yumo/core';
import { TokenizerError } from '@yumo/tokenizer';
import { CommanderError } from 'commander';
import { en, type Phrases } from './phrases/en.ts';
import { usageMessage } from './usage.ts';

/** Every {@link ErrorCode} has its own. */
export const exitCodes: { readonly [K in ErrorCode]: number } = {
  USAGE: 2,
  CONFIG: 3,
  FILE: 4,
  DATA: 5,
  CHECKPOINT: 6,
  TOKENIZER: 7,
  CONTEXT: 8,
  BUSY: 9,
  RUNTIME: 10,
  NUMERIC: 11,
  SHAPE: 12,
  GRAPH: 13,
  FEED: 14,
  ABORTED: 130,
};
/** A bug of ours. */
export const internalExit = 1;
/** Everything ran, and the answer is no: an engine computes wrongly, an export differs, a recipe's expectation is missed. */
export const missedExit = 15;

export interface Failure {
  readonly code: ErrorCode | 'INTERNAL';
  readonly message: string;
  readonly detail: Readonly<Record<string, unknown>>;
  readonly exit: number;
}

/** Any thrown thing as a failure with a name. */
export function failureOf(error: unknown, phrases: Phrases = en): Failure {
  const known = asYumoError(error, phrases);
  if (known)
    return {
      code: known.code,
      message: known.message,
      detail: known.detail,
      exit: exitCodes[known.code] ?? internalExit,
    };
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'INTERNAL', message, detail: {}, exit: internalExit };
}

function asYumoError(error: unknown, phrases: Phrases): YumoError | undefined {
  if (isYumoError(error)) return error;
  if (error instanceof TokenizerError) {
    const code = error.code === 'ARGUMENT' ? 'USAGE' : 'TOKENIZER';
    return new YumoError(code, error.message, error.detail, error);
  }
  if (error instanceof CommanderError)
    return new YumoError('USAGE', usageMessage(error, phrases), { usage: error.code }, error);
  if (error instanceof Error && error.name === 'AbortError') return new YumoError('ABORTED', error.message, {}, error);
  return undefined;
}
