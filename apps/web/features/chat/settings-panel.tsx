// Everything that can be chosen, in a drawer: model, place, sampling, language, theme.

import type { ModelInfo } from '@yumo/serve/client';
import { type ReactNode, type RefObject, useId } from 'react';
import { type Dictionary, dictionaries, languages } from '../interface/dictionary.ts';
import { themes } from '../interface/preference-values.ts';
import type { Preferences } from '../interface/preferences.ts';
import { bytes, whole } from './format.ts';
import { CloseIcon } from './icons.tsx';
import { type Device, defaults, largestSeed, type Place, ranges, type Settings } from './settings.ts';

export interface SettingsPanelProps {
  readonly dialog: RefObject<HTMLDialogElement | null>;
  readonly preferences: Preferences;
  readonly settings: Settings;
  readonly models: readonly ModelInfo[];
  readonly model: ModelInfo | undefined;
  onSettings(settings: Settings): void;
}

export function SettingsPanel({ dialog, preferences, settings, models, model, onSettings }: SettingsPanelProps) {
  const { t } = preferences;
  const change = (part: Partial<Settings>): void => onSettings({ ...settings, ...part });
  const title = useId();
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

        <Group name={t.chooseModel}>
          <select
            aria-label={t.chooseModel}
            value={model?.name ?? ''}
            onChange={(event) => change({ model: event.target.value })}
            className="w-full rounded-lg border border-line bg-sheet px-3 py-2.5 font-serif text-lg"
          >
            {models.map((m) => (
              <option key={m.name} value={m.name} disabled={m.problem !== undefined}>
                {m.problem === undefined ? m.title : `${m.title} (${t.unusable})`}
              </option>
            ))}
          </select>
          {model && <Hint>{t.facts(whole(model.contextLength), whole(model.vocabularySize), bytes(model.bytes))}</Hint>}
          {models
            .filter((m) => m.problem !== undefined)
            .map((m) => (
              <Hint key={m.name}>
                {m.name}: {m.problem}
              </Hint>
            ))}
        </Group>

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
        </Group>

        <Slider
          name={t.temperature}
          hint={settings.temperature === 0 ? t.greedy : t.temperatureHint}
          value={settings.temperature}
          range={ranges.temperature}
          shown={settings.temperature.toFixed(2)}
          onChange={(temperature) => change({ temperature })}
        />
        <Slider
          name={t.topP}
          hint={t.topPHint}
          value={settings.topP}
          range={ranges.topP}
          shown={settings.topP === 1 ? t.off : settings.topP.toFixed(2)}
          onChange={(topP) => change({ topP })}
          disabled={settings.temperature === 0}
        />
        <Slider
          name={t.topK}
          hint={t.topKHint}
          value={settings.topK}
          range={ranges.topK}
          shown={settings.topK === 0 ? t.off : String(settings.topK)}
          onChange={(topK) => change({ topK })}
          disabled={settings.temperature === 0}
        />
        <Slider
          name={t.length}
          hint={t.lengthHint}
          value={settings.maxNewTokens}
          range={ranges.maxNewTokens}
          shown={`${settings.maxNewTokens} ${t.tokens}`}
          onChange={(maxNewTokens) => change({ maxNewTokens })}
        />
        <Seed t={t} settings={settings} onChange={change} />

        <button
          type="button"
          onClick={() =>
            onSettings({ ...defaults, model: settings.model, place: settings.place, device: settings.device })
          }
          className="self-start rounded-full border border-line px-4 py-2 text-sm hover:border-seal"
        >
          {t.defaults}
        </button>

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

function Group({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="flex flex-col gap-2.5">
      <h3 className="text-sm font-medium">{name}</h3>
      {children}
    </div>
  );
}

const Hint = ({ children }: { children: ReactNode }) => (
  <p className="text-xs leading-relaxed text-muted">{children}</p>
);

interface ChoiceProps<T extends string> {
  readonly name: string;
  readonly value: T;
  readonly options: readonly (readonly [value: T, label: string])[];
  onChange(value: T): void;
}

/** A few options side by side: radio buttons, so that arrow keys and screen readers know what they are. */
export function Choice<T extends string>({ name, value, options, onChange }: ChoiceProps<T>) {
  const group = useId();
  return (
    <fieldset className="flex rounded-full border border-line bg-sheet p-1 text-sm">
      <legend className="sr-only">{name}</legend>
      {options.map(([option, label]) => (
        <label
          key={option}
          className="flex min-h-8 flex-1 cursor-pointer items-center justify-center rounded-full px-3 text-center whitespace-nowrap text-muted has-checked:bg-ink has-checked:text-paper has-focus-visible:outline-2 has-focus-visible:outline-offset-2 has-focus-visible:outline-seal"
        >
          <input
            type="radio"
            name={group}
            checked={option === value}
            onChange={() => onChange(option)}
            className="sr-only"
          />
          {label}
        </label>
      ))}
    </fieldset>
  );
}

interface SliderProps {
  readonly name: string;
  readonly hint: string;
  readonly value: number;
  readonly range: readonly [low: number, high: number, step: number];
  readonly shown: string;
  readonly disabled?: boolean;
  onChange(value: number): void;
}

function Slider({ name, hint, value, range: [low, high, step], shown, disabled = false, onChange }: SliderProps) {
  const id = useId();
  return (
    <div className={disabled ? 'opacity-50' : undefined}>
      <div className="flex items-baseline justify-between text-sm">
        <label htmlFor={id} className="font-medium">
          {name}
        </label>
        <output htmlFor={id} className="text-muted tabular-nums">
          {shown}
        </output>
      </div>
      <input
        id={id}
        type="range"
        min={low}
        max={high}
        step={step}
        value={value}
        disabled={disabled}
        onChange={(event) => onChange(event.target.valueAsNumber)}
        aria-describedby={`${id}-hint`}
        aria-valuetext={shown}
        className="mt-2 w-full"
      />
      <p id={`${id}-hint`} className="mt-1 text-xs text-muted">
        {hint}
      </p>
    </div>
  );
}

function Seed({
  t,
  settings: { seed, temperature },
  onChange,
}: {
  t: Dictionary;
  settings: Settings;
  onChange: (part: Partial<Settings>) => void;
}) {
  const id = useId();
  return (
    <div className={`flex flex-col gap-2 ${temperature === 0 ? 'opacity-50' : ''}`}>
      <div className="flex items-center justify-between gap-3 text-sm">
        <label htmlFor={id} className="font-medium">
          {t.seed}
        </label>
        <input
          id={id}
          type="number"
          inputMode="numeric"
          min={0}
          max={largestSeed}
          step={1}
          value={seed ?? ''}
          placeholder={t.seedAny}
          disabled={temperature === 0}
          onChange={(event) => {
            const given = event.target.valueAsNumber;
            onChange({ seed: Number.isInteger(given) && given >= 0 && given <= largestSeed ? given : null });
          }}
          aria-describedby={`${id}-hint`}
          className="w-44 rounded-lg border border-line bg-sheet px-3 py-1.5 tabular-nums placeholder:text-muted"
        />
      </div>
      <p id={`${id}-hint`} className="text-xs text-muted">
        {t.seedHint}
      </p>
    </div>
  );
}
