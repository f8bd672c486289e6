// What the objectives share that write a text for a text (Sutskever et al. 2014; Vaswani et al. 2017): each token from the source and the tokens before it.

import { type Bundle, memorySource, Seq2SeqLm, type Values } from '@yumo/core';
import type { Tokenizer } from '@yumo/tokenizer';
import { ignoredLabel } from '../data/batches.ts';
import type { Columns } from '../data/examples.ts';
import type { Parts } from '../data/kept.ts';
import type { SequenceRow } from '../data/readers/rows.ts';
import { encoderDecoderFields, neededToken } from '../data/special-tokens.ts';
import { bleu } from '../metrics/bleu.ts';
import { chrf } from '../metrics/chrf.ts';
import { measure } from '../metrics/metric.ts';
import { rouge } from '../metrics/rouge.ts';
import type { ModelPlan } from '../model-config.ts';
import { permuted, streamKey } from '../random.ts';
import type { ObjectiveKind, ObjectiveRecipe } from '../recipe.ts';
import { exampleData } from './example-data.ts';
import type { AnyGiven, Metrics, Moment, Reading } from './objective.ts';
import { smoothedSum } from './smoothing.ts';
import { textsOf } from './text-task.ts';

/** How the rows of a sequence objective are learnt and measured. */
type Settings = Omit<Extract<ObjectiveRecipe, { kind: 'sequence-to-sequence' }>, 'kind'>;

/** What an objective that writes texts for texts hands over. */
export interface SequenceGiven extends Omit<AnyGiven, 'objective'> {
  readonly objective: Settings & { readonly kind: ObjectiveKind };
}

/** At once, when texts are written for validation sources. */
const writtenTogether = 32;

/** Pairs as batches, the loss of the targets' tokens, and how near to the targets what is written comes. */
export function sequenceReading(
  { recipe, objective, note, progress }: SequenceGiven,
  parts: Parts<SequenceRow>,
  pipeline: string,
): Reading {
  const texts = (r: SequenceRow): string[] => [r.source, ...r.targets];
  const who = objective.kind;
  return {
    tokens: { roles: ['padding', 'end', 'unknown'] },
    texts: () => textsOf(parts.training, texts),
    validationTexts: () => textsOf(parts.validation, texts),
    heads: [/ForConditionalGeneration$/, /MTModel$/],
    pipeline,
    config: (tokenizer) => encoderDecoderFields(tokenizer, who),
    generation: (model) => ({
      pad_token_id: model.json.pad_token_id,
      eos_token_id: model.json.eos_token_id,
      decoder_start_token_id: model.json.decoder_start_token_id,
      max_new_tokens: objective.targetLength,
      num_beams: 4,
      length_penalty: objective.lengthPenalty,
      ...(objective.noRepeatNgram > 0 ? { no_repeat_ngram_size: objective.noRepeatNgram } : {}),
    }),
    async task(tokenizer, model) {
      const padding = model.json.pad_token_id as number; // set above, or by a recipe that says so
      const start = (model.json.decoder_start_token_id as number | undefined) ?? padding;
      const columns: Columns = {
        input_ids: { axis: 'source', padding },
        attention_mask: { axis: 'source', padding: 0 },
        decoder_input_ids: { axis: 'target', padding },
        labels: { axis: 'target', padding: ignoredLabel },
      };
      const end = neededToken(tokenizer, 'end', who);
      const data = await exampleData<SequenceRow>(recipe, {
        parts,
        tokenizer,
        setup: {
          kind: 'sequences',
          settings: { columns, length: model.context, targetLength: objective.targetLength, start, end },
        },
        note,
        progress,
      });
      const { validation } = data;
      // The same sources at every evaluation.
      const chosen = Array.from({ length: Math.min(objective.generate, validation.length) }, (_, i) =>
        permuted(streamKey(0, 'written'), i, validation.length),
      );
      const write = async (moment: Moment, rows: readonly number[]): Promise<string[]> =>
        writtenFor(
          (await validation.read(rows)).map((e) => [...e.input_ids!]),
          tokenizer,
          model,
          objective,
          moment,
        );
      return {
        facts: data.facts,
        order: data.order,
        close: data.close,
        loss: (scope, { labels, ...inputs }, dropout) => {
          const { logits } = model.head.build(scope, inputs, model.config, { dropout });
          // Smoothing is for training, where there is dropout; measured is the plain loss.
          return smoothedSum(logits!, labels!, dropout ? objective.labelSmoothing : 0);
        },
        metrics: ['perplexity', ...(objective.generate > 0 ? measuresOf[objective.metric] : [])],
        evaluation: () => ({
          batches: data.validationBatches(),
          async metrics(loss, moment) {
            const perplexity = Math.exp(loss);
            if (chosen.length === 0) return { perplexity };
            const predicted = await write(moment, chosen);
            const asked = await parts.validation.read(chosen);
            const rows = predicted.map((text, i) => ({ predicted: text, references: asked[i]!.targets }));
            return { perplexity, ...scoresOf(objective, rows) };
          },
        }),
        async sample(moment) {
          const rows = Array.from({ length: Math.min(3, validation.length) }, (_, i) =>
            permuted(moment.seed, i, validation.length),
          );
          const texts = await write(moment, rows);
          if (moment.signal?.aborted) return undefined;
          const asked = await parts.validation.read(rows);
          return { prompt: '', text: asked.map(({ source }, i) => `${source}\n→ ${texts[i]}`).join('\n') };
        },
      };
    },
  };
}

