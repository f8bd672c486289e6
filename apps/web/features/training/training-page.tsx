// A page that trains: a text in, a small model of it out, all in this browser.

'use client';

import { type FormEvent, useEffect, useState } from 'react';
import type { Language } from '../interface/dictionary.ts';
import { usePreferences } from '../interface/preferences.ts';
import { type TrainingDevice, trainingOf } from './example.ts';
import { useTraining } from './use-training.ts';

const words: {
  readonly [L in Language]: Readonly<
    Record<
      | 'title'
      | 'honest'
      | 'text'
      | 'steps'
      | 'processor'
      | 'auto'
      | 'start'
      | 'goOn'
      | 'stop'
      | 'step'
      | 'loss'
      | 'validation'
      | 'sample'
      | 'done'
      | 'stopped',
      string
    >
  >;
} = {
  en: {
    title: 'Train in this page',
    honest:
      'A very small model learns the characters of this text, on your computer. Nothing is sent anywhere; the model stays in this browser.',
    text: 'Text to learn',
    steps: 'Steps',
    processor: 'Processor',
    auto: 'the fastest',
    start: 'Start anew',
    goOn: 'Go on',
    stop: 'Stop',
    step: 'step',
    loss: 'loss',
    validation: 'on unseen text',
    sample: 'it writes',
    done: 'done',
    stopped: 'stopped, with a checkpoint',
  },
  zh: {
    title: '在此页中训练',
    honest: '一个很小的模型在你的电脑上学习这段文字的字符。不向任何地方发送内容；模型留在此浏览器中。',
    text: '要学习的文字',
    steps: '步数',
    processor: '处理器',
    auto: '最快的',
    start: '重新开始',
    goOn: '继续',
    stop: '停止',
    step: '步',
    loss: '损失',
    validation: '未见过的文字',
    sample: '它写道',
    done: '完成',
    stopped: '已停止，并存了检查点',
  },
};

const beginning = 'the cat sat on the mat and the dog sat on the log. '.repeat(40);

export function TrainingPage() {
  const [awake, setAwake] = useState(false);
  useEffect(() => setAwake(true), []);
  const { language } = usePreferences(awake);
  const t = words[language];
  const [text, setText] = useState(beginning);
  const [steps, setSteps] = useState(60);
  const [device, setDevice] = useState<TrainingDevice>('auto');
  const { events, running, failure, start, stop } = useTraining();
  const begin = (mode: 'overwrite' | 'resume') => (event: FormEvent) => {
    event.preventDefault();
    start(trainingOf(text, steps, device, mode));
  };
  return (
    <main className="mx-auto flex max-w-2xl flex-col gap-4 p-6">
      <h1 className="text-2xl">{t.title}</h1>
      <p>{t.honest}</p>
      <form className="flex flex-col gap-3" onSubmit={begin('overwrite')}>
        <label className="flex flex-col gap-1">
          {t.text}
          <textarea className="min-h-32 border p-2" value={text} onChange={(e) => setText(e.target.value)} />
        </label>
        <label className="flex items-center gap-2">
          {t.steps}
          <input
            className="w-24 border p-1"
            type="number"
            min={1}
            value={steps}
            onChange={(e) => setSteps(e.target.valueAsNumber || 1)}
          />
        </label>
        <label className="flex items-center gap-2">
          {t.processor}
          <select className="border p-1" value={device} onChange={(e) => setDevice(e.target.value as TrainingDevice)}>
            <option value="auto">{t.auto}</option>
            <option value="webgpu">WebGPU</option>
            <option value="wasm">WebAssembly</option>
          </select>
        </label>
        <div className="flex gap-2">
          <button className="border px-3 py-1" type="submit" disabled={running || !awake}>
            {t.start}
          </button>
          <button className="border px-3 py-1" type="button" disabled={running || !awake} onClick={begin('resume')}>
            {t.goOn}
          </button>
          <button className="border px-3 py-1" type="button" disabled={!running} onClick={stop}>
            {t.stop}
          </button>
        </div>
      </form>
      {failure !== undefined && <p role="alert">{failure}</p>}
      <ol aria-live="polite" className="flex flex-col gap-1 text-sm" data-testid="training-events">
        {events.map((event, i) => (
          <li
            // biome-ignore lint/suspicious/noArrayIndexKey: events are only ever added at the end
            key={i}
            data-kind={event.kind}
            data-loss={'loss' in event ? event.loss : undefined}
            data-step={'step' in event ? event.step : undefined}
          >
            {event.kind === 'start' && event.runtime}
            {event.kind === 'step' && `${t.step} ${event.step}: ${t.loss} ${event.loss.toFixed(4)}`}
            {event.kind === 'evaluation' && `${t.step} ${event.step}: ${t.validation} ${event.loss.toFixed(4)}`}
            {event.kind === 'sample' && `${t.sample}: ${event.text}`}
            {event.kind === 'done' && (event.reason === 'completed' ? t.done : t.stopped)}
          </li>
        ))}
      </ol>
    </main>
  );
}
