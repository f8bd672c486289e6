// A model's folder → what an engine drives, on onnxruntime.

import {
  Chat,
  type ChatTurn,
  type GenerationEvent,
  type Runtime,
  streamLongText,
  type TextGenerationOptions,
  YumoError,
} from '@yumo/core';
import { chooseRuntime, modelSource, TextGenerator } from '@yumo/core/node';
import { Tokenizer } from '@yumo/tokenizer';
import { readChatTemplate } from './conversation.ts';
import type { Generator } from './generation.ts';
import { type Head, openTask, type TaskModels } from './tasks/open.ts';

export interface LoadOptions {
  /** `cpu` by default. */
  readonly device?: string;
  readonly threads?: number;
}

/** GPUs are checked before they are trusted. */
const runtimeFor = async ({ device, threads }: LoadOptions): Promise<Runtime> =>
  (await chooseRuntime({ device: device ?? 'cpu', ...(threads ? { threads } : {}) })).runtime;
const tokenizer = (json: string): Tokenizer => Tokenizer.fromJson(json);

/** @throws YumoError what core says of a damaged folder or a missing device. */
export async function loadGenerator(folder: string, options: LoadOptions = {}): Promise<Generator> {
  const source = modelSource(folder);
  const generator = await TextGenerator.load(source, await runtimeFor(options), { tokenizer });
  const template = await readChatTemplate(source).catch(async (error: unknown) => {
    await generator.dispose();
    throw error;
  });
  const chat = template && new Chat(generator, template);
  return {
    contextLength: generator.contextLength,
    ...(chat ? { chat: (turns, options = {}) => nextTurn(chat, turns, options) } : {}),
    stream: (prompt, { pastContext = 'end', ...options } = {}) =>
      pastContext === 'slide' ? streamLongText(generator, prompt, options) : generator.stream(prompt, options),
    dispose: () => generator.dispose(),
  };
}

/** Nothing is forgotten behind a client's back: it holds the conversation, and is told when that is too long. */
async function* nextTurn(
  chat: Chat,
  turns: readonly ChatTurn[],
  options: TextGenerationOptions,
): AsyncGenerator<GenerationEvent, void, undefined> {
  const { ids, forgotten } = chat.prompt(turns, { answerTokens: 1 });
  if (forgotten > 0)
    throw new YumoError(
      'CONTEXT',
      `${chat.generator.name}: the conversation is longer than the model's context of ${chat.generator.contextLength} tokens; leave out its first ${forgotten} turns`,
      { forgotten, contextLength: chat.generator.contextLength },
    );
  yield* chat.generator.stream(ids, options);
}

/** @throws YumoError as {@link loadGenerator}. */
export async function loadTask<H extends Head>(
  folder: string,
  head: H,
  options: LoadOptions = {},
): Promise<{ readonly model: TaskModels[H]; readonly runtime: string }> {
  const runtime = await runtimeFor(options);
  return { model: await openTask(head, modelSource(folder), runtime, { tokenizer }), runtime: runtime.name };
}
