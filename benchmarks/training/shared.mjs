// What the benchmarks of a training step share: the sizes, the token stream, and what a process says of itself.
import { existsSync, readFileSync } from 'node:fs';

/** Models by name: sizes of the network, tokens of a row, rows of a batch, tokens of the vocabulary. */
export const sizes = {
  S: { model: 'gpt2', hidden: 256, layers: 4, heads: 4, context: 128, batch: 16, vocabulary: 4096 },
  M: { model: 'gpt2', hidden: 384, layers: 6, heads: 6, context: 256, batch: 8, vocabulary: 8192 },
  C: { model: 'gpt2', hidden: 384, layers: 6, heads: 6, context: 256, batch: 8, vocabulary: 65 },
  XS: { model: 'gpt2', hidden: 128, layers: 2, heads: 2, context: 64, batch: 8, vocabulary: 512 },
  bert: { model: 'bert', hidden: 256, layers: 4, heads: 4, context: 128, batch: 16, vocabulary: 8192 },
  t5: { model: 't5', hidden: 256, layers: 4, heads: 4, context: 64, batch: 16, vocabulary: 4096 },
};

/** Endless batches of `rows × length` tokens: each token is the last one plus 1 to 4, by Numerical Recipes' generator. */
export function* tokenBatches(rows, length, vocabulary) {
  let state = 1;
  let token = 0;
  for (;;) {
    yield Int32Array.from({ length: rows * length }, () => {
      state = (Math.imul(1664525, state) + 1013904223) >>> 0;
      token = (token + 1 + (state >>> 30)) % vocabulary;
      return token;
    });
  }
}

/** `length` tokens of each row of a batch whose rows hold one more, from a place on: the inputs are from 0, the labels from 1. */
export const columns = (drawn, rows, length, from) =>
  Int32Array.from(
    { length: rows * length },
    (_, j) => drawn[Math.floor(j / length) * (length + 1) + (j % length) + from],
  );

export const median = (xs) => xs.toSorted((a, b) => a - b)[xs.length >> 1];

/** The largest resident set of this process so far, in MiB. */
export function peakMegabytes() {
  const status = existsSync('/proc/self/status') ? readFileSync('/proc/self/status', 'utf8') : '';
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? process.resourceUsage().maxRSS) / 1024;
}

/**
 * Runs steps and tells of them in one line of JSON, the last of the output.
 * @param run one step on a batch of tokens; answers its loss.
 * @param facts what else to tell.
 */
export async function reportSteps({ batch, context, vocabulary, steps, warmup }, run, facts) {
  const stream = tokenBatches(batch, context + 1, vocabulary);
  const [seconds, cpuSeconds, losses] = [[], [], []];
  for (let i = 0; i < warmup + steps; i++) {
    const drawn = stream.next().value;
    const began = performance.now();
    const before = process.cpuUsage();
    losses.push(await run(drawn, i));
    if (i < warmup) continue;
    seconds.push((performance.now() - began) / 1000);
    const { user, system } = process.cpuUsage(before);
    cpuSeconds.push((user + system) / 1e6);
  }
  const measured = {
    secondsPerStep: median(seconds),
    bestSecondsPerStep: Math.min(...seconds),
    cpuSecondsPerStep: median(cpuSeconds),
    peakMegabytes: peakMegabytes(),
    losses,
  };
  console.log(JSON.stringify({ ...measured, ...facts }));
}
