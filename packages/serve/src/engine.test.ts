// The queue of an engine: order, bounds, and what happens to people who leave.

import { isYumoError } from '@yumo/core';
import { describe, expect, it } from 'vitest';
import { gate, ScriptedGenerator } from '../test/scripted-generator.ts';
import { Engine, type EngineEvent } from './engine.ts';

const collect = async (events: AsyncIterable<EngineEvent>): Promise<EngineEvent[]> => {
  const all: EngineEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
};
/** Lets everything that can go on go on. */
const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

describe('an engine', () => {
  it('passes the events of its generator on, and counts them', async () => {
    const engine = new Engine('m', new ScriptedGenerator());
    const events = await collect(engine.generate('one two three'));
    expect(events.map((e) => e.kind)).toEqual(['start', 'token', 'token', 'token', 'done']);
    expect(engine.state).toEqual({ active: 0, waiting: 0, finished: 1, refused: 0, newTokens: 3 });
  });

  it('says how many are ahead, and serves the client with fewer generations in progress first', async () => {
    const generator = new ScriptedGenerator();
    const gates = new Map(['a1', 'a2', 'a3', 'b1'].map((name) => [name, gate()]));
    generator.step = (prompt) => gates.get(prompt)!.opened;
    const engine = new Engine('m', generator, { slots: 2 });
    const runs = [
      collect(engine.generate('a1', {}, 'a')),
      collect(engine.generate('a2', {}, 'a')),
      collect(engine.generate('a3', {}, 'a')),
      collect(engine.generate('b1', {}, 'b')),
    ];
    await settle();
    expect(generator.begun).toEqual(['a1', 'a2']);
    expect(engine.state).toMatchObject({ active: 2, waiting: 2 });
    gates.get('a1')!.open();
    await settle();
    expect(generator.begun).toEqual(['a1', 'a2', 'b1']); // b came last but holds nothing
    for (const g of gates.values()) g.open();
    const [, , third] = await Promise.all(runs);
    expect(third![0]).toEqual({ kind: 'waiting', ahead: 0 });
    expect(engine.state).toMatchObject({ active: 0, waiting: 0, finished: 4 });
  });

  it('refuses with BUSY when the queue is full, for all and for one client, and then goes on', async () => {
    const generator = new ScriptedGenerator();
    const block = gate();
    generator.step = () => block.opened;
    const engine = new Engine('m', generator, { slots: 1, queueLength: 3, queueLengthPerClient: 2 });
    const runs = [1, 2, 3].map((n) => collect(engine.generate(`a${n}`, {}, 'a')));
    await settle();
    await expect(collect(engine.generate('a4', {}, 'a'))).rejects.toMatchObject({
      code: 'BUSY',
      message: expect.stringContaining('of your requests') as unknown,
    });
    runs.push(collect(engine.generate('b1', {}, 'b')));
    await settle();
    await expect(collect(engine.generate('c1', {}, 'c'))).rejects.toMatchObject({
      code: 'BUSY',
      detail: { model: 'm', waiting: 3 },
    });
    block.open();
    await Promise.all(runs);
    expect(engine.state).toMatchObject({ finished: 4, refused: 2, active: 0 });
  });

  it('gives the slot back when the consumer stops reading', async () => {
    const generator = new ScriptedGenerator();
    const engine = new Engine('m', generator, { slots: 1 });
    for await (const event of engine.generate('x y z')) if (event.kind === 'token') break;
    expect(generator.ended).toEqual(['x y z']);
    expect(engine.state.active).toBe(0);
  });

  it('gives the slot back when a consumer stops by signal and never reads again', async () => {
    const engine = new Engine('m', new ScriptedGenerator(), { slots: 1 });
    const stop = new AbortController();
    const abandoned = engine.generate('x y z', { signal: stop.signal });
    await abandoned.next();
    stop.abort();
    expect(engine.state.active).toBe(0);
    expect((await collect(engine.generate('next'))).at(-1)).toMatchObject({ kind: 'done' });
    await expect(collect(abandoned)).rejects.toMatchObject({ code: 'ABORTED' });
    expect(engine.state.active).toBe(0); // not given back twice
  });

  it('forgets who stops while waiting', async () => {
    const generator = new ScriptedGenerator();
    const block = gate();
    generator.step = () => block.opened;
    const engine = new Engine('m', generator, { slots: 1 });
    const first = collect(engine.generate('first'));
    await settle();
    const stop = new AbortController();
    const waiting = collect(engine.generate('second', { signal: stop.signal }));
    const left = engine.generate('third');
    await left.next(); // its place in the queue
    expect(engine.state.waiting).toBe(2);
    await left.return();
    expect(engine.state.waiting).toBe(1);
    stop.abort();
    const error: unknown = await waiting.catch((e: unknown) => e);
    expect(isYumoError(error) && error.code).toBe('ABORTED');
    block.open();
    await first;
    await settle();
    expect(generator.begun).toEqual(['first']);
    expect(engine.state).toMatchObject({ active: 0, waiting: 0 });
  });

  it('stops everything and frees the model when disposed', async () => {
    const generator = new ScriptedGenerator();
    const block = gate();
    generator.step = () => block.opened;
    const engine = new Engine('m', generator, { slots: 1 });
    const runs = Promise.allSettled([collect(engine.generate('a')), collect(engine.generate('b'))]);
    await settle();
    const gone = engine.dispose();
    block.open();
    await gone;
    expect((await runs).map((r) => r.status)).toEqual(['rejected', 'rejected']);
    expect(generator.disposed).toBe(true);
  });
});
