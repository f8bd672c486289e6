// tRPC, set up once: what procedures are given, and how our errors travel to the client.

import { initTRPC, TRPCError } from '@trpc/server';
import { type ErrorCode, isYumoError } from '@yumo/core';
import type { Models } from './models.ts';

export interface Context {
  readonly models: Models;
  /** The folder of recipes, where pages may tell how to train what is missing. */
  readonly recipes?: string | undefined;
  /** Tells users apart for fair turns. */
  readonly client: string;
}

/** What went wrong, in the client's hands. */
export interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

const t = initTRPC.context<Context>().create({
  isDev: false, // stack traces stay here
  errorFormatter({ shape, error }) {
    const { cause } = error;
    const failure: Failure | null = isYumoError(cause)
      ? { code: cause.code, message: cause.message, detail: cause.detail }
      : null;
    return { ...shape, data: { ...shape.data, failure } };
  },
});

export const router = t.router;
export const procedure = t.procedure;
export const callerFactory = t.createCallerFactory;

const trpcCodes: Partial<Record<ErrorCode, TRPCError['code']>> = {
  BUSY: 'TOO_MANY_REQUESTS',
  FILE: 'NOT_FOUND',
  CONTEXT: 'PAYLOAD_TOO_LARGE',
  CONFIG: 'BAD_REQUEST',
  USAGE: 'BAD_REQUEST',
  DATA: 'BAD_REQUEST',
  ABORTED: 'CLIENT_CLOSED_REQUEST',
};

/** Our error as one that tRPC sends with the fitting status; other errors as they are. */
export function toTrpc(error: unknown): unknown {
  if (!isYumoError(error)) return error;
  return new TRPCError({
    code: trpcCodes[error.code] ?? 'INTERNAL_SERVER_ERROR',
    message: error.message,
    cause: error,
  });
}
