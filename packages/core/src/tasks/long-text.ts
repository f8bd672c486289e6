// A text longer than the model's context, continued: the model reads the end of it, and reads again as the text grows.

import { StopStrings } from '../generate/stop.ts';
import type { GenerationEvent, TextGenerationOptions, TextGenerator } from './text-generation.ts';

type Done = GenerationEvent & { kind: 'done' };

/** Of a full context, the part that is read again; the rest is room to write. */
const share = 3 / 4;

/** Spreads the rounds' seeds over all of them (2³² divided by the golden ratio). */
const seedStride = 0x9e3779b9;

/**
 * As {@link TextGenerator.stream}, without a limit on the prompt or on what follows it. While everything fits into the context the tokens are
 * the same. A text that does not fit is cut to its last ¾ context, and so it is each time the context is full; penalties count what is read.
 *
 * `start.promptTokens` is what the model reads at first, `done.promptTokens` the length of the whole prompt.
 * @throws YumoError as `TextGenerator.stream`, except `CONTEXT`.
 */
export async function* streamLongText(
  generator: TextGenerator,
  prompt: string,
  { maxNewTokens = 256, stop = [], seed = 0, ...options }: TextGenerationOptions = {},
): AsyncGenerator<GenerationEvent, void, undefined> {
  const { tokenizer, contextLength } = generator;
  const kept = Math.max(1, Math.floor(contextLength * share));
  /** The text that is read next, at most `most` tokens of it. */
  const endOf = (text: string, most: number): string => {
    const ids = tokenizer.encodeIds(text);
    if (ids.length <= most) return text;
    let from = ids.length - most;
    // A cut inside a character shows as U+FFFD at the front; and text taken alone may fall into more tokens, or gain a begin token.
    for (; from < ids.length - 1; from++) {
      const end = tokenizer.decode(ids.subarray(from), { skipSpecialTokens: true });
      if (!end.startsWith('\ufffd') && tokenizer.encodeIds(end).length <= most) return end;
    }
    return text.slice(-1);
  };

  const promptTokens = tokenizer.encodeIds(prompt).length;
  const stops = new StopStrings(stop);
  let whole = prompt; // with what a beginning stop string holds back
  let text = ''; // what is shown
  let newTokens = 0;
  let secondsToFirstToken = 0;
  let firstToken = 0;
  let reason: Done['reason'] = 'length';
  let read = promptTokens > contextLength ? endOf(prompt, kept) : prompt;
  for (let round = 0; ; round++) {
    let written = '';
    const events = generator.stream(read, {
      ...options,
      maxNewTokens: maxNewTokens - newTokens,
      seed: (seed + round * seedStride) % 2 ** 32,
    });
    for await (const event of events) {
      if (event.kind === 'start') {
        if (round === 0) yield event;
      } else if (event.kind === 'token') {
        if (newTokens++ === 0) firstToken = performance.now();
        written += event.text;
        const shown = stops.push(event.text);
        text += shown;
        yield { ...event, text: shown };
        if (stops.stopped) break;
      } else {
        if (round === 0) ({ secondsToFirstToken } = event);
        ({ reason } = event);
        // Half a character at the edge of a context is dropped: the next round writes it anew.
        if (reason !== 'context' || newTokens >= maxNewTokens) text += stops.push(event.text.slice(written.length));
      }
    }
    whole += written;
    if (stops.stopped || reason !== 'context' || newTokens >= maxNewTokens) break;
    read = endOf(whole, kept);
  }
  text += stops.end();
  const seconds = (performance.now() - firstToken) / 1000;
  yield {
    kind: 'done',
    text,
    reason: stops.stopped ? 'stop' : reason === 'context' ? 'length' : reason,
    promptTokens,
    newTokens,
    secondsToFirstToken,
    tokensPerSecond: newTokens > 1 && seconds > 0 ? (newTokens - 1) / seconds : 0,
  };
}
