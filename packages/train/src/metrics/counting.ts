// Counting n-grams and what two texts share: the step that BLEU, chrF, ROUGE and SQuAD's F1 have in common.

/** How often each thing occurs. */
export type Tally = Map<string, number>;

export function tally(things: Iterable<string>): Tally {
  const counts: Tally = new Map();
  for (const thing of things) counts.set(thing, (counts.get(thing) ?? 0) + 1);
  return counts;
}

/** The runs of n tokens, each as one string. No token may hold U+0000. */
export function ngrams(tokens: readonly string[], n: number): string[] {
  const runs: string[] = [];
  for (let i = 0; i + n <= tokens.length; i++) runs.push(n === 1 ? tokens[i]! : tokens.slice(i, i + n).join('\0'));
  return runs;
}

/** Σ min(a, b): how many of the things of a are matched by one of b. */
export function shared(a: Tally, b: Tally): number {
  let matches = 0;
  for (const [thing, count] of a) matches += Math.min(count, b.get(thing) ?? 0);
  return matches;
}
