// The one error class of this package: a code for programs, a message for people, a detail for logs.

/** What went wrong, for programs. */
export type TokenizerErrorCode =
  /** A file is not what it should be: bad JSON, a missing or ill-typed field, a truncated binary. */
  | 'FORMAT'
  /** A component, option or class that this package does not know. */
  | 'UNKNOWN'
  /** The vocabulary contradicts itself: duplicate ids, merges of missing tokens, no unknown token. */
  | 'VOCABULARY'
  /** A regular expression that has no equal in JavaScript. */
  | 'PATTERN'
  /** Truncation that cannot be done as asked. */
  | 'TRUNCATION'
  /** An argument out of its range. */
  | 'ARGUMENT'
  /** A character that the model cannot represent and for which it has no unknown token. */
  | 'UNENCODABLE';

/** Every error that this package throws on purpose. `message` says who, what is wrong with which value, and the way out. */
export class TokenizerError extends Error {
  readonly code: TokenizerErrorCode;
  readonly detail: Readonly<Record<string, unknown>>;

  constructor(
    code: TokenizerErrorCode,
    message: string,
    detail: Readonly<Record<string, unknown>> = {},
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'TokenizerError';
    this.code = code;
    this.detail = detail;
  }
}

/** A value as it may be shown in a message: JSON, cut to a length a person reads. */
export function show(value: unknown): string {
  const text = value === undefined ? 'nothing' : (JSON.stringify(value) ?? String(value));
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

/** The name of `names` nearest to `name` by edit distance. */
export function nearest(name: string, names: readonly string[]): string | undefined {
  const distance = (other: string) => editDistance(name.toLowerCase().slice(0, 64), other.toLowerCase());
  return [...names].sort((a, b) => distance(a) - distance(b))[0];
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length]!;
}
