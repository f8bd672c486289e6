// The sheet that a text is put on: a field that grows, and the button that starts, or stops.

import { type KeyboardEvent, type ReactNode, useEffect, useRef } from 'react';
import type { Dictionary } from '../interface/dictionary.ts';
import { whole } from '../interface/format.ts';
import { StopIcon } from '../interface/icons.tsx';

/** As the server counts and bounds texts. */
export const longestText = 400_000;

export interface SheetProps {
  readonly t: Dictionary;
  readonly text: string;
  readonly placeholder: string;
  readonly label: string;
  /** Of the language that is written in, where it is known. */
  readonly lang?: string | undefined;
  readonly running: boolean;
  /** Something is missing: the button waits. */
  readonly ready: boolean;
  readonly verb: string;
  /** Beside the button. */
  readonly options?: ReactNode;
  /** Below the text, above the button. */
  readonly children?: ReactNode;
  onText(text: string): void;
  onStart(): void;
  onStop(): void;
}

export function Sheet(props: SheetProps) {
  const { t, text, placeholder, label, lang, running, ready, verb, options, children, onText, onStart, onStop } = props;
  const field = useRef<HTMLTextAreaElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the text is what changes the height
  useEffect(() => {
    const element = field.current;
    if (!element) return;
    element.style.height = 'auto';
    element.style.height = `${Math.min(element.scrollHeight, innerHeight * 0.38)}px`;
  }, [text]);
  const tooLong = text.length > longestText;
  const canStart = ready && !running && !tooLong;
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey) || event.nativeEvent.isComposing) return;
    event.preventDefault();
    if (canStart) onStart();
  };
  return (
    <div className="rounded-2xl border border-line bg-sheet shadow-[0_8px_30px_-16px_rgb(0_0_0/0.25)] focus-within:border-muted">
      <textarea
        ref={field}
        id="text"
        rows={5}
        value={text}
        lang={lang}
        onChange={(event) => onText(event.target.value)}
        onKeyDown={onKeyDown}
        placeholder={placeholder}
        aria-label={label}
        aria-describedby="text-note"
        spellCheck={false}
        className="block w-full resize-none bg-transparent px-5 pt-4 pb-2 font-serif text-[1.125rem] leading-[1.6] outline-none placeholder:text-muted"
      />
      {children}
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2 px-3 pt-1 pb-3 ps-5">
        <p id="text-note" className={`text-xs ${tooLong ? 'text-seal' : 'text-muted'}`}>
          {text === '' ? (
            <span className="max-sm:sr-only">{t.tasks.runHint}</span>
          ) : tooLong ? (
            t.tasks.tooLong(whole(longestText))
          ) : (
            <span className="tabular-nums">{t.tasks.characters(whole(text.length))}</span>
          )}
        </p>
        {text !== '' && !running && (
          <button
            type="button"
            onClick={() => onText('')}
            className="text-xs text-muted underline-offset-4 hover:text-ink hover:underline"
          >
            {t.tasks.clear}
          </button>
        )}
        <div className="ms-auto flex flex-wrap items-center justify-end gap-x-4 gap-y-2">
          {options}
          {running ? (
            <button
              type="button"
              onClick={onStop}
              className="flex min-h-10 items-center gap-2 rounded-full border border-seal px-4 text-sm font-medium text-seal"
            >
              <StopIcon />
              {t.stop}
            </button>
          ) : (
            <button
              type="button"
              onClick={onStart}
              disabled={!canStart}
              className="flex min-h-10 items-center gap-2 rounded-full bg-seal px-5 text-sm font-medium text-on-seal transition-opacity disabled:opacity-40"
            >
              {verb}
            </button>
          )}
        </div>
      </div>
    </div>
  );
}

/** A choice with a name, beside the button. */
export function Option<T extends string>({
  name,
  value,
  options,
  onChange,
}: {
  readonly name: string;
  readonly value: T;
  readonly options: readonly (readonly [value: T, label: string])[];
  readonly onChange: (value: T) => void;
}) {
  return (
    <label className="flex items-center gap-2 text-xs text-muted">
      {name}
      <select
        value={value}
        onChange={(event) => onChange(event.target.value as T)} // the options below are all there are
        className="max-w-[11rem] rounded-lg border border-line bg-paper px-2 py-1.5 text-ink"
      >
        {options.map(([option, label]) => (
          <option key={option} value={option}>
            {label}
          </option>
        ))}
      </select>
    </label>
  );
}
