// What the page and its model worker say to each other.

import type { GenerationEvent } from '@yumo/core';
import type { Failure, Sampling } from '@yumo/serve/client';
import type {
  AskEvent,
  AskInput,
  ClassifyEvent,
  ClassifyInput,
  Form,
  RewriteEvent,
  RewriteInput,
  SummarizeInput,
  TagEvent,
  TagInput,
} from '@yumo/serve/tasks';
import type { Device } from '../features/chat/settings.ts';

/** Which model, and what it runs on. */
export interface BrowserModel {
  readonly model: string;
  /** Bytes of the files to load, for the progress. */
  readonly bytes: number;
  /** The same for the 8-bit files; undefined where there are none, or where they are not wanted. */
  readonly smallBytes?: number | undefined;
  readonly device: Device;
}

export interface TaskInputs {
  readonly ask: AskInput;
  readonly summarize: SummarizeInput;
  readonly translate: RewriteInput;
  readonly classify: ClassifyInput;
  readonly tag: TagInput;
}
export interface TaskEvents {
  readonly ask: AskEvent;
  readonly summarize: RewriteEvent;
  readonly translate: RewriteEvent;
  readonly classify: ClassifyEvent;
  readonly tag: TagEvent;
}
export type TaskName = keyof TaskInputs;

export interface GenerateMessage extends BrowserModel {
  readonly kind: 'generate';
  readonly id: number;
  readonly prompt: string;
  readonly options: Sampling;
}
export type TaskMessage = {
  readonly [T in TaskName]: BrowserModel & {
    readonly kind: 'task';
    readonly id: number;
    readonly task: T;
    readonly input: TaskInputs[T];
  };
}[TaskName];
export type WorkMessage = GenerateMessage | TaskMessage;
export type ToWorker = WorkMessage | { readonly kind: 'stop'; readonly id: number };

/** Before the events of the work itself: what is being loaded, in bytes, and what was opened. */
export type LoadingEvent =
  | { readonly kind: 'download'; readonly what: 'engine' | 'model'; readonly loaded: number; readonly total: number }
  | { readonly kind: 'preparing' }
  | { readonly kind: 'opened'; readonly form: Form };
export type BrowserEvent = LoadingEvent | GenerationEvent;
export type BrowserTaskEvent<T extends TaskName> =
  | LoadingEvent
  | { readonly kind: 'start'; readonly runtime: string }
  | TaskEvents[T];

export type FromWorker =
  | { readonly id: number; readonly kind: 'event'; readonly event: BrowserEvent | BrowserTaskEvent<TaskName> }
  | { readonly id: number; readonly kind: 'end' }
  /** undefined: a bug, whose trace the console has. */
  | { readonly id: number; readonly kind: 'failure'; readonly failure: Failure | undefined };
