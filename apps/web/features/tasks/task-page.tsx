'use client';
// The frame of a task's page: header, title, what the model is and how good, and the drawer of settings.

import type { ModelInfo } from '@yumo/serve/client';
import type { ReactNode } from 'react';
import type { TaskName } from '../../workers/messages.ts';
import { whole } from '../interface/format.ts';
import { Header } from '../interface/header.tsx';
import { SettingsDrawer } from '../interface/settings-drawer.tsx';
import type { PageName } from '../interface/task-words.ts';
import { Missing } from './missing.tsx';
import { ModelLine } from './model-line.tsx';
import type { TaskPageState } from './use-task-page.ts';

export interface TaskPageProps {
  readonly page: Exclude<PageName, 'write'>;
  readonly task: TaskName;
  readonly state: TaskPageState;
  readonly model: ModelInfo | undefined;
  /** Two columns need the whole width. */
  readonly wide?: boolean;
  /** Between the title and the model. */
  readonly above?: ReactNode;
  readonly children: ReactNode;
}

export function TaskPage({ page, task, state, model, wide = false, above, children }: TaskPageProps) {
  const { preferences, settings, models } = state;
  const { t } = preferences;
  const words = t.tasks;
  const list = state.modelsFor(task);
  const margin = wide ? '' : 'md:ms-[11.5rem]';
  return (
    <div className="flex min-h-dvh flex-col">
      <Header
        page={page}
        preferences={preferences}
        awake={state.awake}
        settings={settings}
        field="#text"
        skip={words.skip}
        onSettings={state.setSettings}
        onOpenSettings={() => state.dialog.current?.showModal()}
      />
      <main className="mx-auto w-full max-w-[64rem] flex-1 px-4 pt-8 pb-16 sm:px-6 sm:pt-12">
        <div className={margin}>
          <h1 className="font-serif text-[clamp(1.9rem,4.5vw,2.9rem)] leading-[1.1] font-[350] tracking-[-0.015em]">
            {words.title[page]}
          </h1>
          <p className="mt-3 max-w-[38rem] font-serif text-lg leading-relaxed text-muted">{words.subtitle[page]}</p>
          {above && <div className="mt-6">{above}</div>}
          <div className="mt-6">
            {models.state === 'loading' && <p className="text-sm text-muted">{t.loadingModels}</p>}
            {models.state === 'failed' && (
              <div role="alert" className="text-sm">
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
            {model && (
              <ModelLine
                t={t}
                settings={settings}
                list={list}
                model={model}
                onChoose={(name) => state.choose({ models: { ...state.choices.models, [task]: name } })}
              />
            )}
          </div>
        </div>
        {models.state === 'ready' && list.length === 0 ? (
          <div className={margin}>
            <Missing t={t} task={task} recipes={models.recipes} broken={models.list.filter((m) => m.problem)} />
          </div>
        ) : (
          <>
            {children}
            <footer className={`mt-16 max-w-[38rem] ${margin}`}>
              <p className="border-s-2 border-seal ps-4 text-sm leading-relaxed text-muted">{words.honest}</p>
              {models.state === 'ready' && models.recipes.some((r) => r.task === task) && (
                <details className="mt-5 text-sm">
                  <summary className="cursor-pointer text-muted hover:text-ink">{words.more}</summary>
                  <Missing t={t} task={task} recipes={models.recipes} broken={[]} more />
                </details>
              )}
            </footer>
          </>
        )}
      </main>
      <SettingsDrawer
        dialog={state.dialog}
        preferences={preferences}
        settings={settings}
        model={model}
        onSettings={state.setSettings}
        first={
          model && (
            <p className="text-xs leading-relaxed text-muted">
              {model.title}: {words.readsAtOnce(whole(model.contextLength))}
            </p>
          )
        }
      />
    </div>
  );
}
