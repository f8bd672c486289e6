// A recipe: everything that makes a training, as data. One schema gives the types, the defaults, the help texts and the messages.

import { z } from 'zod';
import { formats } from './data/readers/detect.ts';
import { objective } from './objectives/schema.ts';

const share = z.number().gt(0).lt(1);
const rate = z.number().min(0).lt(1);
const positive = z.number().gt(0);
const count = z.int().min(1);
const decay = z.number().min(0);

const learningRate = (fallback: number) => positive.default(fallback).describe('Peak learning rate.');
const epsilon = (fallback: number) => positive.default(fallback).describe('Added to the denominator.');
const weightDecay = (fallback: number) =>
  decay.default(fallback).describe('Pull towards zero, of the parameters that `decay` names.');
const betas = (second = 0.999) => ({
  beta1: rate.default(0.9).describe('Decay of the running mean of gradients.'),
  beta2: rate.default(second).describe('Decay of the running mean of squared gradients.'),
});

const adamw = z
  .strictObject({
    kind: z.literal('adamw').describe('Adam with decoupled weight decay (Loshchilov & Hutter 2017).'),
    learningRate: learningRate(1e-3),
    ...betas(),
    epsilon: epsilon(1e-8),
    weightDecay: weightDecay(0.01),
  })
  .describe('Adam with decoupled weight decay.');

const optimizer = z.discriminatedUnion('kind', [
  adamw,
  z.strictObject({
    kind: z.literal('adam').describe('Kingma & Ba 2014; weight decay joins the gradient.'),
    learningRate: learningRate(1e-3),
    ...betas(),
    epsilon: epsilon(1e-8),
    weightDecay: weightDecay(0),
    amsgrad: z.boolean().default(false).describe('Divide by the largest second moment so far (Reddi et al. 2018).'),
  }),
  z.strictObject({
    kind: z.literal('sgd').describe('Stochastic gradient descent.'),
    learningRate: learningRate(0.1),
    momentum: rate.default(0).describe('Share of the last step that is kept.'),
    dampening: rate.default(0).describe('Share of the gradient that does not enter the momentum.'),
    nesterov: z.boolean().default(false).describe('Look ahead by one momentum step.'),
    weightDecay: weightDecay(0),
  }),
  z.strictObject({
    kind: z.literal('rmsprop').describe('Tieleman & Hinton 2012.'),
    learningRate: learningRate(1e-2),
    smoothing: rate.default(0.99).describe('Decay of the running mean of squared gradients.'),
    epsilon: epsilon(1e-8),
    momentum: rate.default(0).describe('Share of the last step that is kept.'),
    centered: z.boolean().default(false).describe('Divide by the standard deviation instead of the root mean square.'),
    weightDecay: weightDecay(0),
  }),
  z.strictObject({
    kind: z.literal('adagrad').describe('Duchi et al. 2011.'),
    learningRate: learningRate(1e-2),
    rateDecay: decay.default(0).describe('The rate is divided by 1 + step · rateDecay.'),
    initialAccumulator: decay.default(0).describe('Start of the sum of squared gradients.'),
    epsilon: epsilon(1e-10),
    weightDecay: weightDecay(0),
  }),
  z.strictObject({
    kind: z.literal('adadelta').describe('Zeiler 2012.'),
    learningRate: learningRate(1),
    rho: rate.default(0.9).describe('Decay of both running means.'),
    epsilon: epsilon(1e-6),
    weightDecay: weightDecay(0),
  }),
  z.strictObject({
    kind: z.literal('adamax').describe('Adam by the largest gradient (Kingma & Ba 2014, §7.1).'),
    learningRate: learningRate(2e-3),
    ...betas(),
    epsilon: epsilon(1e-8),
    weightDecay: weightDecay(0),
  }),
  z.strictObject({
    kind: z.literal('nadam').describe('Adam with Nesterov momentum (Dozat 2016).'),
    learningRate: learningRate(2e-3),
    ...betas(),
    epsilon: epsilon(1e-8),
    momentumDecay: decay.default(4e-3).describe('How fast the momentum grows to beta1.'),
    weightDecay: weightDecay(0),
  }),
  z.strictObject({
    kind: z.literal('radam').describe('Adam with a rectified start (Liu et al. 2019).'),
    learningRate: learningRate(1e-3),
    ...betas(),
    epsilon: epsilon(1e-8),
    weightDecay: weightDecay(0),
  }),
  z.strictObject({
    kind: z.literal('adafactor').describe('Row and column means instead of all squares (Shazeer & Stern 2018).'),
    learningRate: learningRate(1e-2),
    decayExponent: z.number().lt(0).default(-0.8).describe('The second moment forgets as 1 − step^decayExponent.'),
    clipThreshold: positive.default(1).describe('Largest root mean square of an update.'),
    epsilon: epsilon(1e-30),
    weightDecay: weightDecay(0),
  }),
  z.strictObject({
    kind: z
      .literal('muon')
      .describe('Orthogonalised momentum for hidden matrices (Jordan et al. 2024), AdamW for the rest.'),
    learningRate: learningRate(0.02),
    momentum: rate.default(0.95).describe('Decay of the running mean of gradients.'),
    nesterov: z.boolean().default(true).describe('Look ahead by one momentum step.'),
    iterations: z.int().min(1).max(20).default(5).describe('Newton–Schulz iterations.'),
    weightDecay: weightDecay(0),
    rest: adamw
      .omit({ kind: true })
      .prefault({})
      .describe('AdamW for embeddings, the output matrix, biases and norms.'),
  }),
]);

