// How turns join into one text, how they are set on the page, and what a reload brings back.

import { describe, expect, it } from 'vitest';
import {
  type ModelTurn,
  type PersonTurn,
  storedConversation,
  type Turn,
  textOf,
  withoutLastContinuation,
} from './conversation.ts';
import { stanzasOf } from './stanzas.ts';

let count = 0;
const person = (text: string): PersonTurn => ({ id: `p${count++}`, writer: 'person', text });
const model = (text: string, state: ModelTurn['state'] = 'done'): ModelTurn => ({
  id: `m${count++}`,
  writer: 'model',
  text,
  state,
});

describe('the text so far', () => {
  it('runs on from the person to the model at the very letter', () => {
    expect(textOf([person('To be'), model(', or not'), model(' to be')])).toBe('To be, or not to be');
  });

  it('sets what a person adds apart by one empty line, whatever the model ended with', () => {
    for (const end of ['', '\n', '\n\n'])
      expect(textOf([person('A'), model(`b${end}`), person('C:')])).toBe('Ab\n\nC:');
    expect(textOf([person('A'), model('b\n\n\n'), person('C:')])).toBe('Ab\n\n\nC:'); // nothing that was written is taken away
  });

  it('loses the last continuation only, for another version', () => {
    const turns = [person('A'), model('b'), person('C'), model('d')];
    expect(textOf(withoutLastContinuation(turns))).toBe('Ab\n\nC');
    expect(withoutLastContinuation([turns[0]!])).toEqual([turns[0]]);
  });
});

describe('stanzas', () => {
  it('begin with what a person wrote and hold every continuation of it', () => {
    const turns: Turn[] = [person('A'), model('b'), model('c'), person('D'), model('e')];
    expect(stanzasOf(turns).map((s) => [s.person?.text, ...s.continuations.map((c) => c.text)])).toEqual([
      ['A', 'b', 'c'],
      ['D', 'e'],
    ]);
  });
});

describe('a reload', () => {
  it('brings the text back, and a continuation that was being written as one that was stopped', () => {
    const turns = [person('A'), model('b', 'writing')];
    const back = storedConversation.parse(JSON.parse(JSON.stringify(turns)));
    expect(back).toEqual([turns[0], { ...turns[1], state: 'done' }]);
  });

  it('leaves out what is no turn, and everything when it is no list', () => {
    expect(
      storedConversation.parse([
        { writer: 'person' },
        null,
        3,
        person('A'),
        { id: 'x', writer: 'model', text: '', state: 'lost' },
      ]),
    ).toHaveLength(1);
    expect(storedConversation.parse({ turns: [] })).toBeUndefined();
  });
});
