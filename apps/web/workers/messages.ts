// What the page and its model worker say to each other.

import type { GenerationEvent } from '@yumo/core';
import type { Failure, Sampling } from '@yumo/serve/client';
import type { Device } from '../features/chat/settings.ts';

export interface GenerateMessage {
  readonly kind: 'generate';
  readonly id: number;
  readonly model: string;
  /** Bytes of the files to load, for the progress. */
  readonly bytes: number;
  readonly device: Device;
  readonly prompt: string;
  readonly options: Sampling;
}
export type ToWorker = GenerateMessage | { readonly kind: 'stop'; readonly id: number };

/** Before the events of the generation: what is being loaded, in bytes. */
export type BrowserEvent =
  | { readonly kind: 'download'; readonly what: 'engine' | 'model'; readonly loaded: number; readonly total: number }
  | { readonly kind: 'preparing' }
  | GenerationEvent;

export type FromWorker =
  | { readonly id: number; readonly kind: 'event'; readonly event: BrowserEvent }
  | { readonly id: number; readonly kind: 'end' }
  /** undefined: a bug, whose trace the console has. */
  | { readonly id: number; readonly kind: 'failure'; readonly failure: Failure | undefined };
