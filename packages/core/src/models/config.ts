// Reading config.json: typed fields with defaults, and messages that name the field.

import { YumoError } from '../errors.ts';

type Json = Readonly<Record<string, unknown>>;

const wrong = (file: string, field: string, expected: string, got: unknown): never => {
  throw new YumoError('CONFIG', `${file}: "${field}" must be ${expected}, got ${JSON.stringify(got)}`, { field, got });
};

/** Typed access to the fields of one config.json. */
export interface ConfigFields {
  /** A whole number ≥ 1. */
  size(field: string, fallback?: number): number;
  number(field: string, fallback: number): number;
  /** A probability in [0, 1). */
  rate(field: string, fallback: number): number;
  flag(field: string, fallback: boolean): boolean;
  text(field: string, fallback: string): string;
  /** One of a few names. */
  choice<T extends string>(field: string, among: readonly T[], fallback: T): T;
  /** A whole number, or nothing. */
  optional(field: string): number | undefined;
}

export function configFields(json: Json, file = 'config.json'): ConfigFields {
  const given = (field: string): unknown => json[field] ?? undefined;
  return {
    size(field, fallback) {
      const x = given(field) ?? fallback;
      if (x === undefined) throw new YumoError('CONFIG', `${file}: "${field}" is missing`, { field });
      return Number.isInteger(x) && (x as number) >= 1 && (x as number) <= 2 ** 31
        ? (x as number)
        : wrong(file, field, 'a whole number ≥ 1', x);
    },
    number(field, fallback) {
      const x = given(field) ?? fallback;
      return typeof x === 'number' && Number.isFinite(x) ? x : wrong(file, field, 'a number', x);
    },
    rate(field, fallback) {
      const x = given(field) ?? fallback;
      return typeof x === 'number' && x >= 0 && x < 1 ? x : wrong(file, field, 'in [0, 1)', x);
    },
    flag(field, fallback) {
      const x = given(field) ?? fallback;
      return typeof x === 'boolean' ? x : wrong(file, field, 'true or false', x);
    },
    text(field, fallback) {
      const x = given(field) ?? fallback;
      return typeof x === 'string' ? x : wrong(file, field, 'a string', x);
    },
    choice(field, among, fallback) {
      const x = given(field) ?? fallback;
      return among.find((name) => name === x) ?? wrong(file, field, `one of ${among.join(', ')}`, x);
    },
    optional(field) {
      const x = given(field);
      return x === undefined
        ? undefined
        : Number.isInteger(x)
          ? (x as number)
          : wrong(file, field, 'a whole number or null', x);
    },
  };
}

/** Checks that one size divides another. */
export function requireDivides(divisor: [string, number], dividend: [string, number]): void {
  if (dividend[1] % divisor[1] !== 0) {
    throw new YumoError(
      'CONFIG',
      `config.json: "${dividend[0]}" (${dividend[1]}) must be a multiple of "${divisor[0]}" (${divisor[1]})`,
      {},
    );
  }
}

/**
 * Fields that change what a model computes and that ours do not build. Absent, null, false and empty ones change nothing.
 * @param neutral by field the value that is what we build
 * @throws YumoError `CONFIG` naming the first field that asks for something else
 */
export function refuse(json: Json, neutral: Readonly<Record<string, unknown>>): void {
  for (const [field, ours] of Object.entries(neutral)) {
    const given = json[field];
    const nothing =
      given === undefined ||
      given === null ||
      (ours !== true && given === false) ||
      (typeof given === 'object' && Object.keys(given).length === 0);
    if (!nothing && given !== ours)
      throw new YumoError(
        'CONFIG',
        `config.json: "${field}" is ${JSON.stringify(given)}, which is not supported${ours === false ? '' : `; ${JSON.stringify(ours)} is`}`,
        { field, given },
      );
  }
}

/** What no family here has. */
export const foreignToAll = { pruned_heads: false, quantization_config: false, tie_encoder_decoder: false };
/** An encoder used as a decoder. */
export const foreignToEncoders = { ...foreignToAll, is_decoder: false, add_cross_attention: false };
