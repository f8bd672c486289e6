// Every word that the page says, in each of its languages. A missing entry does not compile.

import type { ErrorCode } from '@yumo/core';
import { type TaskWords, taskWords } from './task-words.ts';

export const languages = ['en', 'zh'] as const;
export type Language = (typeof languages)[number];

export interface Dictionary {
  /** The language's own name, for the switch. */
  readonly self: string;
  /** For `<html lang>`. */
  readonly tag: string;
  readonly title: string;
  readonly subtitle: string;
  readonly honest: string;
  readonly beginnings: string;
  readonly you: string;
  readonly model: string;
  readonly composerLabel: string;
  readonly composerBegin: string;
  readonly composerGoOn: string;
  readonly composerHint: string;
  readonly handedOverSoon: string;
  readonly pages: string;
  readonly eightBit: string;
  readonly numbers: string;
  readonly numbersSmall: (size: string) => string;
  readonly numbersFull: (size: string) => string;
  readonly send: string;
  readonly goOn: string;
  readonly stop: string;
  readonly again: string;
  readonly copy: string;
  readonly copied: string;
  readonly newPage: string;
  readonly undo: string;
  readonly tryAgain: string;
  readonly toEnd: string;
  readonly where: string;
  readonly server: string;
  readonly browser: string;
  readonly serverHint: string;
  readonly browserHint: string;
  readonly device: string;
  readonly deviceAuto: string;
  readonly deviceGpu: string;
  readonly deviceCpu: string;
  readonly settings: string;
  readonly closeSettings: string;
  readonly chooseModel: string;
  readonly temperature: string;
  readonly temperatureHint: string;
  readonly topK: string;
  readonly topKHint: string;
  readonly topP: string;
  readonly topPHint: string;
  readonly length: string;
  readonly lengthHint: string;
  readonly seed: string;
  readonly seedHint: string;
  readonly seedAny: string;
  readonly off: string;
  readonly greedy: string;
  readonly defaults: string;
  readonly language: string;
  readonly theme: string;
  readonly themeSystem: string;
  readonly themeLight: string;
  readonly themeDark: string;
  readonly skip: string;
  readonly conversation: string;
  readonly loadingModels: string;
  readonly noModels: string;
  readonly modelsFailed: string;
  readonly unusable: string;
  readonly facts: (contextLength: string, vocabulary: string, size: string) => string;
  readonly downloadingModel: (done: string, total: string) => string;
  readonly downloadingEngine: (done: string, total: string) => string;
  readonly preparing: string;
  readonly waiting: (ahead: number) => string;
  readonly writing: string;
  readonly finished: (tokens: number) => string;
  readonly stopped: string;
  readonly emptyAnswer: string;
  readonly firstToken: string;
  readonly speed: string;
  readonly tokens: string;
  readonly ended: string;
  readonly backend: string;
  readonly tokensPerSecond: (n: string) => string;
  readonly reads: (tokens: string) => string;
  readonly reason: Readonly<Record<'end' | 'length' | 'stop' | 'context' | 'aborted', string>>;
  readonly offlineReady: string;
  readonly offline: string;
  readonly useBrowser: string;
  readonly unreachable: string;
  readonly crashed: string;
  readonly failures: Readonly<Record<ErrorCode, string>>;
  /** Of the pages beside the writing page. */
  readonly tasks: TaskWords;
}

