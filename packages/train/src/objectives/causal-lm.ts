// Causal language modelling: predict every token from those before it. Text is one stream, packed to full context.

import { architectureFor } from '@yumo/core';
import { orderedRows, shuffledRows, streamBatch } from '../data/batches.ts';
import { encodeCorpus } from '../data/corpus.ts';
import { documentsOf } from '../data/documents.ts';
import { sampleText } from '../sampling.ts';
import { nextTokenSum } from '../step.ts';
import type { Objective } from './objective.ts';

export const causalLm: Objective<'causal-lm'> = ({ recipe, data }) => {
  const split = documentsOf(data, recipe.data);
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
        sample: async ({ runtime, parameters, seed: drawn, signal }) => {
          const prompt = recipe.samplePrompt;
          const text = await sampleText(runtime, model, parameters, tokenizer, prompt, drawn, signal);
          return signal?.aborted ? undefined : { prompt, text };
        },
      };
    },
  };
};
