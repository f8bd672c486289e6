// A text as it is rewritten part by part: what came so far. No React.

import type { Part, RewriteEvent } from '@yumo/serve/tasks';

export interface Round {
  readonly of: 'source' | 'summaries';
  readonly parts: readonly Part[];
  /** What each part became, as far as it came. */
  readonly texts: readonly string[];
  /** The part that is being written; undefined when all are. */
  readonly at: number | undefined;
}

export interface Written {
  /** The last is the one that is written; those before it were summarized again. */
  readonly rounds: readonly Round[];
  /** The whole, when it is done. */
  readonly text?: string;
}

export function written(before: Written | undefined, event: RewriteEvent): Written {
  const rounds = before?.rounds ?? [];
  const last = rounds.at(-1);
  switch (event.kind) {
    case 'parts':
      return {
        rounds: [
          ...rounds,
          {
            of: event.of,
            parts: event.parts,
            texts: event.parts.map(() => ''),
            at: event.parts.length > 0 ? 0 : undefined,
          },
        ],
      };
    case 'piece': {
      if (!last) return { rounds };
      const texts = last.texts.map((text, i) => (i === event.part ? text + event.text : text));
      return { rounds: [...rounds.slice(0, -1), { ...last, texts, at: event.part }] };
    }
    case 'done':
      return { rounds: rounds.map((round) => ({ ...round, at: undefined })), text: event.text };
  }
}