const en: Dictionary = {
  self: 'English',
  tag: 'en',
  title: 'Begin a text.\nThe model goes on.',
  subtitle: 'You write a line, it writes the next; the page grows between you.',
  honest:
    'This is a base language model: it continues text. It does not answer questions, and what it writes is made up.',
  beginnings: 'Or start from one of these',
  you: 'You',
  model: 'Model',
  composerLabel: 'Your text',
  composerBegin: 'Write a beginning…',
  composerGoOn: 'Add a line, or let the model write on…',
  composerHint: 'Enter: hand over · Shift + Enter: new line · Esc: stop',
  handedOverSoon: 'Your text is handed over as soon as the models are found…',
  pages: 'Pages',
  eightBit: '8-bit',
  numbers: 'Numbers',
  numbersSmall: (size) => `8-bit, smaller and faster (${size})`,
  numbersFull: (size) => `as trained (${size})`,
  send: 'Hand over',
  goOn: 'Write on',
  stop: 'Stop',
  again: 'Another version',
  copy: 'Copy all',
  copied: 'Copied',
  newPage: 'New page',
  undo: 'Bring the old page back',
  tryAgain: 'Try again',
  toEnd: 'To the end',
  where: 'Where the model runs',
  server: 'Server',
  browser: 'This browser',
  serverHint: 'The text is sent to the server that this page came from.',
  browserHint: 'The model is loaded into this page and kept. The text stays here; it works without a network.',
  device: 'Processor',
  deviceAuto: 'Fastest here',
  deviceGpu: 'Graphics (WebGPU)',
  deviceCpu: 'Processor (WebAssembly)',
  settings: 'Settings',
  closeSettings: 'Close settings',
  chooseModel: 'Model',
  temperature: 'Temperature',
  temperatureHint: 'Low: expected words. High: surprises.',
  topK: 'Top k',
  topKHint: 'Choose among the k likeliest tokens only.',
  topP: 'Top p',
  topPHint: 'Choose among the likeliest tokens that together reach this probability.',
  length: 'Length',
  lengthHint: 'At most so many new tokens a turn.',
  seed: 'Seed',
  seedHint: 'The same seed, text and settings give the same continuation.',
  seedAny: 'a new one each time',
  off: 'off',
  greedy: '0: always the likeliest token',
  defaults: 'Back to defaults',
  language: 'Language',
  theme: 'Light or dark',
  themeSystem: 'As the system',
  themeLight: 'Light',
  themeDark: 'Dark',
  skip: 'Skip to the writing field',
  conversation: 'The text so far',
  loadingModels: 'Looking for models…',
  noModels: 'There is no model yet. Train one with “yumo train”, or copy its folder to models/, then reload.',
  modelsFailed: 'The list of models could not be loaded.',
  unusable: 'cannot be used',
  facts: (contextLength, vocabulary, size) =>
    `Reads ${contextLength} tokens at once · ${vocabulary} tokens in its vocabulary · ${size}`,
  downloadingModel: (done, total) => `Loading the model into this page: ${done} of ${total}`,
  downloadingEngine: (done, total) => `Loading the engine into this page: ${done} of ${total}`,
  preparing: 'Preparing the model…',
  waiting: (ahead) => (ahead === 0 ? 'You are next…' : `${ahead} ahead of you…`),
  writing: 'The model is writing…',
  finished: (tokens) => `The model wrote ${tokens} tokens.`,
  stopped: 'stopped',
  emptyAnswer: 'The model added nothing: for it the text ends here.',
  firstToken: 'first token',
  speed: 'speed',
  tokens: 'tokens',
  ended: 'ended',
  backend: 'ran on',
  tokensPerSecond: (n) => `${n} tokens/s`,
  reads: (tokens) => `The model reads the last ${tokens} tokens of the text.`,
  reason: {
    end: 'ended by itself',
    length: 'length reached',
    stop: 'stop text',
    context: 'context full',
    aborted: 'stopped',
  },
  offlineReady: 'kept on this device, works offline',
  offline: 'You are offline.',
  useBrowser: 'Use this browser instead',
  unreachable: 'The server cannot be reached.',
  crashed: 'Something broke that should not.',
  failures: {
    SHAPE: 'The model does not fit together.',
    GRAPH: 'The model cannot be built.',
    RUNTIME: 'The engine could not run the model.',
    FEED: 'The engine was given wrong input.',
    CONFIG: 'A setting is not possible.',
    CHECKPOINT: 'The files of the model are damaged or do not fit.',
    FILE: 'A file could not be loaded.',
    DATA: 'The text cannot be used.',
    TOKENIZER: 'The tokenizer does not fit the model.',
    CONTEXT: 'The text is longer than the model can read.',
    BUSY: 'Too many people are using the model right now.',
    ABORTED: 'Stopped.',
    NUMERIC: 'The model computed something that is not a number.',
    USAGE: 'The request was not understood.',
  },
  tasks: taskWords.en,
};

