// What a person chose on the pages of tasks, and what they had written there, kept over reloads.

import type { TaskName } from '../../workers/messages.ts';
import type { Stored } from '../interface/stored.ts';

export interface TaskSettings {
  /** The model of each task; absent: one of the person's language. */
  readonly models: Readonly<Partial<Record<TaskName, string>>>;
  /** Of a translator that knows several: `en-zh`. */
  readonly direction: string | null;
  /** Beams of summaries and translations; 1: word by word. */
  readonly beams: 1 | 4;
  readonly merge: 'join' | 'summarize';
  /** Whether the page that classifies labels texts or finds names. */
  readonly mode: 'classify' | 'tag';
  readonly eachLine: boolean;
}

export const taskDefaults: TaskSettings = {
  models: {},
  direction: null,
  beams: 4,
  merge: 'join',
  mode: 'classify',
  eachLine: false,
};

const tasks: readonly TaskName[] = ['ask', 'summarize', 'translate', 'classify', 'tag'];

export const storedTaskSettings: Stored<TaskSettings> = {
  key: 'yumo.tasks',
  initial: taskDefaults,
  parse(json) {
    if (typeof json !== 'object' || json === null) return undefined;
    const s = json as Record<string, unknown>; // read field by field
    const models: Record<string, unknown> = typeof s.models === 'object' && s.models !== null ? { ...s.models } : {};
    return {
      models: Object.fromEntries(
        tasks.flatMap((task) => (typeof models[task] === 'string' ? [[task, models[task]]] : [])),
      ),
      direction: typeof s.direction === 'string' ? s.direction : null,
      beams: s.beams === 1 ? 1 : 4,
      merge: s.merge === 'summarize' ? 'summarize' : 'join',
      mode: s.mode === 'tag' ? 'tag' : 'classify',
      eachLine: s.eachLine === true,
    };
  },
};

/** Texts by field: `ask`, `ask.question`, `translate` … */
export type Drafts = Readonly<Record<string, string>>;

export const storedDrafts: Stored<Drafts> = {
  key: 'yumo.drafts',
  initial: {},
  parse: (json) =>
    typeof json === 'object' && json !== null
      ? Object.fromEntries(Object.entries(json).filter(([, text]) => typeof text === 'string'))
      : undefined,
};
