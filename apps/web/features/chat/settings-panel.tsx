// Everything that can be chosen, in a drawer: model, place, sampling, language, theme.

import type { ModelInfo } from '@yumo/serve/client';
import { type RefObject, useId } from 'react';
import type { Dictionary } from '../interface/dictionary.ts';
import { bytes, whole } from '../interface/format.ts';
import type { Preferences } from '../interface/preferences.ts';
import { Group, Hint, SettingsDrawer } from '../interface/settings-drawer.tsx';
import { defaults, largestSeed, ranges, type Settings } from './settings.ts';

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
  return (
    <SettingsDrawer
      dialog={dialog}
      preferences={preferences}
      settings={settings}
      onSettings={onSettings}
      model={model}
      first={
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
      }
    >
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
          onSettings({
            ...defaults,
            model: settings.model,
            place: settings.place,
            device: settings.device,
            form: settings.form,
          })
        }
        className="self-start rounded-full border border-line px-4 py-2 text-sm hover:border-seal"
      >
        {t.defaults}
      </button>
    </SettingsDrawer>
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
