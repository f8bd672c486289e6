// Conversations: ShareGPT's and OpenAI's forms, and preferences between two next answers.

import { suggestion } from '@yumo/core';
import { listOf, objectOf, show, stringOf } from './json.ts';
import { RowError, type Tracker } from './report.ts';
import type { ChatRow, Message, PreferenceRow, RecordRow } from './rows.ts';

/** The names that files give to roles. */
const roles: Readonly<Record<string, Message['role']>> = {
  system: 'system',
  developer: 'system',
  user: 'user',
  human: 'user',
  assistant: 'assistant',
  gpt: 'assistant',
  bot: 'assistant',
  model: 'assistant',
  function_call: 'assistant',
  tool: 'tool',
  observation: 'tool',
  function: 'tool',
};

/**
 * `{conversations: [{from, value}]}` or `{messages: [{role, content}]}`, with `tools` and a `system` text where given. With `chosen` and
 * `rejected` the row is a preference.
 */
export function readChats(records: readonly RecordRow[], tracker: Tracker): (ChatRow | PreferenceRow)[] {
  return records.flatMap(({ fields, line }) =>
    tracker.at(line, () => {
      const name = fields.messages === undefined ? 'conversations' : 'messages';
      const turns = listOf(fields[name], name).map((turn, i) => messageOf(turn, `${name}[${i}]`));
      if (turns.length === 0) throw new RowError(`${name} is empty`, name);
      const system = typeof fields.system === 'string' && fields.system !== '' && turns[0]!.role !== 'system';
      const messages: Message[] = system
        ? [{ role: 'system', content: stringOf(fields.system, 'system') }, ...turns]
        : turns;
      if (fields.chosen !== undefined || fields.rejected !== undefined)
        return {
          task: 'preference',
          messages,
          ranked: [answerOf(fields.chosen, 'chosen'), answerOf(fields.rejected, 'rejected')],
        };
      if (messages.at(-1)!.role !== 'assistant') tracker.note('conversation that does not end with the assistant');
      const { tools } = fields;
      if (tools === undefined || tools === null || tools === '') return { task: 'chat', messages };
      return { task: 'chat', messages, tools: typeof tools === 'string' ? tools : JSON.stringify(tools) };
    }),
  );
}

function messageOf(value: unknown, path: string): Message {
  const fields = objectOf(value, path);
  const name = stringOf(fields.from ?? fields.role, `${path}.${fields.role === undefined ? 'from' : 'role'}`);
  const role = roles[name];
  if (role === undefined)
    throw new RowError(
      `${path}: role "${name}" is not known${suggestion(name, Object.keys(roles)) || `; there are ${Object.keys(roles).join(', ')}`}`,
      path,
    );
  const content = fields.value ?? fields.content;
  // A call of a function may come without text.
  if (content === null && fields.tool_calls !== undefined) return { role, content: JSON.stringify(fields.tool_calls) };
  const field = `${path}.${fields.value === undefined ? 'content' : 'value'}`;
  if (!Array.isArray(content)) return { role, content: stringOf(content, field) };
  return { role, content: content.map((part, i) => textPartOf(part, `${field}[${i}]`)).join('') };
}

/** A part of OpenAI's form: `{type: "text", text}`; pictures and sounds are refused. */
function textPartOf(value: unknown, path: string): string {
  const { type, text } = objectOf(value, path);
  if (type !== 'text') throw new RowError(`${path}.type is ${show(type)}, only "text" is read`, `${path}.type`);
  return stringOf(text, `${path}.text`);
}

const answerOf = (value: unknown, path: string): string =>
  typeof value === 'string'
    ? value
    : Array.isArray(value)
      ? messageOf(value.at(-1), path).content
      : messageOf(value, path).content;
