// A task, run on the server or in this page: the same events from either.

import type { ModelInfo, TaskStart } from '@yumo/serve/client';
import type { LoadingEvent, TaskEvents, TaskInputs, TaskName } from '../../workers/messages.ts';
import { browserModel, type Settings } from '../chat/settings.ts';
import { runInBrowser } from '../models/in-browser.ts';
import { client } from '../models/use-models.ts';

/** Absent options are left out: the server refuses keys without a value. */
type Sent<I> = { [K in keyof I]: Exclude<I[K], undefined> };
const sent = <I extends object>(input: I): Sent<I> =>
  Object.fromEntries(Object.entries(input).filter(([, v]) => v !== undefined)) as Sent<I>; // what was undefined is gone

type OnServer = {
  readonly [T in TaskName]: (
    model: string,
    input: TaskInputs[T],
    signal: AbortSignal,
  ) => Promise<AsyncIterable<TaskStart | TaskEvents[T]>>;
};
const onServer: OnServer = {
  ask: (model, input, signal) => client.ask.query({ model, ...sent(input) }, { signal }),
  classify: (model, { texts }, signal) => client.classify.query({ model, texts: [...texts] }, { signal }),
  tag: (model, input, signal) => client.tag.query({ model, ...sent(input) }, { signal }),
  translate: (model, input, signal) => client.translate.query({ model, ...sent(input) }, { signal }),
  summarize: (model, input, signal) => client.summarize.query({ model, ...sent(input) }, { signal }),
};

export type AnyTaskEvent<T extends TaskName> = TaskStart | LoadingEvent | TaskEvents[T];

export async function runTask<T extends TaskName>(
  task: T,
  input: TaskInputs[T],
  model: ModelInfo,
  settings: Settings,
  signal: AbortSignal,
): Promise<AsyncIterable<AnyTaskEvent<T>>> {
  if (settings.place === 'browser') return runInBrowser(browserModel(settings, model), task, input, signal);
  const ask: OnServer[T] = onServer[task];
  return ask(model.name, input, signal);
}
