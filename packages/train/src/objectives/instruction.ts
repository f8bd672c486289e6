// Instruction tuning (Ouyang et al. 2022; Taori et al. 2023): a causal language model learns to answer; the loss is on the answers alone.

import { crossEntropySum, YumoError } from '@yumo/core';
import type { Tokenizer } from '@yumo/tokenizer';
import { ignoredLabel } from '../data/batches.ts';
import type { Columns } from '../data/examples.ts';
import type { SourceFile } from '../data/sources.ts';
import { neededToken } from '../data/special-tokens.ts';
import { promptIds, sampleText } from '../sampling.ts';
import { exampleData } from './example-data.ts';
import { type Conversation, closing, opening } from './makers/conversations.ts';
import type { Objective } from './objective.ts';
import { noteOverlap } from './overlap.ts';
import { taskParts, textsOf } from './text-task.ts';

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

/** ChatML as Jinja, for tokenizer_config.json. */
export const chatTemplate =
  "{% for message in messages %}{{ '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

export const instruction: Objective<'instruction'> = async (given) => {
  const { recipe, objective, note, progress } = given;
  const parts = await taskParts(given, conversations);
  await noteOverlap(parts, ({ messages }) => messages.map((m) => m.content).join('\n'), note);
  const texts = ({ messages }: Conversation): string[] => messages.flatMap((m) => [m.content, `${m.role}\n`]);
  return {
    tokens: { roles: ['padding', 'unknown'], extra: [opening, closing] },
    texts: () => textsOf(parts.training, texts),
    validationTexts: () => textsOf(parts.validation, texts),
    heads: [/LMHeadModel$/, /ForCausalLM$/],
    pipeline: 'text-generation',
    chatTemplate,
    config: (tokenizer) => ({
      pad_token_id: neededToken(tokenizer, 'padding', objective.kind),
      bos_token_id: null,
      eos_token_id: markOf(tokenizer),
    }),
    async task(tokenizer, model) {
      const padding = model.json.pad_token_id as number; // set above
      // What stands behind the last real token is never looked at, and has no label: no mask is needed.
      const columns: Columns = {
        input_ids: { axis: 'sequence', padding },
        labels: { axis: 'sequence', padding: ignoredLabel },
      };
      const data = await exampleData<Conversation>(recipe, {
        parts,
        tokenizer,
        setup: { kind: 'conversations', settings: { columns, length: model.context } },
        note,
        progress,
      });
      if (data.training.length === 0 || data.validation.length === 0) {
        await data.close();
        throw new YumoError(
          'DATA',
          `data: no conversation has an answer within ${model.context} tokens; use a larger context`,
          { context: model.context },
        );
      }
      return {
        facts: data.facts,
        order: data.order,
        close: data.close,
        loss: (scope, { input_ids, labels }, dropout) => {
          const { logits } = model.head.build(scope, { input_ids: input_ids! }, model.config, { dropout });
          return crossEntropySum(logits!, labels!);
        },
        metrics: ['perplexity'],
        evaluation: () => ({
          batches: data.validationBatches(),
          metrics: (loss) => ({ perplexity: Math.exp(loss) }),
        }),
        sample: async ({ runtime, parameters, seed: drawn, signal }) => {
          const [first] = await parts.validation.read([0]);
          const question = recipe.samplePrompt.trim() || first!.messages[0]!.content;
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
