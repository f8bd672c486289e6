// The likeliest labels of a text's tokens together, among those that their scheme allows (Viterbi 1967): no entity goes on that did not begin.

/** How entities are written as labels of tokens: beginning and inside; or beginning, inside, end and single. */
export type LabelScheme = 'BIO' | 'BIOES';
export const labelSchemes: readonly LabelScheme[] = ['BIO', 'BIOES'];

/** `B-PER` → B, PER. A label without such a beginning continues its like. */
export function tagOf(label: string): readonly ['B' | 'I' | 'E' | 'S', string] {
  const found = /^([BIES])-(.+)$/.exec(label);
  return found ? [found[1] as 'B' | 'I' | 'E' | 'S', found[2]!] : ['I', label]; // the pattern has no other letters
}

/**
 * A label for each token, so that the product of their probabilities is the largest of all sequences in which I and E follow a B or I of their
 * own type and, with BIOES, B and I are followed by I or E of theirs.
 * @param probabilities of each token, one a label
 * @returns numbers of labels
 */
export function likeliestPath(
  probabilities: readonly ArrayLike<number>[],
  labels: readonly string[],
  scheme: LabelScheme,
): number[] {
  const outside = 'O';
  const tags = labels.map((label) => (/^[BIES]-/.test(label) ? tagOf(label) : ([outside, label] as const)));
  const isOpen = tags.map(([place]) => place === 'B' || place === 'I');
  const goesOn = tags.map(([place]) => place === 'I' || place === 'E');
  const mustClose = scheme === 'BIOES';
  const follows = (before: number, after: number): boolean =>
    goesOn[after]! ? isOpen[before]! && tags[before]![1] === tags[after]![1] : !(mustClose && isOpen[before]!);
  const before = labels.map((_, after) => labels.flatMap((_, b) => (follows(b, after) ? [b] : [])));
  const impossible = Number.NEGATIVE_INFINITY;
  let score = labels.map((_, l) => (goesOn[l] ? impossible : 0));
  const came: Int32Array[] = [];
  for (const [i, own] of probabilities.entries()) {
    const from = new Int32Array(labels.length).fill(-1);
    score = labels.map((_, l) => {
      let best = i === 0 ? score[l]! : impossible;
      if (i > 0)
        for (const b of before[l]!)
          if (score[b]! > best) {
            best = score[b]!;
            from[l] = b;
          }
      // No probability is so small that the whole sequence counts for nothing.
      return best + Math.log(Math.max(own[l]!, Number.MIN_VALUE));
    });
    came.push(from);
  }
  const ends = score.map((s, l) => (mustClose && isOpen[l]! ? impossible : s));
  const path: number[] = [];
  let at = largest(ends.some((s) => s > impossible) ? ends : score);
  for (let i = probabilities.length - 1; i >= 0; i--) {
    path.push(at);
    at = came[i]![at]!;
  }
  return path.reverse();
}

const largest = (numbers: readonly number[]): number =>
  numbers.reduce((best, x, i) => (x > numbers[best]! ? i : best), 0);
