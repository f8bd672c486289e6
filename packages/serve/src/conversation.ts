// Conversations as a model was trained to read them: the chat template of its folder, filled in.

import { Template } from '@huggingface/jinja';
import { type ChatTemplate, type FileSource, YumoError } from '@yumo/core';
import { applyChatTemplate, tokenizerFromFiles } from '@yumo/tokenizer';

const names = [
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'chat_template.jinja',
];

/**
 * The template of a model's folder; undefined where it has none.
 * @throws YumoError `CONFIG` when the folder's files cannot be read as a tokenizer, and from the template when it refuses a conversation.
 */
export async function readChatTemplate(source: FileSource): Promise<ChatTemplate | undefined> {
  const files: Record<string, string> = {};
  for (const name of names)
    if (await source.exists(name)) files[name] = new TextDecoder().decode(await source.read(name));
  // Most models have none: their tokenizer need not be read a second time.
  if (!('chat_template.jinja' in files) && !String(files['tokenizer_config.json'] ?? '').includes('"chat_template"'))
    return undefined;
  const { chatTemplate, ...tokenizer } = tokenizerFromFiles(files);
  if (chatTemplate === null) return undefined;
  return (turns) => {
    try {
      return applyChatTemplate({ ...tokenizer, chatTemplate }, turns, (text, context) =>
        new Template(text).render(context),
      );
    } catch (error) {
      // Templates refuse what they were not made for: roles out of turn, a system message that the model does not know.
      const why = error instanceof Error ? error.message : String(error);
      throw new YumoError('CONFIG', `the model's chat template refuses this conversation: ${why}`, {}, error);
    }
  };
}
