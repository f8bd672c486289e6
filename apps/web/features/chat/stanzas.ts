// Turns as they are set on the page: each thing a person wrote opens a paragraph, and the model's continuations run on in it.

import type { ModelTurn, PersonTurn, Turn } from './conversation.ts';

export interface Stanza {
  /** Of its first turn. */
  readonly id: string;
  readonly person: PersonTurn | undefined;
  readonly continuations: readonly ModelTurn[];
}

export function stanzasOf(turns: readonly Turn[]): Stanza[] {
  const stanzas: { id: string; person: PersonTurn | undefined; continuations: ModelTurn[] }[] = [];
  for (const turn of turns) {
    const last = stanzas.at(-1);
    if (turn.writer === 'person') stanzas.push({ id: turn.id, person: turn, continuations: [] });
    else if (last) last.continuations.push(turn);
    else stanzas.push({ id: turn.id, person: undefined, continuations: [turn] });
  }
  return stanzas;
}
