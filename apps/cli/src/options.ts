// Options that several commands share, and how their values are read.

import { nodeDevices } from '@yumo/core/node';
import { InvalidArgumentError, Option } from 'commander';
import type { Phrases } from './phrases/en.ts';

/** A whole number ≥ `least`, for an option. */
export const integerFrom =
  (phrases: Phrases, least: number) =>
  (text: string): number => {
    const x = Number(text);
    if (text.trim() === '' || !Number.isSafeInteger(x) || x < least)
      throw new InvalidArgumentError(phrases.notInteger(least));
    return x;
  };

/** A number in [least, most], for an option. */
export const numberFrom =
  (phrases: Phrases, least: number, most = Number.POSITIVE_INFINITY) =>
  (text: string): number => {
    const x = Number(text);
    if (text.trim() === '' || !Number.isFinite(x) || x < least || x > most)
      throw new InvalidArgumentError(phrases.notNumber(least, most));
    return x;
  };

/** `--stop a --stop b` → a list. */
export const collect = (text: string, before: readonly string[] | undefined): readonly string[] => [
  ...(before ?? []),
  text,
];

/** What divides the fields of a table; `\\t` is a TAB, which shells do not let through as it is. */
export const delimiterOption = (phrases: Phrases): Option =>
  new Option('--delimiter <text>', phrases.delimiter).argParser((text: string) => {
    if (text === '') throw new InvalidArgumentError(phrases.emptyDelimiter);
    return text.replaceAll('\\t', '\t');
  });

const deviceNames = ['auto', ...nodeDevices] as const;

/** What `--device` and `--threads` leave in a command's options. */
export interface DeviceOptions {
  /** `auto`, or the name of an engine. */
  readonly device: (typeof deviceNames)[number];
  readonly threads?: number;
}

export const deviceOption = (phrases: Phrases, standard: (typeof deviceNames)[number] = 'auto'): Option =>
  new Option('--device <name>', phrases.device).choices(deviceNames).default(standard);

export const threadsOption = (phrases: Phrases): Option =>
  new Option('--threads <n>', phrases.threads).argParser(integerFrom(phrases, 1));