const zh: Dictionary = {
  self: '中文',
  tag: 'zh-Hans',
  title: '你起个头，\n模型接着写。',
  subtitle: '你写一行，它写下一行，文字在你们之间生长。',
  honest: '这是一个基础语言模型：它只会续写文字，不会回答问题，写出的内容都是虚构的。',
  beginnings: '或者从下面的开头写起',
  you: '你',
  model: '模型',
  composerLabel: '你的文字',
  composerBegin: '写一个开头……',
  composerGoOn: '再写一行，或者让模型接着写……',
  composerHint: 'Enter：交给模型 · Shift + Enter：换行 · Esc：停止',
  handedOverSoon: '找到模型后，立刻把你的文字交给它……',
  pages: '页面',
  eightBit: '8 位',
  numbers: '数值精度',
  numbersSmall: (size) => `8 位，更小更快（${size}）`,
  numbersFull: (size) => `与训练时相同（${size}）`,
  send: '交给模型',
  goOn: '接着写',
  stop: '停止',
  again: '换一个写法',
  copy: '复制全文',
  copied: '已复制',
  newPage: '新的一页',
  undo: '找回上一页',
  tryAgain: '再试一次',
  toEnd: '到末尾',
  where: '模型在哪里运行',
  server: '服务器',
  browser: '本浏览器',
  serverHint: '文字会发送到本页面所在的服务器。',
  browserHint: '模型会载入本页面并保存下来。文字不离开这里，断网也能用。',
  device: '运算设备',
  deviceAuto: '自动选最快的',
  deviceGpu: '显卡（WebGPU）',
  deviceCpu: '处理器（WebAssembly）',
  settings: '设置',
  closeSettings: '关闭设置',
  chooseModel: '模型',
  temperature: '温度',
  temperatureHint: '低：用词稳妥；高：更多意外。',
  topK: 'Top k',
  topKHint: '只在概率最高的 k 个词元中选择。',
  topP: 'Top p',
  topPHint: '只在概率之和达到此值的最可能词元中选择。',
  length: '长度',
  lengthHint: '每次最多续写这么多词元。',
  seed: '随机种子',
  seedHint: '种子、文字和设置都相同，续写就相同。',
  seedAny: '每次都换新的',
  off: '不限',
  greedy: '0：总是选最可能的词元',
  defaults: '恢复默认值',
  language: '语言',
  theme: '浅色或深色',
  themeSystem: '跟随系统',
  themeLight: '浅色',
  themeDark: '深色',
  skip: '跳到书写框',
  conversation: '到目前为止的文字',
  loadingModels: '正在查找模型……',
  noModels: '还没有模型。请用 “yumo train” 训练一个，或把模型文件夹复制到 models/，然后刷新页面。',
  modelsFailed: '无法载入模型列表。',
  unusable: '无法使用',
  facts: (contextLength, vocabulary, size) => `一次读 ${contextLength} 个词元 · 词表 ${vocabulary} 个词元 · ${size}`,
  downloadingModel: (done, total) => `正在把模型载入本页面：${done} / ${total}`,
  downloadingEngine: (done, total) => `正在把运算引擎载入本页面：${done} / ${total}`,
  preparing: '正在准备模型……',
  waiting: (ahead) => (ahead === 0 ? '下一个就轮到你……' : `前面还有 ${ahead} 人……`),
  writing: '模型正在写……',
  finished: (tokens) => `模型写了 ${tokens} 个词元。`,
  stopped: '已停止',
  emptyAnswer: '模型没有添加任何文字：对它来说，文章到此为止。',
  firstToken: '首个词元',
  speed: '速度',
  tokens: '词元',
  ended: '结束原因',
  backend: '运行于',
  tokensPerSecond: (n) => `${n} 词元/秒`,
  reads: (tokens) => `模型只读文字的最后 ${tokens} 个词元。`,
  reason: { end: '自行结束', length: '达到长度', stop: '遇到停止文字', context: '上下文已满', aborted: '已停止' },
  offlineReady: '已保存在本设备上，断网可用',
  offline: '你已断网。',
  useBrowser: '改用本浏览器',
  unreachable: '无法连接服务器。',
  crashed: '出现了不该出现的故障。',
  failures: {
    SHAPE: '模型的各部分不匹配。',
    GRAPH: '无法构建模型。',
    RUNTIME: '运算引擎无法运行该模型。',
    FEED: '运算引擎收到了错误的输入。',
    CONFIG: '某项设置不可行。',
    CHECKPOINT: '模型文件已损坏或不匹配。',
    FILE: '有文件无法载入。',
    DATA: '这段文字无法使用。',
    TOKENIZER: '分词器与模型不匹配。',
    CONTEXT: '文字超过了模型能读的长度。',
    BUSY: '现在使用模型的人太多了。',
    ABORTED: '已停止。',
    NUMERIC: '模型算出了非数值。',
    USAGE: '无法理解这个请求。',
  },
  tasks: taskWords.zh,
};

export const dictionaries: Readonly<Record<Language, Dictionary>> = { en, zh };
