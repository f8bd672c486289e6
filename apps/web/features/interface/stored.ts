// Values that a reload keeps: state in localStorage, shared by every component and tab that reads it.

import { useCallback, useSyncExternalStore } from 'react';

/** A value under a key, with a reader that turns whatever lies there into a valid one. */
export interface Stored<T> {
  readonly key: string;
  readonly initial: T;
  /** Throws or returns undefined when what was stored is of no use. */
  parse(json: unknown): T | undefined;
}

interface Cell {
  text: string | null;
  value: unknown;
}
/** Snapshots must be the same object until the text changes. */
const cells = new Map<string, Cell>();
const listeners = new Map<string, Set<() => void>>();

export function readStored<T>(stored: Stored<T>): T {
  let text: string | null = null;
  try {
    text = localStorage.getItem(stored.key);
  } catch {
    // Storage is switched off: the value lives as long as the page, below.
    const kept = cells.get(stored.key);
    return kept ? (kept.value as T) : stored.initial;
  }
  const cell = cells.get(stored.key);
  if (cell && cell.text === text) return cell.value as T; // only writeStored and this function fill it, with T
  let value = stored.initial;
  try {
    if (text !== null) value = stored.parse(JSON.parse(text)) ?? stored.initial;
  } catch {
    // Not ours, or of an older version: the initial value.
  }
  cells.set(stored.key, { text, value });
  return value;
}

export function writeStored<T>(stored: Stored<T>, value: T): void {
  const text = JSON.stringify(value);
  cells.set(stored.key, { text, value });
  try {
    localStorage.setItem(stored.key, text);
  } catch {
    // Full or switched off: the page goes on without remembering.
  }
  for (const listener of listeners.get(stored.key) ?? []) listener();
}

/** The value and its setter. On the server, and until the page has woken up, it is the initial one. */
export function useStored<T>(stored: Stored<T>): readonly [T, (value: T) => void] {
  const subscribe = useCallback(
    (listener: () => void) => {
      const own = listeners.get(stored.key) ?? new Set();
      listeners.set(stored.key, own);
      own.add(listener);
      const fromOtherTab = (event: StorageEvent): void => {
        if (event.key === stored.key || event.key === null) listener();
      };
      addEventListener('storage', fromOtherTab);
      return () => {
        own.delete(listener);
        removeEventListener('storage', fromOtherTab);
      };
    },
    [stored.key],
  );
  const value = useSyncExternalStore(
    subscribe,
    () => readStored(stored),
    () => stored.initial,
  );
  return [value, useCallback((next: T) => writeStored(stored, next), [stored])];
}
