// A grammar as a pushdown automaton over bytes, made deterministic as far as texts lead: a configuration is the set of all stacks that a text may have led to, and each is built once.

import { YumoError } from '../../errors.ts';
import {
  type ByteRanges,
  type CharRange,
  type Expression,
  intersection,
  type Rules,
  utf8Ranges,
} from './expression.ts';

interface ByteEdge {
  readonly low: number;
  readonly high: number;
  readonly to: State;
}

/** A place in a rule. A final state has nothing behind it: its rule is over. */
interface State {
  readonly id: number;
  readonly bytes: ByteEdge[];
  readonly free: State[];
  /** A rule that is read here, and where it goes on afterwards. */
  call: { readonly rule: RuleStates; readonly to: State } | undefined;
  final: boolean;
  /** Fewest bytes from here to the end of the rule; infinite where no text leads there. */
  need: number;
}

interface RuleStates {
  readonly name: string;
  readonly start: State;
}

/** Where rules return to: a state, and what lies beneath. Each is made once. */
interface Stack {
  readonly id: number;
  readonly state: State;
  readonly below: Stack | undefined;
  /** Fewest bytes to the end of the text. */
  readonly need: number;
  readonly above: Map<State, Stack>;
}

/** All that a text so far may mean. */
export interface Configuration {
  readonly id: number;
  readonly stacks: readonly Stack[];
  /** The text may end here. */
  readonly accepting: boolean;
  /** Fewest bytes that complete the text. */
  readonly need: number;
  /** By byte: the next configuration; null where no text goes on so; undefined where nobody has looked yet. */
  readonly next: (Configuration | null | undefined)[];
}

/** Places of a grammar: repetitions within repetitions multiply them. */
const mostStates = 300_000;
/** More readings of one text than this are refused: the grammar is hopelessly ambiguous. */
const mostStacks = 10_000;

export class Automaton {
  readonly start: Configuration;
  #states = 0;
  #stacks = 0;
  #configurations = new Map<string, Configuration>();
  readonly #roots = new Map<State, Stack>();
  readonly #runs = new Map<string | readonly CharRange[], readonly ByteRanges[]>();

