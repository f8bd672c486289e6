// Examples of conversations: ChatML, with labels on the assistant's words.

import type { Tokenizer } from '@yumo/tokenizer';
import { ignoredLabel } from '../../data/batches.ts';
import type { Columns } from '../../data/examples.ts';
import type { Message } from '../../data/readers/rows.ts';
import { countTokens } from '../text-inputs.ts';
import type { Maker } from './maker.ts';

/** A conversation whose last turn, and every turn of the assistant, is learnt. */
export interface Conversation {
  readonly messages: readonly Message[];
}

export interface ConversationSettings {
  readonly columns: Columns;
  /** The most tokens. */
  readonly length: number;
}

/** ChatML: a turn between its two marks. The first mark is followed by the role and a line break. */
export const [opening, closing] = ['<|im_start|>', '<|im_end|>'] as const;

/** Ids of a conversation with its labels: those of the assistant's words and of the mark that ends them. */
export function encodedConversation(
  messages: readonly Message[],
  tokenizer: Tokenizer,
): { ids: Int32Array; labels: Int32Array } {
  const [open, close] = [opening, closing].map((mark) => tokenizer.tokenToId(mark)!);
  const plain = (text: string): Int32Array => tokenizer.encodeIds(text, { addSpecialTokens: false });
  const lineBreak = plain('\n');
  const ids: number[] = [];
  const labels: number[] = [];
  const say = (tokens: Iterable<number>, learnt: boolean): void => {
    for (const id of tokens) {
      ids.push(id);
      labels.push(learnt ? id : ignoredLabel);
    }
  };
  for (const { role, content } of messages) {
    const learnt = role === 'assistant';
    say([open!, ...plain(`${role}\n`)], false);
    say([...plain(content), close!], learnt);
    say(lineBreak, false);
  }
  return { ids: Int32Array.from(ids), labels: Int32Array.from(labels) };
}

export const conversationMaker = (
  tokenizer: Tokenizer,
  { columns, length }: ConversationSettings,
): Maker<Conversation> => ({
  columns,
  countTokens,
  examplesOf({ messages }, _, tell) {
    const { ids, labels } = encodedConversation(messages, tokenizer);
    const kept = Math.min(ids.length - 1, length);
    if (kept < ids.length - 1) tell(`conversations longer than ${length} tokens, cut there`);
    const asked = labels.slice(1, kept + 1);
    if (asked.some((l) => l !== ignoredLabel)) return [{ input_ids: ids.slice(0, kept), labels: asked }];
    tell('conversations without an answer in what is left, left out');
    return [];
  },
});
