// Causal language modelling: predict every token from those before it. Text is one stream, packed to full context.

import { architectureFor } from '@yumo/core';
import type { Tokenizer } from '@yumo/tokenizer';
import { ignoredLabel, orderedRows, shuffledRows, streamBatch } from '../data/batches.ts';
import { encodeCorpus } from '../data/corpus.ts';
import { documentsOf, type StreamedDocuments } from '../data/documents.ts';
import { bufferedRows, memorySource, orderedSourceRows, type TokenSource } from '../data/token-source.ts';
import type { ModelPlan } from '../model-config.ts';
import type { Recipe } from '../recipe.ts';
import { promptIds, sampleText } from '../sampling.ts';
import { nextTokenSum } from '../step.ts';
import type { Objective, Progress, Reading, Task } from './objective.ts';

export const causalLm: Objective<'causal-lm'> = async (given) => {
  const { recipe, progress } = given;
  const split = await documentsOf(given);
  if ('open' in split) return streamed(split, recipe, progress);
  const { batch, accumulate, seed } = recipe;
  return {
    tokens: { roles: [] },
    texts: () => split.training,
    validationTexts: () => split.validation,
    heads: [/LMHeadModel$/, /ForCausalLM$/],
    pipeline: 'text-generation',
    config: () => ({ bos_token_id: null, eos_token_id: null }),
    task(tokenizer, model) {
      const corpus = encodeCorpus(split, tokenizer, model.context);
      const rows = shuffledRows(corpus.training, batch, model.context, seed);
      const { validation, validationCharacters } = corpus;
      return {
        facts: {
          trainingTokens: corpus.training.length,
          validationTokens: validation.length,
          validationCharacters,
          tokensPerStep: batch * accumulate * model.context,
          fingerprint: corpus.fingerprint,
        },
        order: { rowsPerEpoch: rows.rowsPerEpoch, batch: (index) => streamBatch(rows.batch(index), batch) },
        loss: nextTokenSum(architectureFor(model.json), model.config),
        metrics: ['lossPerCharacter', 'perplexity'],
        evaluation: () => ({
          batches: (function* () {
            for (const r of orderedRows(validation, batch, model.context)) yield streamBatch(r, batch);
          })(),
          metrics: (loss) => ({
            lossPerCharacter: (loss * (validation.length - 1)) / validationCharacters,
            perplexity: Math.exp(loss),
          }),
        }),
        sample: continuation(recipe, model, tokenizer, memorySource(corpus.training)),
      };
    },
  };
};

/**
 * Continues the recipe's prompt. A vocabulary of the text's own characters may have nothing of it, not even the line break of the default:
 * then the sample begins as the text does.
 * @param text the training tokens.
 */
const continuation =
  ({ samplePrompt }: Recipe, model: ModelPlan, tokenizer: Tokenizer, text: TokenSource): NonNullable<Task['sample']> =>
  async ({ runtime, parameters, seed, signal }) => {
    const asked = promptIds(tokenizer, samplePrompt);
    const ids = asked.length > 0 ? asked : await text.read(0, 1);
    const prompt = asked.length > 0 ? samplePrompt : tokenizer.decode(ids);
    const written = await sampleText(runtime, model, parameters, tokenizer, ids, seed, signal);
    return signal?.aborted ? undefined : { prompt, text: written };
  };

/** The same for text larger than memory: ids lie on disk, and rows are shuffled in a bounded buffer. */
function streamed(data: StreamedDocuments, recipe: Recipe, progress: Progress | undefined): Reading {
  const { batch, accumulate, seed } = recipe;
  const { shuffleRows } = recipe.data;
  return {
    tokens: { roles: [] },
    texts: () => data.texts('training'),
    validationTexts: () => data.texts('validation'),
    heads: [/LMHeadModel$/, /ForCausalLM$/],
    pipeline: 'text-generation',
    config: () => ({ bos_token_id: null, eos_token_id: null }),
    async task(tokenizer, model) {
      const opened = await data.open(tokenizer, { context: model.context, progress });
      const { training, validation, validationCharacters } = opened;
      const rows = bufferedRows(training, batch, model.context, seed, shuffleRows);
      return {
        facts: {
          trainingTokens: training.length,
          validationTokens: validation.length,
          trainingExamples: opened.trainingRows,
          validationExamples: opened.validationRows,
          validationCharacters,
          tokensPerStep: batch * accumulate * model.context,
          fingerprint: opened.fingerprint,
        },
        order: { rowsPerEpoch: rows.rowsPerEpoch, batch: async (index) => streamBatch(await rows.batch(index), batch) },
        loss: nextTokenSum(architectureFor(model.json), model.config),
        metrics: ['lossPerCharacter', 'perplexity'],
        evaluation: () => ({
          batches: (async function* () {
            for await (const r of orderedSourceRows(validation, batch, model.context, ignoredLabel))
              yield streamBatch(r, batch);
          })(),
          metrics: (loss) => ({
            lossPerCharacter: (loss * (validation.length - 1)) / validationCharacters,
            perplexity: Math.exp(loss),
          }),
        }),
        sample: continuation(recipe, model, tokenizer, training),
        close: opened.close,
      };
    },
  };
}
