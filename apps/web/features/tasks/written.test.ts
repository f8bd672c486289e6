// The state of a translation or summary after each event.

import type { RewriteEvent } from '@yumo/serve/tasks';
import { expect, it } from 'vitest';
import { type Written, written } from './written.ts';

const after = (events: readonly RewriteEvent[]): Written | undefined =>
  events.reduce<Written | undefined>((state, event) => written(state, event), undefined);

it('puts pieces to their parts, and knows which part is written', () => {
  const parts = [
    { start: 0, end: 3 },
    { start: 4, end: 9 },
  ];
  const events: RewriteEvent[] = [
    { kind: 'parts', parts, of: 'source' },
    { kind: 'piece', part: 0, text: 'a' },
    { kind: 'piece', part: 0, text: 'b' },
    { kind: 'piece', part: 1, text: 'c' },
  ];
  expect(after(events.slice(0, 3))?.rounds).toEqual([{ of: 'source', parts, texts: ['ab', ''], at: 0 }]);
  expect(after(events)?.rounds[0]).toMatchObject({ texts: ['ab', 'c'], at: 1 });
  expect(after(events)?.text).toBeUndefined();
  const done = after([...events, { kind: 'done', text: 'ab c', seconds: 1 }]);
  expect(done).toMatchObject({ text: 'ab c', rounds: [{ texts: ['ab', 'c'], at: undefined }] });
});

it('keeps the first round when summaries are summarized', () => {
  const one = [{ start: 0, end: 1 }];
  const state = after([
    { kind: 'parts', parts: one, of: 'source' },
    { kind: 'piece', part: 0, text: 'a' },
    { kind: 'parts', parts: one, of: 'summaries' },
    { kind: 'piece', part: 0, text: 'b' },
  ]);
  expect(state?.rounds.map((r) => [r.of, r.texts[0]])).toEqual([
    ['source', 'a'],
    ['summaries', 'b'],
  ]);
});
