// The one error class of yumo: a code for programs, a sentence for people, a detail for logs.

/** What kind of thing went wrong. Stable: programs may branch on it; the CLI maps each to an exit code. */
export type ErrorCode =
  | 'SHAPE' // shapes or types of tensors do not fit an operation
  | 'GRAPH' // a graph cannot be built, differentiated or lowered
  | 'RUNTIME' // an execution engine is missing or failed
  | 'FEED' // a program was given wrong, missing or unknown inputs
  | 'CONFIG' // a configuration or recipe field is wrong
  | 'CHECKPOINT' // a weights file is damaged, or does not fit the model
  | 'FILE' // a file is missing or unreadable
  | 'DATA' // a dataset is malformed
  | 'TOKENIZER' // a tokenizer does not fit the model, or its file is wrong
  | 'CONTEXT' // more tokens than the model's context holds
  | 'BUSY' // another process holds the run folder, or a queue is full
  | 'ABORTED' // the caller asked to stop
  | 'NUMERIC' // a loss or gradient is not finite
  | 'USAGE'; // a command line is wrong

/** Every failure that a caller can cause or cure. Bugs of ours are plain `Error('internal: …')`. */
export class YumoError extends Error {
  override readonly name = 'YumoError';
  readonly code: ErrorCode;
  /** The data at hand, JSON-serialisable. */
  readonly detail: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, detail: Readonly<Record<string, unknown>> = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.detail = detail;
  }
}

/** True for a {@link YumoError}, also one from another copy of this package (a worker, a second bundle). */
export function isYumoError(error: unknown): error is YumoError {
  return error instanceof Error && error.name === 'YumoError' && 'code' in error;
}

/** Throws `ABORTED` when the signal has fired. `who` names what was stopped. */
export function throwIfAborted(signal: AbortSignal | undefined, who: string): void {
  if (signal?.aborted) throw new YumoError('ABORTED', `${who}: stopped by the caller`, {}, signal.reason);
}

/** The candidate nearest to `name` by edit distance, if it is near enough to be meant (at most a third of the letters differ). */
export function nearest(name: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(name.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** `; did you mean "x"?`, or nothing. For the end of a message about an unknown name. */
export function suggestion(name: string, candidates: Iterable<string>): string {
  const best = nearest(name, candidates);
  return best === undefined ? '' : `; did you mean "${best}"?`;
}

/** Insertions, deletions, replacements and swaps of neighbours that lead from a to b, in UTF-16 units (Damerau 1964), three rows at a time. */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        next[j] = Math.min(next[j]!, before[j - 2]! + 1);
    }
    before = row;
    row = next;
  }
  return row[b.length]!;
}
