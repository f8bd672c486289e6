// What a person teaches: classes, each with examples; and the recipe and files that a training makes of it. No React.

import type { BrowserTraining } from '@yumo/train/web';
import type { Stored } from '../interface/stored.ts';

export interface Class {
  readonly name: string;
  /** One a line. */
  readonly examples: string;
}

export interface Lesson {
  readonly classes: readonly Class[];
  readonly steps: number;
  /** A model whose weights the training starts from; null: from nothing. */
  readonly from: string | null;
}

/** Where the run lies among the page's private files. */
export const folder = 'runs/taught';
export const mostClasses = 8;
export const stepsRange = [10, 400] as const;

export const lessons: Readonly<Record<'en' | 'zh', Lesson>> = {
  en: {
    classes: [
      {
        name: 'praise',
        examples:
          'thank you, the bread was wonderful\nwe loved the garden and the quiet\nthe best coffee in town\nkind people and a warm room\nI will come back soon, thank you\nwhat a wonderful evening\nthe soup was warm and good\nlovely music and kind people',
      },
      {
        name: 'complaint',
        examples:
          'the coffee was cold and bitter\nwe waited an hour for the soup\nthe room was dirty and loud\nnobody answered the phone\nthe bread was hard and old\nI want my money back\nthe music was too loud\nrude people and a cold room',
      },
    ],
    steps: 60,
    from: null,
  },
  zh: {
    classes: [
      {
        name: '表扬',
        examples:
          '面包很香，谢谢\n院子安静又漂亮\n全城最好喝的咖啡\n房间暖和，人也热情\n下次一定再来\n多么愉快的晚上\n汤很热，很好喝\n音乐好听，服务热情',
      },
      {
        name: '投诉',
        examples:
          '咖啡又冷又苦\n等了一个小时才上汤\n房间又脏又吵\n电话没有人接\n面包又硬又旧\n请把钱退给我\n音乐太吵了\n服务员很粗鲁，房间很冷',
      },
    ],
    steps: 60,
    from: null,
  },
};

export const examplesOf = ({ examples }: Class): string[] => [
  ...new Set(
    examples
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== ''),
  ),
];

/** What is missing before it can be taught; undefined when nothing is. */
export type Gap = 'classes' | 'names' | 'examples' | undefined;

export function gapOf({ classes }: Lesson): Gap {
  if (classes.length < 2) return 'classes';
  const names = classes.map((c) => c.name.trim());
  if (names.some((name) => name === '') || new Set(names).size < names.length) return 'names';
  return classes.some((c) => examplesOf(c).length < 2) ? 'examples' : undefined;
}

/** Every fifth example of a class is kept back to measure with, where a class has five. */
const heldBack = 5;

export interface Order {
  readonly training: BrowserTraining;
  readonly learnt: number;
  /** Examples that are not learnt but measured with; 0: too few, and the learnt ones are measured. */
  readonly held: number;
}

/** @param models address of the models that a training may start from */
export function orderOf({ classes, steps, from }: Lesson, models: string, device: BrowserTraining['device']): Order {
  const parts = classes.map((c) => {
    const examples = examplesOf(c);
    const held = examples.filter((_, i) => i % heldBack === heldBack - 1);
    return { name: c.name.trim(), learnt: examples.filter((e) => !held.includes(e)), held };
  });
  const held = parts.every((p) => p.held.length > 0);
  const file = (name: string, lines: readonly string[]) => ({
    name,
    bytes: new TextEncoder().encode(`${lines.join('\n')}\n`),
  });
  const source = (name: string, label: string) => ({ files: [name], format: 'text' as const, label });
  const measured = (p: (typeof parts)[number]): readonly string[] => (held ? p.held : p.learnt);
  return {
    learnt: parts.reduce((n, p) => n + (held ? p.learnt : [...p.learnt, ...p.held]).length, 0),
    held: held ? parts.reduce((n, p) => n + p.held.length, 0) : 0,
    training: {
      folder,
      mode: 'overwrite',
      device,
      ...(from === null ? {} : { models }),
      files: parts.flatMap((p, i) => [
        file(`learn-${i}.txt`, held ? p.learnt : [...p.learnt, ...p.held]),
        file(`measure-${i}.txt`, measured(p)),
      ]),
      recipe: {
        name: 'taught',
        description: 'Taught by examples, in a browser.',
        data: {
          kind: 'rows',
          train: parts.map((p, i) => source(`learn-${i}.txt`, p.name)),
          validation: parts.map((p, i) => source(`measure-${i}.txt`, p.name)),
        },
        objective: { kind: 'sequence-classification' },
        ...(from === null
          ? {
              tokenizer: { kind: 'word-piece', vocabularySize: 600, minFrequency: 1 },
              model: {
                model_type: 'bert',
                hidden_size: 48,
                num_hidden_layers: 2,
                num_attention_heads: 4,
                intermediate_size: 96,
                max_position_embeddings: 64,
                hidden_dropout_prob: 0.1,
                attention_probs_dropout_prob: 0.1,
              },
              optimizer: { kind: 'adamw', learningRate: 0.004 },
            }
          : {
              init: { from },
              tokenizer: { kind: 'init' },
              model: {},
              optimizer: { kind: 'adamw', learningRate: 0.0005 },
            }),
        schedule: { kind: 'linear', warmupSteps: Math.min(10, Math.floor(steps / 4)) },
        batch: 8,
        context: 64,
        steps,
        evaluateEvery: Math.max(5, Math.floor(steps / 6)),
        checkpointEvery: Math.max(5, Math.floor(steps / 2)),
        best: 'loss',
      },
    },
  };
}

export const storedLesson: Stored<Lesson | null> = {
  key: 'yumo.lesson',
  initial: null,
  parse(json) {
    if (typeof json !== 'object' || json === null) return null;
    const { classes, steps, from } = json as Record<string, unknown>; // read with care
    if (!Array.isArray(classes) || classes.length < 1 || classes.length > mostClasses) return null;
    const whole = classes.every(
      (c: Partial<Class> | null) => typeof c?.name === 'string' && typeof c.examples === 'string',
    );
    if (!whole || typeof steps !== 'number' || !(steps >= stepsRange[0] && steps <= stepsRange[1])) return null;
    return { classes: classes as Class[], steps: Math.floor(steps), from: typeof from === 'string' ? from : null }; // checked above
  },
};
