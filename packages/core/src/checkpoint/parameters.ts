// From the tensors of a checkpoint to the parameters of a model: names of older files, tied weights, types.

import { YumoError } from '../errors.ts';
import type { Parameter } from '../nn/scope.ts';
import type { Values } from '../runtimes/runtime.ts';
import { brainHalfToNumber, halfToNumber, type Value } from '../value.ts';
import type { TensorFile } from './safetensors.ts';

/** What an architecture knows about the names in its checkpoints. */
export interface NameRules {
  /** Pattern of a foreign name → ours, as for `String.replace`. Tried in order; the first that gives a known name holds. */
  readonly olderNames: readonly (readonly [RegExp, string])[];
  /** Stored tensors that are no parameters: mask buffers, position indices, second copies of tied weights. */
  readonly ignoredNames: readonly RegExp[];
}

/** How a checkpoint and a model fit. */
export interface Match {
  /** Parameter → tensor of the file. */
  readonly found: ReadonlyMap<string, string>;
  readonly missing: readonly string[];
  readonly unexpected: readonly string[];
  readonly misshaped: readonly {
    readonly name: string;
    readonly expected: readonly number[];
    readonly stored: readonly number[];
  }[];
  /** Parameters that several tensors claim, none of them by the exact name. */
  readonly ambiguous: readonly { readonly name: string; readonly stored: readonly string[] }[];
}

/** TensorFlow's names of the scale and shift of a normalisation, in BERT checkpoints converted before 2019. */
const normalisation = [
  [/\.gamma$/, '.weight'],
  [/\.beta$/, '.bias'],
] as const;

/** Our names that a stored name may stand for, most literal first. */
function* candidates(name: string, { olderNames }: NameRules, roots: readonly string[]): Generator<string> {
  const spellings = [name];
  for (const [pattern, present] of normalisation)
    if (pattern.test(name)) spellings.push(name.replace(pattern, present));
  for (const spelling of [...spellings])
    for (const [pattern, present] of olderNames)
      if (pattern.test(spelling)) spellings.push(spelling.replace(pattern, present));
  yield* spellings;
  // Saved from the bare model (prefix missing), or from a wrapper (one prefix too many).
  for (const spelling of spellings) {
    for (const root of roots) yield `${root}.${spelling}`;
    const dot = spelling.indexOf('.');
    if (dot > 0) yield spelling.slice(dot + 1);
  }
}

/** Compares a checkpoint with a model without reading numbers. */
export function matchParameters(file: TensorFile, parameters: readonly Parameter[], rules: NameRules): Match {
  const wanted = new Map(parameters.map((p) => [p.name, p]));
  const roots = [...new Set(parameters.map((p) => p.name.split('.', 1)[0]!))];
  const found = new Map<string, string>();
  const claims = new Map<string, string[]>();
  const unexpected: string[] = [];
  const ignored = (name: string): boolean => rules.ignoredNames.some((pattern) => pattern.test(name));
  for (const name of file.names) {
    if (wanted.has(name)) {
      found.set(name, name);
      continue;
    }
    const ours = [...candidates(name, rules, roots)].find((candidate) => wanted.has(candidate));
    // What another head would want is ignored only where no rule gives it a place here.
    if (ours === undefined && ignored(name)) continue;
    if (ours === undefined) unexpected.push(name);
    else claims.set(ours, [...(claims.get(ours) ?? []), name]);
  }
  const ambiguous: { name: string; stored: string[] }[] = [];
  for (const [name, all] of claims) {
    if (found.has(name)) continue; // the exact name wins; the other is its tied copy
    // So does a tensor of the model itself over another head's copy of it.
    const own = all.filter((n) => !ignored(n));
    const stored = own.length > 0 ? own : all;
    if (stored.length > 1) ambiguous.push({ name, stored });
    found.set(name, stored[0]!);
  }
  return {
    found,
    ambiguous,
    unexpected,
    missing: parameters.filter((p) => !found.has(p.name)).map((p) => p.name),
    misshaped: parameters.flatMap((p) => {
      const stored = found.has(p.name) ? file.form(found.get(p.name)!).shape : p.shape;
      const same = stored.length === p.shape.length && stored.every((d, i) => d === p.shape[i]);
      return same ? [] : [{ name: p.name, expected: p.shape, stored }];
    }),
  };
}

const listed = (names: readonly string[]): string =>
  `${names.slice(0, 8).join(', ')}${names.length > 8 ? `, and ${names.length - 8} more` : ''}`;

/**
 * Reads every parameter as float32; half floats and integers are widened.
 * @throws YumoError `CHECKPOINT` naming all missing, unexpected and wrongly shaped tensors together, before any is read.
 */
export async function loadParameters(
  file: TensorFile,
  parameters: readonly Parameter[],
  rules: NameRules,
  {
    signal,
    unexpected: surplus = 'error',
    onProgress,
  }: {
    readonly signal?: AbortSignal;
    /** What tensors that the model has no use for mean. */
    readonly unexpected?: 'error' | 'ignore';
    readonly onProgress?: (loaded: number, total: number) => void;
  } = {},
): Promise<Values> {
  const match = matchParameters(file, parameters, rules);
  const complaints = [
    match.missing.length > 0 && `missing: ${listed(match.missing)}`,
    surplus === 'error' && match.unexpected.length > 0 && `unexpected: ${listed(match.unexpected)}`,
    match.misshaped.length > 0 &&
      `wrong shape: ${listed(match.misshaped.map((m) => `${m.name} is [${m.stored.join(', ')}], the model has [${m.expected.join(', ')}]`))}`,
    match.ambiguous.length > 0 &&
      `ambiguous: ${listed(match.ambiguous.map((a) => `${a.name} could be ${a.stored.join(' or ')}`))}`,
  ].filter((c) => c !== false);
  if (complaints.length > 0)
    throw new YumoError('CHECKPOINT', `${file.path} does not fit the model; ${complaints.join('; ')}`, {
      missing: match.missing,
      unexpected: match.unexpected,
      misshaped: match.misshaped,
      ambiguous: match.ambiguous,
    });
  const values: Record<string, Value> = {};
  let loaded = 0;
  for (const { name } of parameters) {
    values[name] = toFloat32(await file.read(match.found.get(name)!, signal ? { signal } : {}));
    onProgress?.(++loaded, parameters.length);
  }
  return values;
}

/** The same numbers as float32: half floats exactly, doubles rounded. */
export function toFloat32(v: Value): Value<'float32'> {
  if (v.dtype === 'float32') return v as Value<'float32'>; // just compared
  const { shape, data } = v;
  const widened = new Float32Array(data.length);
  if (v.dtype === 'float16') for (let i = 0; i < widened.length; i++) widened[i] = halfToNumber(data[i] as number);
  else if (v.dtype === 'bfloat16')
    for (let i = 0; i < widened.length; i++) widened[i] = brainHalfToNumber(data[i] as number);
  else for (let i = 0; i < widened.length; i++) widened[i] = Number(data[i]);
  return { dtype: 'float32', shape, data: widened };
}
