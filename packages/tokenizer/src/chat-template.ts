// Chat templates: a conversation as the text that a model was trained on. The template engine is passed in.
import { TokenizerError } from './errors.ts';
import type { TokenizerFolder } from './formats/from-files.ts';

/** One message of a conversation. */
export interface ChatMessage {
  readonly role: string;
  readonly content: string;
}

/** Renders a Jinja template, for instance `(text, context) => new Template(text).render(context)` of `@huggingface/jinja`. */
export type TemplateEngine = (template: string, context: Record<string, unknown>) => string;

export interface ChatOptions {
  /** End with the opening of the assistant's answer. Default true. */
  addGenerationPrompt?: boolean;
  /** Which template, where the folder has several. Default `default`. */
  templateName?: string;
  /** Further variables of the template, such as `tools` or `enable_thinking`. */
  variables?: Readonly<Record<string, unknown>>;
}

/**
 * The text of a conversation. Encode it with `specialTokensInText: 'parse'` and `addSpecialTokens: false`, for the template
 * writes the control tokens. Control tokens in what people wrote are broken by a zero-width space first, so that nobody's
 * message becomes one.
 *
 * @throws TokenizerError ARGUMENT when the folder has no such template.
 */
export function applyChatTemplate(
  folder: TokenizerFolder,
  messages: readonly ChatMessage[],
  engine: TemplateEngine,
  options: ChatOptions = {},
): string {
  const { chatTemplate, tokenizer, specialTokens } = folder;
  const name = options.templateName ?? 'default';
  const template = typeof chatTemplate === 'object' && chatTemplate !== null ? chatTemplate[name] : chatTemplate;
  if (template === null || template === undefined) {
    const names =
      typeof chatTemplate === 'object' && chatTemplate !== null ? Object.keys(chatTemplate).join(', ') : 'none';
    throw new TokenizerError(
      'ARGUMENT',
      `applyChatTemplate: the model has no chat template "${name}" (templates: ${names})`,
      { name },
    );
  }
  const special = tokenizer.addedTokens.filter((token) => token.special).map((token) => token.content);
  const tokens = Object.fromEntries(
    Object.entries(specialTokens).map(([role, value]) => [`${role}_token`, value.token]),
  );
  return engine(template, {
    ...tokens,
    ...options.variables,
    messages: messages.map((message) => ({ ...message, content: withoutControl(message.content, special) })),
    add_generation_prompt: options.addGenerationPrompt ?? true,
  });
}

function withoutControl(text: string, special: readonly string[]): string {
  return special.reduce((result, token) => {
    if (token.length < 2) return result;
    return result.replaceAll(token, `${token[0]}\u200b${token.slice(1)}`);
  }, text);
}
