// Rotary positions as config.json describes them: `rope_theta` and `rope_scaling`, or both in `rope_parameters` (transformers 5).

import { suggestion, YumoError } from '../errors.ts';
import type { RotaryScaling } from '../nn/position.ts';
import { type ConfigFields, configFields } from './config.ts';

type Json = Readonly<Record<string, unknown>>;

export interface RotaryConfig {
  readonly base: number;
  readonly scaling: RotaryScaling | null;
  /** Share of each head that is rotated. */
  readonly share: number;
}

const kinds = ['default', 'linear', 'dynamic', 'llama3', 'yarn'] as const;
const isObject = (x: unknown): x is Json => typeof x === 'object' && x !== null && !Array.isArray(x);

/**
 * @param fields older names: of the base, and of the share
 * @throws YumoError `CONFIG` for a kind of scaling that is not known, or without its numbers
 */
export function readRotary(
  json: Json,
  defaults: { readonly base: number; readonly share: number },
  fields: { readonly base: string; readonly share: string } = { base: 'rope_theta', share: 'partial_rotary_factor' },
): RotaryConfig {
  const name = isObject(json.rope_parameters) ? 'rope_parameters' : 'rope_scaling';
  const given = json[name] ?? {};
  if (!isObject(given))
    throw new YumoError('CONFIG', `config.json: "${name}" must be an object, got ${JSON.stringify(given)}`, { given });
  const outer = configFields(json);
  const inner = configFields(given, `config.json: ${name}`);
  const base = inner.number('rope_theta', outer.number(fields.base, defaults.base));
  const share = inner.number('partial_rotary_factor', outer.number(fields.share, defaults.share));
  if (!(base > 1) || !(share > 0 && share <= 1))
    throw new YumoError(
      'CONFIG',
      `config.json: rotary positions need a base above 1 and a share in (0, 1], got ${base} and ${share}`,
      { base, share },
    );
  return { base, share, scaling: readScaling(given, inner, name, outer.size('max_position_embeddings', 2048)) };
}

function readScaling(given: Json, f: ConfigFields, name: string, length: number): RotaryScaling | null {
  const asked = f.text('rope_type', f.text('type', 'default'));
  const kind = kinds.find((k) => k === asked);
  if (!kind)
    throw new YumoError(
      'CONFIG',
      `config.json: ${name} "${asked}" is not supported${suggestion(asked, kinds)}; known: ${kinds.join(', ')}`,
      { kind: asked },
    );
  if (kind === 'default') {
    // transformers 5 keeps one set of numbers for each kind of layer in models of other families.
    const nested = Object.entries(given).find(([, v]) => isObject(v));
    if (nested)
      throw new YumoError('CONFIG', `config.json: ${name} for layers of kind "${nested[0]}" is not supported`, {});
    return null;
  }
  const trained = f.optional('original_max_position_embeddings');
  const above = (field: string, fallback?: number): number => {
    const x = f.number(field, fallback ?? Number.NaN); // not a number: named as missing
    if (!(x > 0)) throw new YumoError('CONFIG', `config.json: ${name}: "${field}" must be above 0, got ${x}`, { x });
    return x;
  };
  // Of yarn the factor is the ratio of the two lengths where it is not given.
  const factor = above('factor', kind === 'yarn' && trained !== undefined ? length / trained : undefined);
  if (kind === 'linear') return { kind, factor };
  if (kind === 'dynamic') return { kind, factor, trainedLength: trained ?? length };
  const trainedLength = trained ?? (kind === 'llama3' ? 8192 : length);
  if (kind === 'llama3') {
    const [low, high] = [above('low_freq_factor', 1), above('high_freq_factor', 4)];
    if (low >= high)
      throw new YumoError(
        'CONFIG',
        `config.json: ${name}: "low_freq_factor" ${low} must be below "high_freq_factor" ${high}`,
        { low, high },
      );
    return { kind, factor, trainedLength, low, high };
  }
  const [mscale, mscaleAll] = [f.number('mscale', 0), f.number('mscale_all_dim', 0)];
  const strength = (m: number): number => (factor <= 1 ? 1 : 0.1 * m * Math.log(factor) + 1);
  const usual = mscale && mscaleAll ? strength(mscale) / strength(mscaleAll) : strength(1);
  return {
    kind,
    factor,
    trainedLength,
    attention: above('attention_factor', usual),
    fast: above('beta_fast', 32),
    slow: above('beta_slow', 1),
    whole: f.flag('truncate', true),
  };
}

/** Most positions: what the scaling stretches the trained length to. */
export function rotaryContext(length: number, scaling: RotaryScaling | null): number {
  if (scaling?.kind === 'linear' || scaling?.kind === 'dynamic') return Math.floor(length * scaling.factor);
  return scaling?.kind === 'yarn' ? Math.max(length, Math.floor(scaling.trainedLength * scaling.factor)) : length;
}

/** Under `dynamic` scaling the number of keys turns the angles, so none may be counted that is not there: as if by a window of all positions. */
export const countedKeys = (length: number, scaling: RotaryScaling | null): number | undefined =>
  scaling?.kind === 'dynamic' ? rotaryContext(length, scaling) : undefined;