const measuresOf = { bleu: ['bleu'], chrf: ['chrf'], rouge: ['rouge1', 'rouge2', 'rougeL'] } as const;

function scoresOf(
  { metric, language }: Settings,
  rows: readonly { readonly predicted: string; readonly references: readonly string[] }[],
): Metrics {
  const chinese = language.startsWith('zh');
  switch (metric) {
    case 'bleu':
      return { bleu: measure(bleu({ tokenize: chinese ? 'zh' : '13a' }), rows).score };
    case 'chrf':
      return { chrf: measure(chrf(), rows).score };
    case 'rouge': {
      const { rouge1, rouge2, rougeL } = measure(rouge({ language: chinese ? 'characters' : 'english' }), rows);
      return { rouge1: rouge1.f, rouge2: rouge2.f, rougeL: rougeL.f };
    }
  }
}

/** What the model writes now. Its numbers are copied into programs that are thrown away afterwards. */
async function writtenFor(
  sources: readonly (readonly number[])[],
  tokenizer: Tokenizer,
  model: ModelPlan,
  { targetLength, beams, lengthPenalty }: Settings,
  { runtime, parameters, signal }: Moment,
): Promise<string[]> {
  const lm = await Seq2SeqLm.load(bundleOf(model, parameters), runtime, signal ? { signal } : {});
  const order = [...sources.keys()].sort((a, b) => sources[a]!.length - sources[b]!.length);
  const texts: string[] = sources.map(() => '');
  try {
    for (let at = 0; at < order.length && !signal?.aborted; at += writtenTogether) {
      const rows = order.slice(at, at + writtenTogether);
      const ids: number[][] = rows.map(() => []);
      const given = rows.map((r) => sources[r]!);
      const options = { maxNewTokens: targetLength, temperature: 0, ...(signal ? { signal } : {}) };
      if (beams > 1) {
        const found = await lm.beamSearch(given, { ...options, beams, lengthPenalty, returnSequences: 1 });
        found.forEach((best, i) => {
          ids[i] = [...best[0]!.ids];
        });
      } else
        for await (const step of lm.generate(given, options)) if (step.kind === 'token') ids[step.row]!.push(step.id);
      rows.forEach((r, i) => {
        const known = ids[i]!.filter((id) => id < tokenizer.vocabularySize);
        texts[r] = tokenizer.decode(known, { skipSpecialTokens: true }).trim();
      });
    }
  } finally {
    await lm.dispose();
  }
  return texts;
}

/** The model at hand as if it had been loaded. */
function bundleOf({ json }: ModelPlan, parameters: Values): Bundle {
  const form = (name: string) => parameters[name]!;
  return {
    source: memorySource({}, 'the model in training'),
    config: json,
    generationConfig: {},
    tokenizerJson: async () => '',
    weights: async () => ({
      path: 'the model in training',
      names: Object.keys(parameters),
      metadata: {},
      has: (name) => name in parameters,
      form,
      read: async (name) => {
        const v = form(name);
        return { ...v, data: v.data.slice() } as typeof v;
      },
    }),
  };
}
