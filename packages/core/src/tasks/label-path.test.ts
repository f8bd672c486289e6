// The likeliest sequence of labels, against all sequences tried out.

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type LabelScheme, likeliestPath } from './label-path.ts';

const labels: Readonly<Record<LabelScheme, readonly string[]>> = {
  BIO: ['O', 'B-a', 'I-a', 'B-b', 'I-b'],
  BIOES: ['O', 'B-a', 'I-a', 'E-a', 'S-a', 'B-b', 'I-b', 'E-b', 'S-b'],
};

/** Whether a whole sequence is written as the scheme says, read from left to right. */
function isWellFormed(sequence: readonly string[], scheme: LabelScheme): boolean {
  let open: string | undefined;
  for (const label of sequence) {
    const [place, type] = label === 'O' ? ['O', undefined] : [label[0]!, label.slice(2)];
    if (place === 'I' || place === 'E') {
      if (open !== type) return false;
    } else if (scheme === 'BIOES' && open !== undefined) return false;
    open = place === 'B' || place === 'I' ? type : undefined;
  }
  return scheme === 'BIO' || open === undefined;
}

const sequences = (names: readonly string[], length: number): number[][] =>
  length === 0 ? [[]] : sequences(names, length - 1).flatMap((s) => names.map((_, l) => [...s, l]));

it.each(['BIO', 'BIOES'] as const)('%s: no allowed sequence is likelier', (scheme) => {
  const names = labels[scheme];
  const row = fc.array(fc.double({ min: 0.001, max: 1, noNaN: true }), {
    minLength: names.length,
    maxLength: names.length,
  });
  fc.assert(
    fc.property(fc.array(row, { minLength: 1, maxLength: scheme === 'BIO' ? 5 : 4 }), (rows) => {
      const score = (path: readonly number[]): number => path.reduce((sum, l, i) => sum + Math.log(rows[i]![l]!), 0);
      const allowed = sequences(names, rows.length).filter((s) =>
        isWellFormed(
          s.map((l) => names[l]!),
          scheme,
        ),
      );
      const path = likeliestPath(rows, names, scheme);
      expect(
        isWellFormed(
          path.map((l) => names[l]!),
          scheme,
        ),
      ).toBe(true);
      expect(score(path)).toBeCloseTo(Math.max(...allowed.map(score)), 9);
    }),
    { numRuns: 60 },
  );
});

it('is the likeliest label of each token where those fit together', () => {
  const rows = [
    [0.1, 0.8, 0.1, 0, 0],
    [0.2, 0, 0.8, 0, 0],
    [0.9, 0, 0.1, 0, 0],
  ];
  expect(likeliestPath(rows, labels.BIO, 'BIO')).toEqual([1, 2, 0]);
});

it('knows no text without tokens', () => {
  expect(likeliestPath([], labels.BIO, 'BIO')).toEqual([]);
});
