// The words of the page that is taught.

import type { Language } from '../interface/dictionary.ts';
import type { Gap } from './lesson.ts';

export interface TeachWords {
  readonly title: string;
  readonly subtitle: string;
  readonly className: (n: number) => string;
  readonly examplesOf: (name: string) => string;
  readonly oneALine: (n: number) => string;
  readonly add: string;
  readonly remove: (name: string) => string;
  readonly from: string;
  readonly fromNothing: string;
  readonly steps: string;
  readonly teach: string;
  readonly gap: Readonly<Record<Exclude<Gap, undefined>, string>>;
  readonly loading: string;
  readonly progress: (step: number, steps: number) => string;
  readonly loss: (x: string) => string;
  readonly curve: string;
  readonly held: (right: string, n: number) => string;
  readonly seen: (right: string) => string;
  readonly took: (seconds: string) => string;
  readonly failed: string;
  readonly tryIt: string;
  readonly tryPlaceholder: string;
  readonly kept: string;
}

export const teachWords: Readonly<Record<Language, TeachWords>> = {
  en: {
    title: 'Teach it your own classes.',
    subtitle:
      'Write a few examples of each class. A small model learns them in this page; nothing leaves your computer.',
    className: (n) => `Name of class ${n}`,
    examplesOf: (name) => `Examples of ${name}`,
    oneALine: (n) => (n === 1 ? '1 example, one a line' : `${n} examples, one a line`),
    add: 'Add a class',
    remove: (name) => `Remove ${name}`,
    from: 'Start from',
    fromNothing: 'nothing: a new small model',
    steps: 'Steps',
    teach: 'Teach',
    gap: {
      classes: 'It takes two classes at least.',
      names: 'Each class needs a name of its own.',
      examples: 'Each class needs two examples at least, one a line.',
    },
    loading: 'Preparing the training…',
    progress: (step, steps) => `Step ${step} of ${steps}`,
    loss: (x) => `loss ${x}`,
    curve: 'The loss, step by step: how wrong the model is on what it learns',
    held: (right, n) => `${right} right on ${n} examples that it did not learn`,
    seen: (right) => `${right} right on the examples it learnt (there are too few to keep some back)`,
    took: (seconds) => `learnt in ${seconds}`,
    failed: 'The training failed.',
    tryIt: 'Try it',
    tryPlaceholder: 'Write something it has not seen…',
    kept: 'The model lies in this browser’s private files until it is taught anew.',
  },
  zh: {
    title: '教它你自己的分类。',
    subtitle: '给每一类写几个例子，一个小模型就在本页里学会它们，内容不会离开你的电脑。',
    className: (n) => `第 ${n} 类的名称`,
    examplesOf: (name) => `“${name}”的例子`,
    oneALine: (n) => `${n} 个例子，每行一个`,
    add: '添加一类',
    remove: (name) => `删除“${name}”`,
    from: '起点',
    fromNothing: '从零开始：一个新的小模型',
    steps: '步数',
    teach: '开始学习',
    gap: {
      classes: '至少要有两类。',
      names: '每一类都要有自己的名称。',
      examples: '每一类至少要有两个例子，每行一个。',
    },
    loading: '正在准备训练……',
    progress: (step, steps) => `第 ${step} 步，共 ${steps} 步`,
    loss: (x) => `损失 ${x}`,
    curve: '每一步的损失：模型在所学内容上错得有多远',
    held: (right, n) => `在没有学过的 ${n} 个例子上答对 ${right}`,
    seen: (right) => `在学过的例子上答对 ${right}（例子太少，没有留出来检验的）`,
    took: (seconds) => `学习用时 ${seconds}`,
    failed: '训练失败了。',
    tryIt: '试一试',
    tryPlaceholder: '写一句它没见过的话……',
    kept: '模型保存在本浏览器的私有文件中，直到重新学习。',
  },
};
