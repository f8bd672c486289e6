// Sizes of axes: numbers, names, and the sums and products of names that graphs produce.

/**
 * The size of an axis. A number, or a polynomial in named sizes in canonical spelling: `batch`, `past+sequence`,
 * `batch*sequence`, `3*sequence+1`. Equal sizes have equal spellings, so `===` compares them.
 */
export type Dim = number | string;

/** Monomial (`"batch*sequence"`, `""` for the constant) → coefficient. */
type Polynomial = Map<string, number>;

/** Every run of a program asks for the same few. */
const parsed = new Map<string, Polynomial>();

function parse(d: Dim): Polynomial {
  if (typeof d === 'number') return new Map([['', d]]);
  const known = parsed.get(d) ?? parseTerms(d);
  if (parsed.size < 1000) parsed.set(d, known);
  return new Map(known);
}

function parseTerms(d: string): Polynomial {
  const terms: Polynomial = new Map();
  for (const term of d.split('+')) {
    let coefficient = 1;
    const names: string[] = [];
    for (const factor of term.split('*')) {
      if (/^-?\d+$/.test(factor)) coefficient *= Number(factor);
      else names.push(factor);
    }
    const key = names.sort().join('*');
    terms.set(key, (terms.get(key) ?? 0) + coefficient);
  }
  return terms;
}

function spell(p: Polynomial): Dim {
  const terms = [...p].filter(([, c]) => c !== 0).sort(([a], [b]) => (a === '' ? 1 : b === '' ? -1 : a < b ? -1 : 1));
  if (terms.length === 0) return 0;
  if (terms.length === 1 && terms[0]![0] === '') return terms[0]![1];
  return terms.map(([names, c]) => (names === '' ? `${c}` : c === 1 ? names : `${c}*${names}`)).join('+');
}

/** a + b. */
export function addDims(a: Dim, b: Dim): Dim {
  if (typeof a === 'number' && typeof b === 'number') return a + b;
  const sum = parse(a);
  for (const [names, c] of parse(b)) sum.set(names, (sum.get(names) ?? 0) + c);
  return spell(sum);
}

/** a · b. */
export function multiplyDims(a: Dim, b: Dim): Dim {
  if (typeof a === 'number' && typeof b === 'number') return a * b;
  const product: Polynomial = new Map();
  for (const [an, ac] of parse(a)) {
    for (const [bn, bc] of parse(b)) {
      const names = [...an.split('*'), ...bn.split('*')].filter(Boolean).sort().join('*');
      product.set(names, (product.get(names) ?? 0) + ac * bc);
    }
  }
  return spell(product);
}

/** The product of all sizes; 1 for none. */
export const productOfDims = (dims: readonly Dim[]): Dim => dims.reduce<Dim>(multiplyDims, 1);

/** The names that occur in a size: `past+3*sequence` → past, sequence. */
export function namesIn(d: Dim): string[] {
  return typeof d === 'number' ? [] : [...new Set([...parse(d).keys()].flatMap((k) => k.split('*')).filter(Boolean))];
}

/** The canonical sum of products, for code generators: `[[coefficient, names], …]`. */
export function termsOf(d: Dim): [coefficient: number, names: string[]][] {
  return [...parse(d)].map(([k, c]) => [c, k.split('*').filter(Boolean)]);
}

/** The number that a size stands for when its names have these values; undefined when one is missing. */
export function evaluateDim(d: Dim, sizes: ReadonlyMap<string, number>): number | undefined {
  if (typeof d === 'number') return d;
  const named = sizes.get(d); // most are a name alone, and every feed of every run asks
  if (named !== undefined) return named;
  let total = 0;
  for (const [c, names] of termsOf(d)) {
    let term = c;
    for (const name of names) {
      const size = sizes.get(name);
      if (size === undefined) return undefined;
      term *= size;
    }
    total += term;
  }
  return total;
}