const warmupSteps = z.int().min(0).default(0).describe('Steps of linear growth from 0.');
const totalSteps = count.optional().describe('Step at which the decay ends; `steps` by default.');
const floor = z.number().min(0).lt(1).default(0).describe('Share of the peak rate at which the decay ends.');

const schedule = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('constant').describe('Always the peak rate.'), warmupSteps }),
  z.strictObject({ kind: z.literal('linear').describe('Falls on a line.'), warmupSteps, totalSteps, floor }),
  z.strictObject({
    kind: z.literal('cosine').describe('Falls on half a cosine (Loshchilov & Hutter 2016).'),
    warmupSteps,
    totalSteps,
    floor,
    cycles: positive.default(0.5).describe('Waves; 0.5 falls once.'),
  }),
  z.strictObject({
    kind: z.literal('cosine-with-restarts').describe('Falls on half a cosine, several times.'),
    warmupSteps,
    totalSteps,
    floor,
    cycles: count.default(1).describe('How often it falls.'),
  }),
  z.strictObject({
    kind: z.literal('inverse-sqrt').describe('1/√step (Vaswani et al. 2017).'),
    warmupSteps,
    timescale: count.optional().describe('Steps after which √2 is reached; `warmupSteps`, or 10,000, by default.'),
  }),
  z.strictObject({
    kind: z.literal('polynomial').describe('Falls as (1 − progress)^power.'),
    warmupSteps,
    totalSteps,
    floor,
    power: positive.default(1).describe('1 is a line.'),
  }),
  z.strictObject({
    kind: z.literal('warmup-stable-decay').describe('Peak rate until a last linear fall.'),
    warmupSteps,
    totalSteps,
    floor,
    decaySteps: count.describe('Steps of the last fall.'),
  }),
]);

/** Files whose rows are alike, and where in a row things stand. */
const source = z.strictObject({
  files: z.array(z.string().min(1)).min(1).describe('Paths or patterns, also .gz.'),
  targets: z
    .array(z.string().min(1))
    .optional()
    .describe('Parallel text: files whose line n belongs to line n of `files`.'),
  format: z.enum(formats).optional().describe('What the files are; told by name and content by default.'),
  columns: z.array(z.string().min(1)).optional().describe('Names of the columns of tables without a header.'),
  delimiter: z.string().min(1).optional().describe('Of tables; told by the first lines by default.'),
  unit: z.enum(['line', 'paragraph', 'file']).default('line').describe('What a row of plain text is.'),
  fields: z
    .strictObject({
      text: z
        .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
        .optional()
        .describe('The text, or the texts (of unlabelled data).'),
      second: z.string().min(1).optional().describe('The other text of a pair.'),
      label: z.string().min(1).optional().describe('The label, or the labels of several at once.'),
      score: z.string().min(1).optional().describe('A number to predict.'),
      source: z.string().min(1).optional().describe('What is translated or summarized.'),
      target: z
        .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
        .optional()
        .describe('What it becomes; several are all right, the first is learnt.'),
    })
    .prefault({})
    .describe('Names of fields or columns.'),
  label: z.string().min(1).optional().describe('The label of all rows, where files are sorted by label.'),
  prefix: z.string().default('').describe('Put before every source or text: a task or a direction.'),
  swap: z.boolean().default(false).describe('Source and target change places.'),
  onBadRow: z
    .enum(['error', 'skip'])
    .default('error')
    .describe('Rows that do not fit: stop at the first, or leave them out, count and tell.'),
});

const stream = z
  .boolean()
  .default(false)
  .describe(
    'For data larger than memory: files are read in pieces, and what comes of them is kept on disk in the user’s cache. Rows train as they do in memory; running text is divided by the hash of its rows.',
  );
const shuffleRows = count
  .default(1 << 16)
  .describe('Streamed running text: rows of full context that are held and shuffled at once.');

