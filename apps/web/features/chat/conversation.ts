// A text that a person and a model write in turns: its parts, how they join, how they are stored. No React, no network.

import type { Failure } from '@yumo/serve/client';
import type { Stored } from '../interface/stored.ts';

/** How a continuation went. */
export interface Readout {
  /** What it ran on, in the runtime's words: `cpu`, `webgpu`, `wasm` … */
  readonly runtime: string;
  readonly place: 'server' | 'browser';
  /** Of the model in the browser. */
  readonly form?: 'small' | 'full' | undefined;
  readonly model: string;
  /** From the click to the first token on the page: waiting and the network included, loading the model not. */
  readonly secondsToFirstToken: number;
  readonly tokensPerSecond: number;
  readonly newTokens: number;
  /** Tokens of the text that the model read. */
  readonly promptTokens: number;
  readonly reason: 'end' | 'length' | 'stop' | 'context' | 'aborted';
  /** undefined when every token was the likeliest. */
  readonly seed?: number | undefined;
}

export interface PersonTurn {
  readonly id: string;
  readonly writer: 'person';
  readonly text: string;
}
export interface ModelTurn {
  readonly id: string;
  readonly writer: 'model';
  readonly text: string;
  readonly state: 'writing' | 'done' | 'failed';
  readonly readout?: Readout | undefined;
  /** For state `failed`. undefined failure: the server was not reached, or broke. */
  readonly failure?: Failure | 'unreachable' | 'crashed' | undefined;
}
export type Turn = PersonTurn | ModelTurn;

/**
 * What stands between two turns. A person's line begins a new paragraph, as between speakers of a play; the model goes on at the very letter
 * where the person stopped.
 */
export function joint(before: string, next: Turn): string {
  if (before === '' || next.writer === 'model') return '';
  const newlines = /\n*$/.exec(before)?.[0].length ?? 0;
  return '\n'.repeat(Math.max(0, 2 - newlines));
}

/** The text so far, as the model is given it. */
export function textOf(turns: readonly Turn[]): string {
  let text = '';
  for (const turn of turns) text += joint(text, turn) + turn.text;
  return text;
}

/** The turns before the last continuation: what "another version" starts from. */
export function withoutLastContinuation(turns: readonly Turn[]): readonly Turn[] {
  return turns.at(-1)?.writer === 'model' ? turns.slice(0, -1) : turns;
}

/** Kept over reloads. A continuation that was being written is one that was stopped. */
export const storedConversation: Stored<readonly Turn[]> = {
  key: 'yumo.conversation',
  initial: [],
  parse(json) {
    if (!Array.isArray(json)) return undefined;
    return json
      .filter(isTurn)
      .map((turn) => (turn.writer === 'model' && turn.state === 'writing' ? { ...turn, state: 'done' } : turn));
  },
};

function isTurn(json: unknown): json is Turn {
  if (typeof json !== 'object' || json === null) return false;
  const { id, writer, text, state } = json as Record<string, unknown>; // read with care
  if (typeof id !== 'string' || typeof text !== 'string') return false;
  return writer === 'person' || (writer === 'model' && (state === 'writing' || state === 'done' || state === 'failed'));
}
