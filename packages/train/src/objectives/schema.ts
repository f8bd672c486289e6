// The `objective` part of a recipe: what the loss asks for, and its settings.

import { z } from 'zod';

const positive = z.number().gt(0);
const count = z.int().min(1);

const labels = z
  .array(z.string().min(1))
  .min(1)
  .optional()
  .describe(
    'Labels as they stand in the data, in the order of the classes; those found in the training part by default.',
  );
const labelNames = z
  .record(z.string(), z.string().min(1))
  .optional()
  .describe('Names for labels of the data: {"0": "negative", "1": "positive"}.');

const masking = {
  probability: z.number().gt(0).lt(1).default(0.15).describe('Share of the tokens that are asked for.'),
  wholeWord: z.boolean().default(false).describe('Hide all tokens of a word together.'),
};

/** Of objectives that write a text for a text. */
const writing = {
  targetLength: count.default(128).describe('Most tokens of a target.'),
  labelSmoothing: z.number().min(0).lt(1).default(0.1).describe('Share of certainty given to all tokens alike.'),
  metric: z.enum(['bleu', 'rouge', 'chrf']).default('bleu').describe('How what is written is compared.'),
  language: z.string().default('en').describe('Of the targets, for the metric: zh counts characters.'),
  generate: z
    .int()
    .min(0)
    .default(100)
    .describe('Validation sources that are written for at every evaluation; 0: the loss alone.'),
  beams: count.default(1).describe('Beams of these; the bundle says 4.'),
  lengthPenalty: positive.default(1).describe('Of beam search, in the bundle.'),
  noRepeatNgram: z
    .int()
    .min(0)
    .default(0)
    .describe('Runs of so many tokens are written once only, says the bundle; 0: as often as the model likes.'),
};

/** Of objectives that find answers in a text. */
const answering = {
  stride: z.int().min(0).default(64).describe('Tokens that neighbouring windows of a long text share.'),
  maxQuestionTokens: count.default(64).describe('Longer questions are cut, and counted.'),
  maxAnswerTokens: count.default(30).describe('Longest answer that is given.'),
  metric: z.enum(['squad', 'squad2', 'cmrc']).default('squad').describe('How answers are compared.'),
  evidence: z
    .number()
    .min(0)
    .default(0)
    .describe('Weight of a second loss, which asks of each token whether it stands in the sentence of the answer.'),
};

/** Of objectives that make questions of texts. */
const making = {
  sentences: z.int().min(3).default(6).describe('Most sentences of a passage; longer texts become several.'),
  language: z.enum(['en', 'zh']).default('en').describe('Of the texts: function words, and the words that ask.'),
};

/** One kind an objective; each has its file in this folder. */
export const objective = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('causal-lm').describe('Predict the next token.') }),
  z.strictObject({
    kind: z.literal('masked-lm').describe('Predict hidden tokens (BERT, RoBERTa).'),
    ...masking,
    questions: z
      .int()
      .min(0)
      .default(0)
      .describe(
        'Questions that are made of each passage as span-selection does, and read beside it with their answers.',
      ),
    sentences: making.sentences,
    language: making.language,
  }),
  z.strictObject({ kind: z.literal('next-sentence').describe('Does the second part follow the first?') }),
  z.strictObject({
    kind: z.literal('bert-pretraining').describe('Hidden tokens and next sentence together (BERT).'),
    ...masking,
  }),
  z.strictObject({
    kind: z.literal('span-corruption').describe('Write hidden spans (T5).'),
    density: z.number().gt(0).lt(1).default(0.15).describe('Share of the tokens that are hidden.'),
    meanSpan: positive.default(3).describe('Mean tokens of a span.'),
    sentinels: count.default(32).describe('Tokens that stand for spans.'),
  }),
  z.strictObject({
    kind: z.literal('denoising').describe('Restore damaged text (BART).'),
    share: z.number().gt(0).lt(1).default(0.3).describe('Share of the tokens that go.'),
    meanSpan: positive.default(3).describe('Mean tokens of a span, which one mask replaces.'),
    permute: z.boolean().default(true).describe('Texts of a row change places.'),
  }),
  z.strictObject({
    kind: z.literal('sequence-classification').describe('One label for a text, or a pair of texts.'),
    labels,
    labelNames,
    labelSmoothing: z.number().min(0).lt(1).default(0).describe('Share of certainty given to all classes alike.'),
  }),
  z.strictObject({
    kind: z.literal('multi-label-classification').describe('Any number of labels for a text.'),
    labels,
    labelNames,
    separator: z.string().min(1).default(',').describe('Between labels that stand in one field.'),
  }),
  z.strictObject({ kind: z.literal('regression').describe('A number for a text or a pair: similarity, a grade.') }),
  z.strictObject({
    kind: z.literal('token-classification').describe('A tag for each token: entities.'),
    scheme: z
      .enum(['BIO', 'BIOES'])
      .default('BIO')
      .describe('How spans become tags; data that has tags keeps its own.'),
    labels,
  }),
  z.strictObject({
    kind: z.literal('question-answering').describe('Find the answer in a text.'),
    unanswerable: z
      .boolean()
      .default(true)
      .describe('Questions without an answer are learnt too, as "no answer"; false leaves them out.'),
    ...answering,
  }),
  z.strictObject({
    kind: z.literal('span-selection').describe('Find words of a sentence that a question made of its rest asks for.'),
    sentences: making.sentences,
    questions: count.default(4).describe('Most questions about a passage.'),
    removed: z
      .number()
      .min(0)
      .max(1)
      .default(0.2)
      .describe('Share of the questions whose sentence is taken out, where the answer stands in another one.'),
    language: making.language,
    ...answering,
  }),
  z.strictObject({
    kind: z
      .literal('gap-sentences')
      .describe('Write the sentence that says most of a passage, from the others (PEGASUS).'),
    sentences: z.int().min(3).default(8).describe('Most sentences of a passage; longer texts become several.'),
    ...writing,
    metric: writing.metric.default('rouge'),
    generate: writing.generate.default(0),
  }),
  z.strictObject({
    kind: z.literal('sequence-to-sequence').describe('Write a text for a text: translation, summaries, titles.'),
    ...writing,
  }),
  z.strictObject({
    kind: z.literal('instruction').describe('Answer instructions and conversations: the loss is on the answers.'),
  }),
  z.strictObject({
    kind: z.literal('contrastive').describe('Sentence embeddings: texts of a pair near, all others far.'),
    temperature: positive.default(0.05).describe('Similarities are divided by it.'),
    label: z.string().min(1).optional().describe('Of labelled pairs, the label of those that belong together.'),
  }),
]);
