// The kinds of work that pages ask for, which head of a model does each, and how such a model is opened, in Node or in a browser.

import {
  type FileSource,
  type HeadModelOptions,
  QuestionAnswerer,
  type Runtime,
  TextClassifier,
  TextToText,
  TokenClassifier,
  type TokenizerLike,
  YumoError,
} from '@yumo/core';

/** What a model can be used for; `write`: it goes on with a text. */
export const tasks = ['write', 'ask', 'summarize', 'translate', 'classify', 'tag'] as const;
export type Task = (typeof tasks)[number];

/** Models by what stands on top of them. */
export interface TaskModels {
  readonly answers: QuestionAnswerer;
  readonly classes: TextClassifier;
  readonly tags: TokenClassifier;
  readonly rewrites: TextToText;
}
export type Head = keyof TaskModels;

export const headOf = {
  ask: 'answers',
  classify: 'classes',
  tag: 'tags',
  translate: 'rewrites',
  summarize: 'rewrites',
} as const satisfies Readonly<Record<Exclude<Task, 'write'>, Head>>;

/** `full`: the weights as they are; `small`: 8-bit ONNX files, where the folder has them. */
export type Form = 'full' | 'small';

export interface OpenOptions {
  readonly tokenizer: (json: string) => ReturnType<HeadModelOptions['tokenizer']> & TokenizerLike;
  readonly form?: Form | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Names of the 8-bit files, as `yumo export --form int8` writes them. */
export const smallFiles = {
  model: 'onnx/model_quantized.onnx',
  encoder: 'onnx/encoder_model_quantized.onnx',
  decoder: 'onnx/decoder_model_merged_quantized.onnx',
} as const;

type Opener<H extends Head> = (source: FileSource, runtime: Runtime, options: OpenOptions) => Promise<TaskModels[H]>;

const one = ({ tokenizer, form, signal }: OpenOptions): HeadModelOptions => ({
  tokenizer,
  ...(form === 'small' ? { file: smallFiles.model } : {}),
  ...(signal ? { signal } : {}),
});

const openers: { readonly [H in Head]: Opener<H> } = {
  answers: (source, runtime, options) => QuestionAnswerer.load(source, runtime, one(options)),
  classes: (source, runtime, options) => TextClassifier.load(source, runtime, one(options)),
  tags: (source, runtime, options) => TokenClassifier.load(source, runtime, one(options)),
  rewrites: (source, runtime, { tokenizer, form, signal }) =>
    TextToText.load(source, runtime, {
      tokenizer,
      ...(form === 'small' ? { files: { encoder: smallFiles.encoder, decoder: smallFiles.decoder } } : {}),
      ...(signal ? { signal } : {}),
    }),
};

/** @throws YumoError as the `load` of core's tasks. */
export function openTask<H extends Head>(
  head: H,
  source: FileSource,
  runtime: Runtime,
  options: OpenOptions,
): Promise<TaskModels[H]> {
  const open: Opener<H> = openers[head];
  return open(source, runtime, options);
}

/** The head that a class name of config.json's `architectures` means here; undefined for those that no page uses. */
export function headOfClass(className: string, isSeq2Seq: boolean): Head | undefined {
  if (className.endsWith('ForQuestionAnswering')) return 'answers';
  if (className.endsWith('ForSequenceClassification')) return 'classes';
  if (className.endsWith('ForTokenClassification')) return 'tags';
  return isSeq2Seq ? 'rewrites' : undefined;
}

/** For texts that must hold something. @throws YumoError `DATA` */
export function checkText(task: Task, text: string): void {
  if (text.trim() === '') throw new YumoError('DATA', `${task}: the text is empty; give some`, {});
}
