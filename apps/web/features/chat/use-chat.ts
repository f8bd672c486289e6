// The state of the page: the turns, what is being written, and the verbs: hand over, write on, another version, stop, new page.

import { failureOf, type GenerateEvent, type ModelInfo } from '@yumo/serve/client';
import { useCallback, useEffect, useRef, useState } from 'react';
import type { BrowserEvent } from '../../workers/messages.ts';
import type { Progress } from '../interface/progress-line.tsx';
import { readStored, writeStored } from '../interface/stored.ts';
import { BrowserModelError, writeInBrowser } from '../models/in-browser.ts';
import { client } from '../models/use-models.ts';
import {
  type ModelTurn,
  type Readout,
  storedConversation,
  type Turn,
  textOf,
  withoutLastContinuation,
} from './conversation.ts';
import { browserModel, type Settings, samplingOf } from './settings.ts';

export interface Chat {
  readonly turns: readonly Turn[];
  readonly writing: boolean;
  /** What happens before the first token; undefined when nothing does. */
  readonly progress: Progress | undefined;
  /** The page that was put away last, until something new is written. */
  readonly canUndo: boolean;
  /** Adds the person's text and lets the model go on. Empty text: the model just goes on. */
  send(text: string): void;
  /** Writes the last continuation anew. */
  again(settings?: Settings): void;
  stop(): void;
  newPage(): void;
  undo(): void;
}

/** `crypto.randomUUID` is absent on pages without TLS. */
const newId = (): string => Math.random().toString(36).slice(2);

/** A continuation that is stopped for this is not shown any more. */
const putAwayReason = 'the page was put away';

export function useChat(settings: Settings, model: ModelInfo | undefined): Chat {
  const [turns, setTurns] = useState<readonly Turn[]>(storedConversation.initial);
  const [progress, setProgress] = useState<Progress>();
  const [putAway, setPutAway] = useState<readonly Turn[]>();
  const stopper = useRef<AbortController>(undefined);
  const [writing, setWriting] = useState(false);
  // What the last render knew, for verbs that are called between renders.
  const latest = useRef(turns);
  latest.current = turns;

  // The server knows no conversation: it is read after the page has woken up.
  useEffect(() => {
    setTurns(readStored(storedConversation));
    return () => stopper.current?.abort();
  }, []);
  const savedAt = useRef(0);
  useEffect(() => {
    if (turns === storedConversation.initial) return; // not read yet
    // While tokens come, one save a second is enough.
    if (writing && performance.now() - savedAt.current < 1000) return;
    savedAt.current = performance.now();
    writeStored(storedConversation, turns);
  }, [turns, writing]);
  useEffect(() => {
    const save = (): void => {
      if (latest.current !== storedConversation.initial) writeStored(storedConversation, latest.current);
    };
    addEventListener('pagehide', save);
    return () => removeEventListener('pagehide', save);
  }, []);

  const write = useCallback(
    async (before: readonly Turn[], chosen: Settings): Promise<void> => {
      if (stopper.current || !model) return;
      const stop = new AbortController();
      stopper.current = stop;
      setWriting(true);
      setPutAway(undefined);
      let turn: ModelTurn = { id: newId(), writer: 'model', text: '', state: 'writing' };
      const show = (change: Partial<ModelTurn>): void => {
        turn = { ...turn, ...change };
        if (stop.signal.reason !== putAwayReason) setTurns([...before, turn]);
      };
      show({});
      const options = samplingOf(chosen, Math.random);
      const prompt = textOf(before);
      let started = performance.now();
      let hadToLoad = false;
      let runtime = '';
      let form: Readout['form'];
      let promptTokens = 0;
      let secondsToFirstToken = 0;
      let newTokens = 0;
      let firstToken = 0;
      const readout = (over: Partial<Readout>): Readout => ({
        runtime,
        place: chosen.place,
        form,
        model: model.name,
        secondsToFirstToken,
        // As far as it is known while tokens come.
        tokensPerSecond: newTokens > 1 ? (newTokens - 1) / ((performance.now() - firstToken) / 1000) : 0,
        newTokens,
        promptTokens,
        reason: 'aborted',
        seed: options.seed,
        ...over,
      });
      // Tokens may come a thousand a second; the page is drawn once a frame.
      let pending = '';
      let frame = 0;
      const draw = (): void => {
        frame = 0;
        const text = turn.text + pending;
        pending = '';
        show({ text, readout: readout({}) });
      };
      const take = (event: GenerateEvent | BrowserEvent): void => {
        switch (event.kind) {
          case 'loading':
          case 'preparing':
            hadToLoad = true;
            setProgress({ kind: 'preparing' });
            break;
          case 'download':
            hadToLoad = true;
            setProgress(event);
            break;
          case 'waiting':
            setProgress(event);
            break;
          case 'opened':
            ({ form } = event);
            break;
          case 'start':
            // Loading happens once; what is told is what a person waits for every time.
            if (hadToLoad) started = performance.now();
            ({ runtime, promptTokens } = event);
            break;
          case 'token':
            if (newTokens++ === 0) {
              firstToken = performance.now();
              secondsToFirstToken = (firstToken - started) / 1000;
              setProgress(undefined);
            }
            pending += event.text;
            if (frame === 0) frame = requestAnimationFrame(draw);
            break;
          case 'done':
            pending = '';
            show({
              text: event.text,
              state: 'done',
              readout: readout({
                tokensPerSecond: event.tokensPerSecond,
                newTokens: event.newTokens,
                reason: event.reason,
              }),
            });
        }
      };
      try {
        const events =
          chosen.place === 'server'
            ? await client.generate.query(
                { model: model.name, prompt, options, pastContext: 'slide' },
                { signal: stop.signal },
              )
            : writeInBrowser({ ...browserModel(chosen, model), prompt, options }, stop.signal);
        for await (const event of events) take(event);
        if (turn.state === 'writing') throw new Error('the stream ended early');
      } catch (error) {
        if (stop.signal.aborted) show({ text: turn.text + pending, state: 'done', readout: readout({}) });
        else {
          const failure =
            error instanceof BrowserModelError ? (error.failure ?? 'crashed') : (failureOf(error) ?? 'unreachable');
          show({ text: turn.text + pending, state: 'failed', failure });
        }
      } finally {
        cancelAnimationFrame(frame);
        stopper.current = undefined;
        setProgress(undefined);
        setWriting(false);
      }
    },
    [model],
  );

  return {
    turns,
    writing,
    progress,
    canUndo: putAway !== undefined,
    send(text) {
      // A continuation that failed before its first letter leaves no trace.
      const before = turns.filter((turn) => turn.writer === 'person' || turn.text !== '');
      const next: readonly Turn[] = text === '' ? before : [...before, { id: newId(), writer: 'person', text }];
      if (next.length > 0) void write(next, settings);
    },
    again: (other = settings) => void write(withoutLastContinuation(turns), other),
    stop: () => stopper.current?.abort(),
    newPage() {
      stopper.current?.abort(putAwayReason);
      if (turns.length > 0) setPutAway(turns);
      setTurns([]);
    },
    undo() {
      if (putAway) setTurns(putAway);
      setPutAway(undefined);
    },
  };
}
