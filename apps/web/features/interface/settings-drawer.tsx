// The drawer of settings: what every page can choose (where the model runs, language, theme), and between them what one page adds.

import type { ModelInfo } from '@yumo/serve/client';
import type { Form } from '@yumo/serve/tasks';
import { type ReactNode, type RefObject, useId } from 'react';
import type { Device, Place, Settings } from '../chat/settings.ts';
import { Choice } from './choice.tsx';
import { dictionaries, languages } from './dictionary.ts';
import { bytes } from './format.ts';
import { CloseIcon } from './icons.tsx';
import { themes } from './preference-values.ts';
import type { Preferences } from './preferences.ts';

export interface SettingsDrawerProps {
  readonly dialog: RefObject<HTMLDialogElement | null>;
  readonly preferences: Preferences;
  readonly settings: Settings;
  readonly model: ModelInfo | undefined;
  /** Above the common ones. */
  readonly first?: ReactNode;
  /** Below them. */
  readonly children?: ReactNode;
  onSettings(settings: Settings): void;
}

export function SettingsDrawer({
  dialog,
  preferences,
  settings,
  model,
  first,
  children,
  onSettings,
}: SettingsDrawerProps) {
  const { t } = preferences;
  const change = (part: Partial<Settings>): void => onSettings({ ...settings, ...part });
  const title = useId();
  const { small } = model ?? {};
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: a click beside the drawer closes it; Escape does so by the dialog itself
    <dialog
      ref={dialog}
      aria-labelledby={title}
      onClick={(event) => event.target === event.currentTarget && dialog.current?.close()}
      className="drawer fixed inset-y-0 start-auto end-0 m-0 h-dvh max-h-none w-[min(24rem,100vw)] max-w-none overscroll-contain border-s border-line bg-paper text-ink"
    >
      <div className="flex min-h-full flex-col gap-7 p-6">
        <div className="flex items-center justify-between">
          <h2 id={title} className="font-serif text-2xl">
            {t.settings}
          </h2>
          <button
            type="button"
            onClick={() => dialog.current?.close()}
            aria-label={t.closeSettings}
            className="grid size-10 place-items-center rounded-full text-lg text-muted hover:text-ink"
          >
            <CloseIcon />
          </button>
        </div>

        {first}

        <Group name={t.where}>
          <Choice
            name={t.where}
            value={settings.place}
            options={[
              ['server', t.server],
              ['browser', t.browser],
            ]}
            onChange={(place: Place) => change({ place })}
          />
          <Hint>{settings.place === 'server' ? t.serverHint : t.browserHint}</Hint>
          {settings.place === 'browser' && (
            <label className="flex items-center justify-between gap-3 text-sm">
              {t.device}
              <select
                value={settings.device}
                onChange={(event) => change({ device: event.target.value as Device })} // the options below are all there are
                className="rounded-lg border border-line bg-sheet px-2 py-1.5"
              >
                <option value="auto">{t.deviceAuto}</option>
                <option value="webgpu">{t.deviceGpu}</option>
                <option value="wasm">{t.deviceCpu}</option>
              </select>
            </label>
          )}
          {settings.place === 'browser' && model && small && (
            <label className="flex items-center justify-between gap-3 text-sm">
              {t.numbers}
              <select
                value={settings.form}
                onChange={(event) => change({ form: event.target.value as Form })} // the options below are all there are
                className="rounded-lg border border-line bg-sheet px-2 py-1.5"
              >
                <option value="small">{t.numbersSmall(bytes(small.bytes))}</option>
                <option value="full">{t.numbersFull(bytes(model.bytes))}</option>
              </select>
            </label>
          )}
        </Group>

        {children}

        <div className="mt-auto flex flex-col gap-5 border-t border-line pt-6">
          <Group name={t.language}>
            <Choice
              name={t.language}
              value={preferences.language}
              options={languages.map((l) => [l, dictionaries[l].self] as const)}
              onChange={preferences.setLanguage}
            />
          </Group>
          <Group name={t.theme}>
            <Choice
              name={t.theme}
              value={preferences.theme}
              options={themes.map(
                (theme) => [theme, { system: t.themeSystem, light: t.themeLight, dark: t.themeDark }[theme]] as const,
              )}
              onChange={preferences.setTheme}
            />
          </Group>
        </div>
      </div>
    </dialog>
  );
}

export function Group({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="flex flex-col gap-2.5">
      <h3 className="text-sm font-medium">{name}</h3>
      {children}
    </div>
  );
}

export const Hint = ({ children }: { children: ReactNode }) => (
  <p className="text-xs leading-relaxed text-muted">{children}</p>
);
