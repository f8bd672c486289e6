// What a person chose for the next continuation, kept over reloads.

import type { ModelInfo, Sampling } from '@yumo/serve/client';
import type { Form } from '@yumo/serve/tasks';
import type { BrowserModel } from '../../workers/messages.ts';
import type { Stored } from '../interface/stored.ts';

export type Place = 'server' | 'browser';
export type Device = 'auto' | 'webgpu' | 'wasm';

export interface Settings {
  readonly place: Place;
  /** For the browser. */
  readonly device: Device;
  /** For the browser: 8-bit files where there are some, or the weights as they are. */
  readonly form: Form;
  /** null: the server's default. */
  readonly model: string | null;
  readonly temperature: number;
  /** 0: off. */
  readonly topK: number;
  /** 1: off. */
  readonly topP: number;
  readonly maxNewTokens: number;
  /** null: a new one each time. */
  readonly seed: number | null;
}

export const defaults: Settings = {
  place: 'server',
  device: 'auto',
  form: 'small',
  model: null,
  temperature: 0.8,
  topK: 0,
  topP: 0.95,
  maxNewTokens: 240,
  seed: null,
};

/** Lowest, highest, step. */
export const ranges = {
  temperature: [0, 2, 0.05],
  topK: [0, 200, 1],
  topP: [0.05, 1, 0.05],
  maxNewTokens: [10, 1000, 10],
} as const;

export const largestSeed = 2 ** 32 - 1;

/** What the engine is asked for. The seed is always named, so that the readout can tell it. */
export function samplingOf({ temperature, topK, topP, maxNewTokens, seed }: Settings, random: () => number): Sampling {
  if (temperature === 0) return { maxNewTokens, temperature };
  return {
    maxNewTokens,
    temperature,
    ...(topK > 0 ? { topK } : {}),
    ...(topP < 1 ? { topP } : {}),
    seed: seed ?? Math.floor(random() * (largestSeed + 1)),
  };
}

const inRange = (x: unknown, [low, high]: readonly [number, number, number], otherwise: number): number =>
  typeof x === 'number' && x >= low && x <= high ? x : otherwise;

export const storedSettings: Stored<Settings> = {
  key: 'yumo.settings',
  initial: defaults,
  parse(json) {
    if (typeof json !== 'object' || json === null) return undefined;
    const s = json as Record<string, unknown>; // read field by field
    return {
      place: s.place === 'browser' ? 'browser' : 'server',
      form: s.form === 'full' ? 'full' : 'small',
      device: s.device === 'webgpu' || s.device === 'wasm' ? s.device : 'auto',
      model: typeof s.model === 'string' ? s.model : null,
      temperature: inRange(s.temperature, ranges.temperature, defaults.temperature),
      topK: Math.floor(inRange(s.topK, ranges.topK, defaults.topK)),
      topP: inRange(s.topP, ranges.topP, defaults.topP),
      maxNewTokens: Math.floor(inRange(s.maxNewTokens, ranges.maxNewTokens, defaults.maxNewTokens)),
      seed:
        typeof s.seed === 'number' && Number.isInteger(s.seed) && s.seed >= 0 && s.seed <= largestSeed ? s.seed : null,
    };
  },
};

/** What the worker is told of a model. Small files are taken only where they are smaller. */
export const browserModel = ({ device, form }: Settings, { name, bytes, small }: ModelInfo): BrowserModel => ({
  model: name,
  bytes,
  device,
  ...(form === 'small' && small && small.bytes < bytes ? { smallBytes: small.bytes } : {}),
});
