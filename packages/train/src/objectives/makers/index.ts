// The table of what makes examples of rows: by a name and plain data, which can be told to a thread and hashed into the key of a cache.

import type { Tokenizer } from '@yumo/tokenizer';
import { contrastMaker } from './contrast.ts';
import { conversationMaker } from './conversations.ts';
import type { Maker } from './maker.ts';
import { questionMaker } from './questions.ts';
import { sequenceMaker } from './sequences.ts';
import { taggingMaker } from './tagging.ts';
import { textMaker } from './text.ts';

export type { Maker, Place } from './maker.ts';

const makers = {
  text: textMaker,
  contrast: contrastMaker,
  tagging: taggingMaker,
  questions: questionMaker,
  sequences: sequenceMaker,
  conversations: conversationMaker,
};

type Makers = typeof makers;
type RowOf<K extends keyof Makers> = ReturnType<Makers[K]> extends Maker<infer Row> ? Row : never;

/** What makes examples of rows of a kind, as plain data. */
export type ExampleSetup<Row> = {
  [K in keyof Makers]: Row extends RowOf<K> ? { readonly kind: K; readonly settings: Parameters<Makers[K]>[1] } : never;
}[keyof Makers];

/** One whose rows are not known by type: of another thread. */
export interface AnySetup {
  readonly kind: keyof Makers;
  readonly settings: unknown;
}

export function makerOf<Row>(tokenizer: Tokenizer, setup: ExampleSetup<Row> | AnySetup): Maker<Row> {
  // The type of a setup ties its settings and its rows to the maker of its kind.
  const make = makers[setup.kind] as unknown as (tokenizer: Tokenizer, settings: unknown) => Maker<Row>;
  return make(tokenizer, setup.settings);
}
