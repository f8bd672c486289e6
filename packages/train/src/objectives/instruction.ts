// Instruction tuning (Ouyang et al. 2022; Taori et al. 2023): a causal language model learns to answer; the loss is on the answers alone.

import { crossEntropySum, YumoError } from '@yumo/core';
import type { Tokenizer } from '@yumo/tokenizer';
import { ignoredLabel } from '../data/batches.ts';
import type { Columns, Example } from '../data/examples.ts';
import type { Message } from '../data/readers/rows.ts';
import { partsOf, type SourceFile } from '../data/sources.ts';
import { neededToken } from '../data/special-tokens.ts';
import { promptIds, sampleText } from '../sampling.ts';
import { exampleData } from './example-data.ts';
import type { Note, Objective } from './objective.ts';
import { noteOverlap } from './overlap.ts';
import { shareOf } from './text-task.ts';

/** A conversation whose last turn, and every turn of the assistant, is learnt. */
interface Conversation {
  readonly messages: readonly Message[];
}

function conversations({ name, rows }: SourceFile): Conversation[] {
  return rows.map((row): Conversation => {
    switch (row.task) {
      case 'instruction': {
        const asked = row.input === '' ? row.instruction : `${row.instruction}\n\n${row.input}`;
        return {
          messages: [
            { role: 'user', content: asked },
            { role: 'assistant', content: row.output },
          ],
        };
      }
      case 'chat':
        return { messages: row.messages };
      case 'preference':
        return { messages: [...row.messages, { role: 'assistant', content: row.ranked[0]! }] };
      default:
        throw new YumoError(
          'DATA',
          `${name}: its rows are ${row.task}, instruction tuning needs instructions (alpaca) or conversations (chat)`,
          { file: name },
        );
    }
  });
}

/** ChatML: a turn between its two marks. The first mark is followed by the role and a line break. */
const [opening, closing] = ['<|im_start|>', '<|im_end|>'] as const;

/** The same as Jinja, for tokenizer_config.json. */
export const chatTemplate =
  "{% for message in messages %}{{ '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

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

export const instruction: Objective<'instruction'> = ({ recipe, objective, data, note }) => {
  const parts = partsOf(data, shareOf(recipe), objective.kind, conversations);
  const key = ({ messages }: Conversation): string => messages.map((m) => m.content).join('\n');
  noteOverlap(parts.training.map(key), parts.validation.map(key), note);
  const textsOf = (rows: readonly Conversation[]) =>
    rows.flatMap((r) => r.messages.flatMap((m) => [m.content, `${m.role}\n`]));
  return {
    tokens: { roles: ['padding', 'unknown'], extra: [opening, closing] },
    texts: () => textsOf(parts.training),
    validationTexts: () => textsOf(parts.validation),
    heads: [/LMHeadModel$/, /ForCausalLM$/],
    pipeline: 'text-generation',
    chatTemplate,
    config: (tokenizer) => ({
      pad_token_id: neededToken(tokenizer, 'padding', objective.kind),
      bos_token_id: null,
      eos_token_id: markOf(tokenizer),
    }),
    task(tokenizer, model) {
      const padding = model.json.pad_token_id as number; // set above
      // What stands behind the last real token is never looked at, and has no label: no mask is needed.
      const columns: Columns = {
        input_ids: { axis: 'sequence', padding },
        labels: { axis: 'sequence', padding: ignoredLabel },
      };
      const read = (rows: readonly Conversation[], tell: Note): Example[] => {
        let cut = 0;
        let mute = 0;
        const examples = rows.flatMap(({ messages }): Example[] => {
          const { ids, labels } = encodedConversation(messages, tokenizer);
          const length = Math.min(ids.length - 1, model.context);
          if (length < ids.length - 1) cut++;
          const asked = labels.slice(1, length + 1);
          if (asked.every((l) => l === ignoredLabel)) {
            mute++;
            return [];
          }
          return [{ input_ids: ids.slice(0, length), labels: asked }];
        });
        if (cut > 0) tell(`conversations longer than ${model.context} tokens, cut there`, cut);
        if (mute > 0) tell('conversations without an answer in what is left, left out', mute);
        if (examples.length === 0)
          throw new YumoError(
            'DATA',
            `data: no conversation has an answer within ${model.context} tokens; use a larger context`,
            { context: model.context },
          );
        return examples;
      };
      const training = read(parts.training, note);
      const validation = read(parts.validation, () => undefined);
      const { facts, order, validationBatches } = exampleData(recipe, { training, validation, columns });
      return {
        facts,
        order,
        loss: (scope, { input_ids, labels }, dropout) => {
          const { logits } = model.head.build(scope, { input_ids: input_ids! }, model.config, { dropout });
          return crossEntropySum(logits!, labels!);
        },
        metrics: ['perplexity'],
        evaluation: () => ({
          batches: validationBatches(),
          metrics: (loss) => ({ perplexity: Math.exp(loss) }),
        }),
        sample: async ({ runtime, parameters, seed: drawn, signal }) => {
          const question = recipe.samplePrompt.trim() || parts.validation[0]!.messages[0]!.content;
          const prompt = `${opening}user\n${question}${closing}\n${opening}assistant\n`;
          const text = await sampleText(
            runtime,
            model,
            parameters,
            tokenizer,
            promptIds(tokenizer, prompt),
            drawn,
            signal,
            markOf(tokenizer),
          );
          return signal?.aborted ? undefined : { prompt: `${question}\n→ `, text };
        },
      };
    },
  };
};

/** Id of the mark that ends a turn. @throws YumoError `TOKENIZER` */
function markOf(tokenizer: Tokenizer): number {
  const [open, close] = [opening, closing].map((mark) => tokenizer.tokenToId(mark));
  if (open === undefined || close === undefined)
    throw new YumoError(
      'TOKENIZER',
      `objective instruction: the tokenizer has no ${opening} and ${closing}; train one with them as specialTokens, or start from a model that has them`,
      {},
    );
  return close;
}
