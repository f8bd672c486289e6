'use client';
// The page: what is on it and where; the state lives in the hooks.

import { useCallback, useEffect, useRef, useState } from 'react';
import type { Dictionary } from '../interface/dictionary.ts';
import { whole } from '../interface/format.ts';
import { Header } from '../interface/header.tsx';
import { AgainIcon, CopyIcon, PageIcon, UndoIcon } from '../interface/icons.tsx';
import { usePreferences } from '../interface/preferences.ts';
import { ProgressLine } from '../interface/progress-line.tsx';
import { useStored } from '../interface/stored.ts';
import { useOffline } from '../interface/use-offline.ts';
import { useModels } from '../models/use-models.ts';
import { Beginning } from './beginning.tsx';
import { Composer } from './composer.tsx';
import { textOf } from './conversation.ts';
import { Manuscript } from './manuscript.tsx';
import { storedSettings } from './settings.ts';
import { SettingsPanel } from './settings-panel.tsx';
import { stanzasOf } from './stanzas.ts';
import { useChat } from './use-chat.ts';
import { useFollow } from './use-follow.ts';

export function ChatPage() {
  const [awake, setAwake] = useState(false);
  useEffect(() => setAwake(true), []);
  const preferences = usePreferences(awake);
  const { t } = preferences;
  const [settings, setSettings] = useStored(storedSettings);
  const models = useModels();
  const writers = models.list.filter((m) => m.tasks.includes('write') || m.problem !== undefined);
  const usable = writers.filter((m) => m.problem === undefined);
  // Until one is chosen or written with: a model of the person's language.
  const model =
    usable.find((m) => m.name === settings.model) ??
    usable.find((m) => m.languages.includes(preferences.language)) ??
    usable[0];
  const chat = useChat(settings, model);
  const { online, kept } = useOffline(model?.name, chat.writing);
  const [draft, setDraft] = useState('');
  const field = useRef<HTMLTextAreaElement>(null);
  const dialog = useRef<HTMLDialogElement>(null);
  useFollow(chat.turns);
  const stanzas = stanzasOf(chat.turns);

  // Escape stops from anywhere, but not while it closes the drawer.
  const { stop } = chat;
  useEffect(() => {
    if (!chat.writing) return;
    const onKey = (event: KeyboardEvent): void => {
      if (event.key === 'Escape' && !dialog.current?.open) stop();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, [chat.writing, stop]);

  // What is handed over before the list of models has come waits for it.
  const [waiting, setWaiting] = useState(false);
  const send = (text: string): void => {
    if (!model) {
      setWaiting(models.state === 'loading');
      return;
    }
    // What was begun with one model is not gone on with another because the page changes its language.
    if (settings.model === null) setSettings({ ...settings, model: model.name });
    chat.send(text);
  };
  // The same functions for as long as what they close over is the same: a long manuscript is not drawn anew for a keystroke.
  const latest = useRef({ chat, settings, send, draft });
  latest.current = { chat, settings, send, draft };
  const again = useCallback(() => latest.current.chat.again(), []);
  const useBrowser = useCallback(() => {
    const moved = { ...latest.current.settings, place: 'browser' as const };
    setSettings(moved);
    latest.current.chat.again(moved);
  }, [setSettings]);
  useEffect(() => {
    if (!waiting || models.state === 'loading') return;
    setWaiting(false);
    if (!model) return; // the page says that there is none; the text stays in the field
    latest.current.send(latest.current.draft);
    setDraft('');
  }, [waiting, models.state, model]);
  const lastTurn = chat.turns.at(-1);

  return (
    <div className="flex min-h-dvh flex-col">
      <Header
        page="write"
        preferences={preferences}
        awake={awake}
        settings={settings}
        field="#composer"
        skip={t.skip}
        onSettings={setSettings}
        onOpenSettings={() => dialog.current?.showModal()}
      />

      <main className="mx-auto w-full max-w-[64rem] flex-1 px-4 pt-6 pb-6 sm:px-6">
        {stanzas.length === 0 ? (
          <Beginning t={t} model={model} onTake={send} />
        ) : (
          <Manuscript
            stanzas={stanzas}
            t={t}
            canRunHere={settings.place === 'server'}
            onAgain={again}
            onUseBrowser={useBrowser}
          />
        )}
        {models.state === 'failed' && (
          <div role="alert" className="mt-6 max-w-[44rem] md:ms-[11.5rem] text-sm">
            <p>{t.modelsFailed}</p>
            <button
              type="button"
              onClick={models.reload}
              className="mt-3 rounded-full border border-line px-4 py-2 hover:border-seal"
            >
              {t.tryAgain}
            </button>
          </div>
        )}
        {models.state === 'ready' && !model && (
          <p className="mt-6 max-w-[44rem] md:ms-[11.5rem] text-sm text-muted">{t.noModels}</p>
        )}
        {!chat.writing && chat.turns.length > 0 && (
          <Tools
            t={t}
            text={textOf(chat.turns)}
            canRewrite={lastTurn?.writer === 'model' && lastTurn.state !== 'failed'}
            onAgain={again}
            onNewPage={chat.newPage}
          />
        )}
        {chat.canUndo && chat.turns.length === 0 && (
          <p className="max-w-[44rem] md:ms-[11.5rem]">
            <button
              type="button"
              onClick={chat.undo}
              className="flex items-center gap-2 text-sm text-muted hover:text-ink"
            >
              <UndoIcon />
              {t.undo}
            </button>
          </p>
        )}
      </main>

      <div className="sticky bottom-0 z-10 bg-gradient-to-t from-paper from-75% to-transparent pt-5 pb-[max(1rem,env(safe-area-inset-bottom))]">
        <div className="mx-auto max-w-[64rem] px-4 sm:px-6 md:ps-[11.75rem]">
          <Composer
            t={t}
            field={field}
            draft={draft}
            hasText={chat.turns.length > 0}
            writing={chat.writing}
            ready={model !== undefined || models.state === 'loading'}
            onDraft={setDraft}
            onSend={() => {
              send(draft);
              if (model) setDraft('');
            }}
            onStop={stop}
          />
          <div className="flex min-h-6 items-center gap-3 px-2 pt-2 text-xs text-muted">
            {chat.progress ? (
              <ProgressLine progress={chat.progress} t={t} />
            ) : (
              <p>
                {models.state === 'loading' && (waiting ? t.handedOverSoon : t.loadingModels)}
                {!online && <span className="me-2 text-seal">{t.offline}</span>}
                {model && (
                  <>
                    <span data-testid="model">{model.title}</span>
                    {settings.place === 'browser' && kept && <span> · {t.offlineReady}</span>}
                    {settings.place === 'server' && chat.turns.length > 0 && (
                      <span> · {t.reads(whole(model.contextLength))}</span>
                    )}
                  </>
                )}
              </p>
            )}
          </div>
        </div>
      </div>
      <Announcement t={t} writing={chat.writing} turn={lastTurn} />
      <SettingsPanel
        dialog={dialog}
        preferences={preferences}
        settings={settings}
        models={writers}
        model={model}
        onSettings={setSettings}
      />
    </div>
  );
}

interface ToolsProps {
  readonly t: Dictionary;
  readonly text: string;
  readonly canRewrite: boolean;
  onAgain(): void;
  onNewPage(): void;
}

function Tools({ t, text, canRewrite, onAgain, onNewPage }: ToolsProps) {
  const [copied, setCopied] = useState(false);
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), 2000);
  };
  const look = 'flex min-h-9 items-center gap-2 rounded-full px-3 text-sm text-muted hover:bg-sheet hover:text-ink';
  return (
    <div className="-ms-3 mt-4 flex flex-wrap gap-1 md:ms-[10.75rem]">
      {canRewrite && (
        <button type="button" onClick={onAgain} className={look}>
          <AgainIcon />
          {t.again}
        </button>
      )}
      {/* Pages without TLS have no clipboard. */}
      {'clipboard' in navigator && (
        <button type="button" onClick={() => void copy()} className={look}>
          <CopyIcon />
          {copied ? t.copied : t.copy}
        </button>
      )}
      <button type="button" onClick={onNewPage} className={look}>
        <PageIcon />
        {t.newPage}
      </button>
    </div>
  );
}

/** What a screen reader says: that the model writes, and then its text once, not letter by letter. */
function Announcement({
  t,
  writing,
  turn,
}: {
  t: Dictionary;
  writing: boolean;
  turn: ReturnType<typeof useChat>['turns'][number] | undefined;
}) {
  const [said, setSaid] = useState('');
  const was = useRef(false);
  useEffect(() => {
    if (writing && !was.current) setSaid(t.writing);
    if (!writing && was.current && turn?.writer === 'model') setSaid(turn.text === '' ? t.emptyAnswer : turn.text);
    was.current = writing;
  }, [writing, turn, t]);
  return (
    <p role="status" className="sr-only">
      {said}
    </p>
  );
}