  /**
   * @param available characters that can be written at all: others are as if the grammar had no place for them; all by default
   * @throws YumoError `CONFIG` for unknown rules, left recursion, and grammars that no text fulfils.
   */
  constructor({ rules, start }: Rules, available?: readonly CharRange[]) {
    const built = new Map<string, RuleStates & { end: State }>();
    const ruleOf = (name: string): RuleStates & { end: State } => {
      const known = built.get(name);
      if (known) return known;
      const states = { name, start: this.#state(), end: this.#state() };
      states.end.final = true;
      built.set(name, states);
      const body = rules.get(name);
      if (!body) throw new YumoError('CONFIG', `grammar: the rule "${name}" is not defined`, { name });
      pending.push(() => this.#build(body, states.start, states.end, ruleOf, available));
      return states;
    };
    // Rules are built one after the other: deep nesting of rules costs no recursion.
    const pending: (() => void)[] = [];
    const first = ruleOf(start);
    while (pending.length > 0) pending.pop()!();
    this.#runs.clear();
    const all = [...built.values()];
    checkLeftRecursion(all);
    measure(all);
    if (first.start.need === Number.POSITIVE_INFINITY)
      throw new YumoError(
        'CONFIG',
        available
          ? 'grammar: no text fulfils it with the characters that the vocabulary has'
          : 'grammar: no text fulfils it',
        {},
      );
    this.start = this.#configuration([[first.start, undefined]], false);
  }

  /** Configurations that were met so far; they are forgotten by {@link forget}. */
  get size(): number {
    return this.#configurations.size;
  }

  /** Drops what was built but the start: memory for texts to come. */
  forget(): void {
    this.#configurations.clear();
    this.#configurations.set(keyOf(this.start.stacks, this.start.accepting), this.start);
    this.start.next.fill(undefined);
    this.#roots.clear();
    for (const stack of this.start.stacks) stack.above.clear();
  }

  /** After one byte; null where no text goes on so. */
  next(from: Configuration, byte: number): Configuration | null {
    const known = from.next[byte];
    if (known !== undefined) return known;
    const reached: [State, Stack | undefined][] = [];
    for (const { state, below } of from.stacks)
      for (const edge of state.bytes) if (byte >= edge.low && byte <= edge.high) reached.push([edge.to, below]);
    const next = reached.length === 0 ? null : this.#configuration(reached, false);
    const alive = next && (next.stacks.length > 0 || next.accepting) ? next : null;
    from.next[byte] = alive;
    return alive;
  }

  #state(): State {
    if (this.#states > mostStates)
      throw new YumoError('CONFIG', `grammar: more than ${mostStates} places; its repetitions multiply each other`, {});
    return { id: this.#states++, bytes: [], free: [], call: undefined, final: false, need: Number.POSITIVE_INFINITY };
  }

  /** Lays an expression between two states. */
  #build(
    e: Expression,
    from: State,
    to: State,
    ruleOf: (name: string) => RuleStates,
    available: readonly CharRange[] | undefined,
  ): void {
    const build = (part: Expression, a: State, b: State): void => this.#build(part, a, b, ruleOf, available);
    switch (e.kind) {
      case 'chars':
        for (const run of this.#runsOf(e.ranges, available)) {
          let at = from;
          for (const [i, [low, high]] of run.entries()) {
            const next = i === run.length - 1 ? to : this.#state();
            at.bytes.push({ low, high, to: next });
            at = next;
          }
        }
        return;
      case 'sequence': {
        let at = from;
        for (const [i, part] of e.parts.entries()) {
          const next = i === e.parts.length - 1 ? to : this.#state();
          build(part, at, next);
          at = next;
        }
        if (e.parts.length === 0) from.free.push(to);
        return;
      }
      case 'choice':
        for (const option of e.options) {
          const begin = this.#state();
          from.free.push(begin);
          build(option, begin, to);
        }
        return;
      case 'rule': {
        const begin = this.#state();
        from.free.push(begin);
        begin.call = { rule: ruleOf(e.name), to };
        return;
      }
      case 'repeat': {
        let at = from;
        const copy = (): State => {
          const next = this.#state();
          build(e.of, at, next);
          return next;
        };
        for (let i = 0; i < e.min; i++) at = copy();
        if (e.max === Number.POSITIVE_INFINITY) {
          const [enter, leave] = [this.#state(), this.#state()];
          at.free.push(enter);
          build(e.of, enter, leave);
          leave.free.push(enter, to);
        } else
          for (let i = e.min; i < e.max; i++) {
            at.free.push(to);
            at = copy();
          }
        at.free.push(to);
      }
    }
  }

  /** Bytes of a class of characters; the same classes come again and again. */
  #runsOf(ranges: readonly CharRange[], available: readonly CharRange[] | undefined): readonly ByteRanges[] {
    const key = ranges.length <= 2 ? ranges.join() : ranges;
    const known = this.#runs.get(key);
    if (known) return known;
    const runs = utf8Ranges(available ? intersection(ranges, available) : ranges);
    this.#runs.set(key, runs);
    return runs;
  }

  #stack(state: State, below: Stack | undefined): Stack {
    const among = below ? below.above : this.#roots;
    const known = among.get(state);
    if (known) return known;
    const need = state.need + (below?.need ?? 0);
    const made: Stack = { id: this.#stacks++, state, below, need, above: new Map() };
    among.set(state, made);
    return made;
  }

  /** Follows what costs no byte. */
  #configuration(reached: readonly (readonly [State, Stack | undefined])[], accepts: boolean): Configuration {
    let accepting = accepts;
    const seen = new Map<Stack | undefined, Set<State>>();
    const stacks: Stack[] = [];
    const open: (readonly [State, Stack | undefined])[] = [...reached];
    for (let top = open.pop(); top; top = open.pop()) {
      const [state, below] = top;
      if (state.need === Number.POSITIVE_INFINITY) continue; // leads nowhere
      const states = seen.get(below);
      if (states?.has(state)) continue;
      if (states) states.add(state);
      else seen.set(below, new Set([state]));
      if (state.final) {
        if (below) open.push([below.state, below.below]);
        else accepting = true;
      }
      for (const next of state.free) open.push([next, below]);
      if (state.call) {
        const { rule, to } = state.call;
        // What ends after the call returns at once to where this rule returns: lists written as right recursion need no depth.
        open.push([rule.start, endsThere(to) ? below : this.#stack(to, below)]);
      }
      if (state.bytes.length > 0) stacks.push(this.#stack(state, below));
      if (stacks.length > mostStacks)
        throw new YumoError('CONFIG', `grammar: one text can be read in more than ${mostStacks} ways`, {});
    }
    stacks.sort((a, b) => a.id - b.id);
    const key = keyOf(stacks, accepting);
    const known = this.#configurations.get(key);
    if (known) return known;
    const made: Configuration = {
      id: this.#configurations.size,
      stacks,
      accepting,
      need: accepting ? 0 : stacks.reduce((least, s) => Math.min(least, s.need), Number.POSITIVE_INFINITY),
      next: new Array(256),
    };
    this.#configurations.set(key, made);
    return made;
  }
}

const keyOf = (stacks: readonly Stack[], accepting: boolean): string =>
  `${stacks.map((s) => s.id).join()}${accepting ? '.' : ''}`;

const endsThere = ({ final, bytes, free, call }: State): boolean =>
  final && bytes.length === 0 && free.length === 0 && !call;

function* statesOf({ start }: RuleStates): Generator<State> {
  const seen = new Set([start]);
  const open = [start];
  for (let state = open.pop(); state; state = open.pop()) {
    yield state;
    const next = [...state.bytes.map((e) => e.to), ...state.free, ...(state.call ? [state.call.to] : [])];
    for (const to of next)
      if (!seen.has(to)) {
        seen.add(to);
        open.push(to);
      }
  }
}

/** Fewest bytes to the end of each state's rule: shortest paths, rules within rules, until nothing changes. */
function measure(rules: readonly RuleStates[]): void {
  const states = rules.flatMap((r) => [...statesOf(r)]);
  /** Who may need less when this state does. */
  const readers = new Map<State, State[]>();
  const read = (by: State, of: State): void => {
    const list = readers.get(of);
    if (list) list.push(by);
    else readers.set(of, [by]);
  };
  for (const state of states) {
    for (const { to } of state.bytes) read(state, to);
    for (const to of state.free) read(state, to);
    if (state.call) {
      read(state, state.call.to);
      read(state, state.call.rule.start);
    }
  }
  const waiting = states.filter((s) => s.final);
  for (const state of waiting) state.need = 0;
  for (let i = 0; i < waiting.length; i++)
    for (const state of readers.get(waiting[i]!) ?? []) {
      let need = state.final ? 0 : Number.POSITIVE_INFINITY;
      for (const { to } of state.bytes) need = Math.min(need, 1 + to.need);
      for (const to of state.free) need = Math.min(need, to.need);
      if (state.call) need = Math.min(need, state.call.rule.start.need + state.call.to.need);
      if (need < state.need) {
        state.need = need;
        waiting.push(state);
      }
    }
}

/** A rule that begins with itself would be entered for ever. @throws YumoError `CONFIG` naming it */
function checkLeftRecursion(rules: readonly RuleStates[]): void {
  const isEmpty = new Set<RuleStates>();
  /** States of a rule that its start reaches without a byte, as far as is known which rules may be empty. */
  const front = (r: RuleStates): State[] => {
    const seen = new Set([r.start]);
    for (const state of seen) {
      for (const to of state.free) seen.add(to);
      if (state.call && isEmpty.has(state.call.rule)) seen.add(state.call.to);
    }
    return [...seen];
  };
  for (let before = -1; before < isEmpty.size; ) {
    before = isEmpty.size;
    for (const r of rules) if (front(r).some((s) => s.final)) isEmpty.add(r);
  }
  const begins = new Map(rules.map((r) => [r, front(r).flatMap((s) => (s.call ? [s.call.rule] : []))]));
  const done = new Set<RuleStates>();
  for (const r of rules) {
    const path = new Set<RuleStates>();
    const visit = (at: RuleStates): void => {
      if (path.has(at))
        throw new YumoError(
          'CONFIG',
          `grammar: the rule "${at.name}" begins with itself (left recursion); write the repetition with * or behind the first element`,
          { name: at.name },
        );
      if (done.has(at)) return;
      path.add(at);
      for (const next of begins.get(at)!) visit(next);
      path.delete(at);
      done.add(at);
    };
    visit(r);
  }
}
