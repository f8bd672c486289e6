// What a check against reference values answers, and how far numbers may be apart.

import { isYumoError } from '../errors.ts';
import { toFloat64, type Value } from '../value.ts';

/** One line of the report. */
export interface CaseResult {
  readonly case: string;
  readonly status: 'pass' | 'fail' | 'unsupported';
  /** The largest error as a share of what is tolerated: 1 is the limit. Null where nothing was compared. */
  readonly worst: number | null;
  /** What was worst, or why the case was not run. */
  readonly detail?: string;
}

/** |ours − reference| ≤ relative · |reference| + absolute. */
export interface Tolerance {
  readonly rtol: number;
  readonly atol: number;
}

/** Collects the errors of one case. */
export class Comparison {
  worst = 0;
  detail = '';
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
  }

  /** Takes an error as a share of its tolerance. */
  note(share: number, what: string): void {
    const s = Number.isNaN(share) ? Number.POSITIVE_INFINITY : share;
    if (s > this.worst || this.detail === '') {
      this.worst = Math.max(s, this.worst);
      this.detail = what;
    }
  }

  /** Something that must be so. */
  require(holds: boolean, what: string): void {
    if (!holds) this.note(Number.POSITIVE_INFINITY, what);
  }

  /**
   * Compares number by number. Infinities and NaNs must be equal.
   * @param where entries that count; all by default.
   */
  numbers(
    what: string,
    ours: ArrayLike<number>,
    reference: ArrayLike<number>,
    tolerance: (reference: number) => number,
    where?: (index: number) => boolean,
  ): void {
    if (ours.length !== reference.length) {
      this.note(Number.POSITIVE_INFINITY, `${what}: ${ours.length} numbers, the reference has ${reference.length}`);
      return;
    }
    for (let i = 0; i < ours.length; i++) {
      if (where && !where(i)) continue;
      const [a, b] = [ours[i]!, reference[i]!];
      if (Object.is(a, b) || a === b) this.note(0, what);
      else this.note(Math.abs(a - b) / tolerance(b), `${what}[${i}]: ${a}, reference ${b}`);
    }
  }

  /** Compares tensors: shapes, then numbers. */
  values(
    what: string,
    ours: Value,
    reference: Value,
    { rtol, atol }: Tolerance,
    where?: (index: number) => boolean,
  ): void {
    if (ours.shape.join() !== reference.shape.join())
      this.note(Number.POSITIVE_INFINITY, `${what}: shape [${ours.shape}], the reference has [${reference.shape}]`);
    else this.numbers(what, toFloat64(ours), toFloat64(reference), (b) => rtol * Math.abs(b) + atol, where);
  }

  result(): CaseResult {
    return {
      case: this.#name,
      status: this.worst <= 1 ? 'pass' : 'fail',
      worst: Number.isFinite(this.worst) ? this.worst : null,
      ...(this.worst > 1 || this.worst === Number.POSITIVE_INFINITY ? { detail: this.detail } : {}),
    };
  }
}

export const unsupported = (name: string, detail: string): CaseResult => ({
  case: name,
  status: 'unsupported',
  worst: null,
  detail,
});

/** A case that is not ours, or cannot be read, as a result. */
export const failed = (title: string, error: unknown): CaseResult => {
  const message = error instanceof Error ? error.message : String(error);
  const foreign =
    isYumoError(error) && error.code === 'CONFIG' && /is not supported|is not known|has no head/.test(message);
  return foreign ? unsupported(title, message) : { case: title, status: 'fail', worst: null, detail: message };
};

/** One case after the other; one that cannot be read or run is one failed case. @param titleOf of a case, by its number */
export async function eachCase<T>(
  cases: readonly T[],
  titleOf: (described: T, index: number) => string,
  run: (described: T, title: string) => CaseResult | Promise<CaseResult>,
): Promise<CaseResult[]> {
  const results: CaseResult[] = [];
  for (const [i, described] of cases.entries()) {
    const title = titleOf(described, i);
    try {
      results.push(await run(described, title));
    } catch (error) {
      results.push(failed(title, error));
    }
  }
  return results;
}
