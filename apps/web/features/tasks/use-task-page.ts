// What every page of a task starts from: language and theme, where models run, the models of the task, the drafts.

import type { ModelInfo } from '@yumo/serve/client';
import { type RefObject, useEffect, useRef, useState } from 'react';
import type { TaskName } from '../../workers/messages.ts';
import { type Settings, storedSettings } from '../chat/settings.ts';
import { type Preferences, usePreferences } from '../interface/preferences.ts';
import { readStored, useStored, writeStored } from '../interface/stored.ts';
import { type Models, useModels } from '../models/use-models.ts';
import { storedDrafts, storedTaskSettings, type TaskSettings } from './task-settings.ts';

export interface TaskPageState {
  readonly awake: boolean;
  readonly preferences: Preferences;
  readonly settings: Settings;
  readonly choices: TaskSettings;
  readonly models: Models;
  readonly dialog: RefObject<HTMLDialogElement | null>;
  setSettings(settings: Settings): void;
  choose(part: Partial<TaskSettings>): void;
  /** Those that can do a task; the unusable ones of no task are left out. */
  modelsFor(task: TaskName): readonly ModelInfo[];
  /** The chosen one, else one of the person's language. */
  modelFor(task: TaskName): ModelInfo | undefined;
}

export function useTaskPage(tasks: readonly TaskName[]): TaskPageState {
  const [awake, setAwake] = useState(false);
  useEffect(() => setAwake(true), []);
  const preferences = usePreferences(awake);
  const [settings, setSettings] = useStored(storedSettings);
  const [choices, setChoices] = useStored(storedTaskSettings);
  const usable = (list: readonly ModelInfo[], task: TaskName): ModelInfo[] =>
    list.filter((m) => m.problem === undefined && m.tasks.includes(task));
  const models = useModels((list) => tasks.some((task) => usable(list, task).length === 0));
  const dialog = useRef<HTMLDialogElement>(null);
  const modelsFor = (task: TaskName): readonly ModelInfo[] => usable(models.list, task);
  return {
    awake,
    preferences,
    settings,
    choices,
    models,
    dialog,
    setSettings,
    choose: (part) => setChoices({ ...choices, ...part }),
    modelsFor,
    modelFor(task) {
      const list = modelsFor(task);
      return (
        list.find((m) => m.name === choices.models[task]) ??
        list.find((m) => m.languages[0] === preferences.language) ??
        list.find((m) => m.languages.includes(preferences.language)) ??
        list[0]
      );
    },
  };
}

/** A text that is kept over reloads: written down when the page is left, and whenever `save` is called. */
export function useDraft(name: string): readonly [text: string, setText: (text: string) => void] {
  const [text, setText] = useState('');
  const latest = useRef('');
  latest.current = text;
  useEffect(() => {
    setText((now) => (now === '' ? (readStored(storedDrafts)[name] ?? '') : now));
    const save = (): void => writeStored(storedDrafts, { ...readStored(storedDrafts), [name]: latest.current });
    addEventListener('pagehide', save);
    return () => {
      removeEventListener('pagehide', save);
      save();
    };
  }, [name]);
  return [text, setText];
}

/** Runs `start` when it can: at once with a model, else when the list of models has come; `Escape` stops. */
export function useStart(
  models: Models,
  model: ModelInfo | undefined,
  running: boolean,
  { start, stop }: { readonly start: (model: ModelInfo) => void; readonly stop: () => void },
  dialog: RefObject<HTMLDialogElement | null>,
): { readonly waiting: boolean; go(): void } {
  const [waiting, setWaiting] = useState(false);
  const latest = useRef({ start, stop });
  latest.current = { start, stop };
  useEffect(() => {
    if (!waiting || models.state === 'loading') return;
    setWaiting(false);
    if (model) latest.current.start(model);
  }, [waiting, models.state, model]);
  // Escape stops from anywhere, but not while it closes the drawer.
  useEffect(() => {
    if (!running) return;
    const onKey = (event: KeyboardEvent): void => {
      if (event.key === 'Escape' && !dialog.current?.open) latest.current.stop();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, [running, dialog]);
  return {
    waiting,
    go() {
      if (model) start(model);
      else setWaiting(models.state === 'loading');
    },
  };
}
