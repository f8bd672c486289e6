// Where the person writes: a field that grows, and one button that hands over, lets the model write on, or stops it.

import { type KeyboardEvent, type RefObject, useEffect } from 'react';
import type { Dictionary } from '../interface/dictionary.ts';
import { PenIcon, StopIcon } from '../interface/icons.tsx';

export interface ComposerProps {
  readonly t: Dictionary;
  readonly field: RefObject<HTMLTextAreaElement | null>;
  readonly draft: string;
  readonly hasText: boolean;
  readonly writing: boolean;
  readonly ready: boolean;
  onDraft(text: string): void;
  onSend(): void;
  onStop(): void;
}

export function Composer({ t, field, draft, hasText, writing, ready, onDraft, onSend, onStop }: ComposerProps) {
  // The field is as high as its text, within bounds. Rewritten at each draft, because the height is read from the element.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the draft is what changes the height
  useEffect(() => {
    const element = field.current;
    if (!element) return;
    element.style.height = 'auto';
    element.style.height = `${Math.min(element.scrollHeight, innerHeight * 0.35)}px`;
  }, [draft, field]);

  const canSend = ready && !writing && (draft !== '' || hasText);
  const onKeyDown = (event: KeyboardEvent): void => {
    // Enter also ends the choice of a Chinese character; that one is not ours.
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    if (canSend) onSend();
  };
  return (
    <div className="rounded-2xl border border-line bg-sheet shadow-[0_8px_30px_-12px_rgb(0_0_0/0.25)] focus-within:border-muted">
      <textarea
        ref={field}
        id="composer"
        rows={1}
        value={draft}
        onChange={(event) => onDraft(event.target.value)}
        onKeyDown={onKeyDown}
        placeholder={hasText ? t.composerGoOn : t.composerBegin}
        aria-label={t.composerLabel}
        spellCheck={false}
        className="block w-full resize-none bg-transparent px-5 pt-4 font-serif text-[1.1875rem] leading-normal outline-none placeholder:text-muted"
      />
      <div className="flex items-center justify-between gap-4 px-3 pt-1 pb-3 ps-5">
        <p className="hidden text-xs text-muted sm:block">{t.composerHint}</p>
        {writing ? (
          <button
            type="button"
            onClick={onStop}
            className="ms-auto flex min-h-10 items-center gap-2 rounded-full border border-seal px-4 text-sm font-medium text-seal"
          >
            <StopIcon />
            {t.stop}
          </button>
        ) : (
          <button
            type="button"
            onClick={onSend}
            disabled={!canSend}
            className="ms-auto flex min-h-10 items-center gap-2 rounded-full bg-seal px-4 text-sm font-medium text-on-seal transition-opacity disabled:opacity-40"
          >
            <PenIcon />
            {draft === '' && hasText ? t.goOn : t.send}
          </button>
        )}
      </div>
    </div>
  );
}
