// Which engine runs: the one that was named, or the fastest that is there and right. What was passed over is reported with its reason.

import { suggestion, throwIfAborted, YumoError } from '../errors.ts';
import { checkRuntime } from './check.ts';
import type { Runtime } from './runtime.ts';

/** An engine that may be there. */
export interface Candidate {
  /** What `--device` takes. */
  readonly name: string;
  /** Computes on a GPU: checked against the interpreter before it is trusted, and must be faster than a processor that plays one. */
  readonly gpu: boolean;
  /** Why it cannot be there, when that is known without loading it: loading prints, takes seconds, or downloads. */
  absent?(): Promise<string | undefined>;
  /** @throws when the engine is missing. */
  open(): Promise<Runtime>;
}

export interface Rejection {
  readonly name: string;
  /** A sentence for people. */
  readonly reason: string;
}

export interface RuntimeChoice {
  readonly runtime: Runtime;
  /** Why this one, in a sentence for people. */
  readonly reason: string;
  /** What was tried before it, in that order. Empty when the first choice worked. */
  readonly rejected: readonly Rejection[];
}

export interface ChooseOptions {
  /** `auto` (default) or the name of a candidate. */
  readonly device?: string;
  readonly signal?: AbortSignal;
}

/** Software that plays a GPU reaches 0.4 · 10⁹ operations a second in the check, the slowest GPU hundreds of times that. */
export const leastGigaflops = 2;

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** What is wrong with an engine, found by running it: a product of matrices and an attention block. Undefined when it is right and fast. */
async function fault(runtime: Runtime, mustBeFast: boolean, signal?: AbortSignal): Promise<string | undefined> {
  let checked = 0;
  for await (const check of checkRuntime(runtime, { runs: 3, ...(signal ? { signal } : {}) })) {
    if (!check.ok)
      return `its ${check.check} is off by ${check.worst.toExponential(1)} (at most ${check.tolerance} is rounding): the engine or its driver computes wrongly`;
    if (mustBeFast && check.check === 'matmul' && check.gigaflops < leastGigaflops)
      return `it is software that plays a GPU (${check.gigaflops.toPrecision(2)} · 10⁹ operations a second), slower than the processor itself`;
    if (++checked === 2) return undefined; // the training step takes the interpreter a second and shows no more
  }
  return undefined;
}

/**
 * @param candidates in the order of preference; `auto` takes the first that opens, and GPUs only when they pass the check.
 * @throws YumoError `RUNTIME` when the named engine is unknown, missing or wrong, or `auto` finds none.
 */
export async function chooseAmong(
  candidates: readonly Candidate[],
  { device = 'auto', signal }: ChooseOptions = {},
): Promise<RuntimeChoice> {
  const names = candidates.map((c) => c.name);
  const attempt = async (candidate: Candidate, mustBeFast: boolean): Promise<Runtime | Rejection> => {
    throwIfAborted(signal, 'chooseRuntime');
    const { name } = candidate;
    try {
      const absent = await candidate.absent?.();
      if (absent !== undefined) return { name, reason: absent };
      const runtime = await candidate.open();
      const wrong = candidate.gpu ? await fault(runtime, mustBeFast, signal) : undefined;
      return wrong === undefined ? runtime : { name, reason: wrong };
    } catch (error) {
      throwIfAborted(signal, 'chooseRuntime');
      // The name stands beside it already, and the way out of a choice is another than that of a name.
      const reason = messageOf(error)
        .replace(`--device ${name}: `, '')
        .replace(/(,| or|;|, or) use (--device )?[\w-]+$/, '');
      return { name, reason };
    }
  };

  if (device !== 'auto') {
    const named = candidates.find((c) => c.name === device);
    if (!named)
      throw new YumoError(
        'RUNTIME',
        `--device ${device}: no such engine${suggestion(device, [...names, 'auto'])}; engines: auto, ${names.join(', ')}`,
        { device },
      );
    const result = await attempt(named, false);
    if ('reason' in result)
      throw new YumoError('RUNTIME', `--device ${device} cannot be used: ${result.reason}; use --device auto`, {
        device,
      });
    return { runtime: result, reason: 'named by --device', rejected: [] };
  }

  const rejected: Rejection[] = [];
  for (const candidate of candidates) {
    const result = await attempt(candidate, true);
    if ('reason' in result) {
      rejected.push(result);
      continue;
    }
    const checked = candidate.gpu ? ', agrees with the interpreter' : '';
    const before = rejected.length === 0 ? 'the first choice' : `after ${rejected.map((r) => r.name).join(', ')}`;
    return { runtime: result, reason: `${before}${checked}`, rejected };
  }
  throw new YumoError(
    'RUNTIME',
    `no engine can be used: ${rejected.map(({ name, reason }) => `${name}: ${reason}`).join('; ')}`,
    { rejected },
  );
}
