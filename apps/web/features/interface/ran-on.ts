// Where something ran, in a few words.

import type { Dictionary } from './dictionary.ts';

/** `This browser · wasm · 8-bit`. */
export const ranOn = (
  {
    place,
    runtime,
    form,
  }: {
    readonly place: 'server' | 'browser';
    readonly runtime: string;
    readonly form?: 'small' | 'full' | undefined;
  },
  t: Dictionary,
): string =>
  [place === 'server' ? t.server : t.browser, runtime, ...(form === 'small' ? [t.eightBit] : [])].join(' · ');