const data = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('text').describe('Running text: files, or JSON lines with a text field.'),
    files: z
      .array(z.string().min(1))
      .min(1)
      .describe('Paths or patterns (`*`, `**`) of .txt and .jsonl, also .gz; training and validation share them.'),
    trainShare: share
      .default(0.9)
      .describe('The first share of the characters of each file is training, the rest validation.'),
    field: z.string().min(1).default('text').describe('The text field of .jsonl rows.'),
    separator: z.string().default('\n\n').describe('Put between files, and between rows of .jsonl.'),
    stream,
    unit: z
      .enum(['paragraph', 'line'])
      .default('paragraph')
      .describe(
        'Streamed: what a row of plain text is; each belongs to one part, and the separator follows it (the end token, where the objective packs texts).',
      ),
    shuffleRows,
  }),
  z.strictObject({
    kind: z.literal('rows').describe('Rows: tables, JSON, SQuAD, CoNLL, CLUENER, parallel text, lines.'),
    train: z.array(source).min(1).describe('What is learnt: lists of files with the names of their fields.'),
    validation: z.array(source).optional().describe('What is measured; a share of the training rows by default.'),
    validationShare: share.default(0.05).describe('Rows kept back where there are no validation files.'),
    apart: z
      .array(source)
      .optional()
      .describe('Test files: training rows that share their longest text (of a question: its context) are left out.'),
    stream,
    shuffleRows,
  }),
]);

const vocabularySize = (least: number) => z.int().min(least).describe('Tokens, special tokens included.');
const minFrequency = count.default(2).describe('Pairs seen less often are not merged.');
const specialTokens = z.array(z.string().min(1)).default([]).describe('Tokens that text never yields.');

const tokenizer = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('characters').describe('One token a character of the data.') }),
  z.strictObject({
    kind: z.literal('byte-level-bpe').describe('Byte-level BPE trained on the training part (GPT-2).'),
    vocabularySize: vocabularySize(256),
    minFrequency,
    specialTokens,
  }),
  z.strictObject({
    kind: z.literal('word-piece').describe('WordPiece trained on the training part (BERT); Chinese by character.'),
    vocabularySize: vocabularySize(8),
    minFrequency,
    limitAlphabet: count
      .optional()
      .describe('Keep the commonest so many characters; the others become unknown. All by default.'),
    lowercase: z.boolean().default(true).describe('Upper and lower case are one.'),
    specialTokens,
  }),
  z.strictObject({
    kind: z.literal('unigram').describe('Unigram trained on the training part (T5); text comes back as it was.'),
    vocabularySize: vocabularySize(8),
    normalizer: z
      .enum(['none', 'nfc', 'nfkc'])
      .default('nfc')
      .describe('Unicode form; nfkc makes full-width marks half-width.'),
    specialTokens,
  }),
  z.strictObject({
    kind: z.literal('file').describe('An existing tokenizer.json.'),
    path: z.string().min(1).describe('Its path.'),
  }),
  z.strictObject({ kind: z.literal('init').describe('That of the model in `init.from`.') }),
]);

/** The schema of a recipe. Field help is in `describe`, and shown by the command line. */
export const recipeSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[\w.-]+$/, 'letters, digits, `.`, `-` and `_` only')
    .describe('Name of the run; the folder under `runs/` unless another is given.'),
  description: z.string().default('').describe('A sentence for the model card, in English.'),
  translations: z.record(z.string(), z.string()).default({}).describe('The description in other languages, by code.'),
  data: data.describe('What is learnt.'),
  tokenizer: tokenizer.describe('How text becomes ids.'),
  init: z
    .strictObject({ from: z.string().min(1).describe('Folder of the model.') })
    .optional()
    .describe('Starts from a trained model; what the new head needs besides starts anew, and is told.'),
  model: z
    .looseObject({
      model_type: z.string().optional().describe('gpt2, llama, bert, t5 …; that of `init.from` by default.'),
    })
    .prefault({})
    .describe('Fields of config.json; the vocabulary size comes from the tokenizer.'),
  objective: objective.prefault({ kind: 'causal-lm' }).describe('What the loss asks for.'),
  optimizer: optimizer.prefault({ kind: 'adamw' }).describe('How parameters follow their gradients.'),
  decay: z
    .enum(['matrices', 'all', 'none'])
    .default('matrices')
    .describe('Parameters with weight decay: those with two axes or more, all, or none.'),
  groups: z
    .array(
      z.strictObject({
        match: z.array(z.string().min(1)).min(1).describe('Parameter names; `*` stands for anything.'),
        rate: z.number().min(0).default(1).describe('Times the learning rate; 0: they stay as they are.'),
        weightDecay: decay.optional().describe('In place of the optimizer’s.'),
      }),
    )
    .default([])
    .describe('Parameters with a learning rate or weight decay of their own; the first group that fits counts.'),
  freeze: z
    .array(z.string().min(1))
    .default([])
    .describe('Parameters that stay as they are, by name; `*` stands for anything, as in `*.embeddings.*`.'),
  layerDecay: positive
    .max(1)
    .default(1)
    .describe('The rate of each block is this times that of the block above it; embeddings have the least.'),
  ema: rate
    .default(0)
    .describe('Decay of a running mean of the weights, which is evaluated and saved in their place; 0: none.'),
  recompute: z
    .enum(['none', 'activations', 'blocks'])
    .default('none')
    .describe(
      'What the backward pass computes again instead of keeping it, for less memory: all but large products, or all.',
    ),
  clip: z.number().min(0).default(1).describe('Largest global norm of the gradient; 0: no clipping.'),
  schedule: schedule.prefault({ kind: 'constant' }).describe('Learning rate by step, as a share of the peak.'),
  zeroStart: z
    .array(z.string().min(1))
    .default([])
    .describe('Ends of parameter names that start at zero, such as `o_proj.weight`.'),
  sineStart: z
    .array(z.string().min(1))
    .default([])
    .describe('Ends of parameter names that start as sines and cosines, such as `position_embeddings.weight`.'),
  batch: z
    .union([z.int().min(0), z.literal('all')])
    .transform((n) => (n === 'all' ? 0 : n))
    .describe('Rows in a step: 1 (stochastic), a number (mini-batches), or "all" of the training part (written 0).'),
  context: count.optional().describe('Most tokens in a sequence; the model’s context by default.'),
  buckets: count
    .max(32)
    .default(5)
    .describe('Lengths that rows of unequal length are padded to; a graph is compiled for each.'),
  accumulate: count.default(1).describe('Runs whose gradients make one step; the step sees batch · accumulate.'),
  parts: count.default(1).describe('Pieces of the batch inside one graph: the same result with less memory in use.'),
  steps: count.describe('Optimizer steps.'),
  evaluateEvery: count.default(250).describe('Steps between evaluations on the whole validation part.'),
  stopEarly: z
    .strictObject({
      patience: count.describe('Evaluations without improvement after which the training ends.'),
      minChange: z.number().min(0).default(0).describe('What is less than this is no improvement.'),
    })
    .optional()
    .describe('Ends a training that does not improve by the measure of `best`.'),
  checkpointEvery: count.default(250).describe('Steps between checkpoints.'),
  sampleEvery: z.int().min(0).default(0).describe('Steps between samples; 0: none.'),
  samplePrompt: z
    .string()
    .default('\n')
    .describe('What samples continue; the first token of the text, where the tokenizer has none for it.'),
  seed: z
    .int()
    .min(0)
    .max(2 ** 32 - 1)
    .default(1)
    .describe('Of initial values, order and dropout.'),
  device: z.enum(['cpu', 'cuda', 'webgpu', 'dml', 'coreml', 'wasm']).default('cpu').describe('What computes.'),
  threads: count.optional().describe('Processor threads; all by default.'),
  tensorboard: z.boolean().default(false).describe('Also writes event files that TensorBoard reads.'),
  license: z.string().default('apache-2.0').describe('Licence of the trained model, for its card.'),
  language: z.array(z.string()).default(['en']).describe('Languages of the model, for its card.'),
  best: z
    .string()
    .min(1)
    .default('loss')
    .describe('The measure that chooses the best evaluation: loss, or one of the objective’s (accuracy, f1, bleu …).'),
  save: z
    .enum(['float32', 'float16'])
    .default('float32')
    .describe('Type of the bundle’s weights; training and checkpoints stay float32.'),
  expect: z
    .strictObject({
      metric: z
        .string()
        .min(1)
        .describe('validationLoss (nats per token), validationLossPerCharacter, or a measure of the objective.'),
      atMost: z.number().optional().describe('The value at the best evaluation must not exceed this.'),
      atLeast: z.number().optional().describe('The value at the best evaluation must reach this.'),
    })
    .optional()
    .describe('What makes a run of this recipe a success.'),
});

/** A complete recipe, defaults filled in. */
export type Recipe = z.output<typeof recipeSchema>;
/** What a recipe file holds: fields with defaults may be left out. */
export type RecipeInput = z.input<typeof recipeSchema>;
export type DataRecipe = Recipe['data'];
export type SourceRecipe = z.output<typeof source>;
export type ObjectiveRecipe = Recipe['objective'];
export type ObjectiveKind = ObjectiveRecipe['kind'];
export type TokenizerRecipe = Recipe['tokenizer'];
export type OptimizerRecipe = Recipe['optimizer'];
export type ScheduleRecipe = Recipe['schedule'];
