// Every objective on every family of models: one batch is learnt by heart; runs, parts, padding and batch size change nothing.

import { onnxruntimeNode, type Runtime } from '@yumo/core/node';
import { beforeAll, describe, expect, it } from 'vitest';
import type { DataRow } from '../data/readers/rows.ts';
import type { SourceFile, TrainingData } from '../data/sources.ts';
import { formsOf, type TrainingEngine, trainingEngine } from '../engine.ts';
import { initialValues } from '../initial.ts';
import type { Recipe, RecipeInput } from '../recipe.ts';
import { parseRecipe } from '../recipe-fields.ts';
import { type Plan, planTraining } from '../trainer.ts';

let runtime: Runtime;
beforeAll(async () => {
  runtime = await onnxruntimeNode({ threads: 1 });
});

const colours = ['red', 'blue', 'green', 'black', 'white'];
const things = ['ink', 'bottle', 'pen', 'paper', 'lamp', 'door'];
const texts = Array.from({ length: 40 }, (_, i) => {
  const [colour, thing] = [colours[i % 5]!, things[(i * 7) % 6]!];
  return {
    colour,
    thing,
    text: `the ${thing} on table ${i} ${i % 3 === 0 ? 'that we saw yesterday evening ' : ''}is ${colour} .`,
  };
});

/** Rows of each kind, told from the same sentences. */
const rows: Readonly<Record<string, readonly DataRow[]>> = {
  text: texts.map(({ text }) => ({ task: 'text', text })),
  passages: Array.from({ length: 60 }, (_, i) => ({
    task: 'text',
    text: `The ${things[i % 6]!} of table ${i} is ${colours[i % 5]!}. It stood there. We saw the ${things[i % 6]!} of table ${i}.`,
  })),
  record: texts.map(({ text, colour, thing }, i) => ({
    task: 'record',
    line: i + 1,
    fields: {
      text,
      other: `${thing} is ${colour}`,
      label: colour,
      labels: [colour, thing],
      score: colours.indexOf(colour) / 4,
    },
  })),
  spans: texts.map(({ text, colour, thing }) => ({
    task: 'spans',
    text,
    entities: [
      { type: 'thing', start: 4, end: 4 + thing.length },
      { type: 'colour', start: text.indexOf(colour), end: text.indexOf(colour) + colour.length },
    ],
  })),
  questions: texts.map(({ text, colour, thing }, i) => ({
    task: 'question-answering',
    id: String(i),
    title: '',
    context: text,
    question: `what colour is the ${thing} ?`,
    answers: i % 5 === 4 ? [] : [{ text: colour, start: text.indexOf(colour) }],
  })),
  pairs: texts.map(({ text, colour, thing }) => ({
    task: 'sequence-to-sequence',
    source: text,
    targets: [`${colour} ${thing}`],
  })),
  instructions: texts.map(({ text, colour }) => ({
    task: 'instruction',
    instruction: 'which colour ?',
    input: text,
    output: colour,
  })),
};

const dataOf = (kind: string, fields: Record<string, string> = {}): TrainingData => {
  const recipe = parseRecipe({
    name: 'x',
    data: { kind: 'rows', train: [{ files: ['x'], fields }] },
    tokenizer: { kind: 'characters' },
    batch: 1,
    steps: 1,
  });
  const { data } = recipe;
  if (data.kind !== 'rows') throw new Error('a recipe of rows has rows');
  const file = (some: readonly DataRow[]): SourceFile => ({ name: 'rows', source: data.train[0]!, rows: some });
  const all = rows[kind]!;
  // Labels and tags are the same five in both parts.
  return { kind: 'rows', training: [file(all.slice(0, 28))], validation: [file(all.slice(28))] };
};

const wordPiece = { kind: 'word-piece', vocabularySize: 120, minFrequency: 1 };
const bytes = { kind: 'byte-level-bpe', vocabularySize: 330, minFrequency: 1 };
const unigram = { kind: 'unigram', vocabularySize: 160 };

/** A tiny model of each family, without dropout. */
const bert = {
  model_type: 'bert',
  hidden_size: 32,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  intermediate_size: 64,
  max_position_embeddings: 64,
  hidden_dropout_prob: 0,
  attention_probs_dropout_prob: 0,
  initializer_range: 0.08,
};
const models: Readonly<Record<string, Record<string, unknown>>> = {
  bert,
  roberta: { ...bert, model_type: 'roberta', max_position_embeddings: 66 },
  electra: { ...bert, model_type: 'electra', embedding_size: 16 },
  albert: { ...bert, model_type: 'albert', embedding_size: 16, classifier_dropout_prob: 0 },
  distilbert: {
    model_type: 'distilbert',
    ...{ dim: 32, n_layers: 2, n_heads: 2, hidden_dim: 64, max_position_embeddings: 64, initializer_range: 0.08 },
    ...{ dropout: 0, attention_dropout: 0, qa_dropout: 0, seq_classif_dropout: 0 },
  },
  modernbert: {
    model_type: 'modernbert',
    ...{ hidden_size: 32, num_hidden_layers: 2, num_attention_heads: 2, intermediate_size: 64 },
    ...{ max_position_embeddings: 64, local_attention: 16, initializer_range: 0.08 },
  },
  gpt2: {
    model_type: 'gpt2',
    ...{ n_embd: 32, n_layer: 2, n_head: 2, n_positions: 64, initializer_range: 0.08 },
    ...{ embd_pdrop: 0, attn_pdrop: 0, resid_pdrop: 0 },
  },
  gpt_neox: {
    model_type: 'gpt_neox',
    ...{ hidden_size: 32, num_hidden_layers: 2, num_attention_heads: 2, intermediate_size: 64 },
    ...{ max_position_embeddings: 64, initializer_range: 0.08 },
  },
  ...Object.fromEntries(
    ['llama', 'mistral', 'qwen2'].map((model_type) => [
      model_type,
      {
        model_type,
        ...{ hidden_size: 32, num_hidden_layers: 2, num_attention_heads: 2, num_key_value_heads: 2 },
        ...{ intermediate_size: 64, max_position_embeddings: 64, initializer_range: 0.08 },
      },
    ]),
  ),
  t5: {
    model_type: 't5',
    ...{ d_model: 32, d_kv: 16, d_ff: 64, num_layers: 2, num_heads: 2, dropout_rate: 0, initializer_factor: 0.3 },
  },
  ...Object.fromEntries(
    ['bart', 'marian'].map((model_type) => [
      model_type,
      {
        model_type,
        ...{
          d_model: 32,
          encoder_layers: 2,
          decoder_layers: 2,
          encoder_attention_heads: 2,
          decoder_attention_heads: 2,
        },
        ...{ encoder_ffn_dim: 64, decoder_ffn_dim: 64, max_position_embeddings: 64, init_std: 0.08 },
        ...{ dropout: 0, attention_dropout: 0, activation_dropout: 0, classifier_dropout: 0 },
      },
    ]),
  ),
};

interface Case {
  readonly objective: RecipeInput['objective'] & { kind: string };
  readonly models: readonly string[];
  readonly data: TrainingData;
  readonly tokenizer: Record<string, unknown>;
  readonly context?: number;
}

const encoders = ['bert', 'distilbert', 'roberta', 'albert', 'electra', 'modernbert'];
const decoders = ['gpt2', 'llama', 'mistral', 'qwen2', 'gpt_neox'];
const cases: readonly Case[] = [
  { objective: { kind: 'causal-lm' }, models: decoders, data: dataOf('text'), tokenizer: bytes, context: 16 },
  { objective: { kind: 'masked-lm' }, models: encoders, data: dataOf('text'), tokenizer: wordPiece, context: 24 },
  { objective: { kind: 'next-sentence' }, models: ['bert'], data: dataOf('text'), tokenizer: wordPiece, context: 24 },
  {
    objective: { kind: 'bert-pretraining' },
    models: ['bert'],
    data: dataOf('text'),
    tokenizer: wordPiece,
    context: 24,
  },
  {
    objective: { kind: 'span-corruption' },
    models: ['t5', 'bart'],
    data: dataOf('text'),
    tokenizer: unigram,
    context: 24,
  },
  {
    objective: { kind: 'denoising' },
    models: ['bart', 'marian', 't5'],
    data: dataOf('text'),
    tokenizer: bytes,
    context: 24,
  },
  {
    objective: { kind: 'gap-sentences', labelSmoothing: 0 },
    models: ['t5', 'bart', 'marian'],
    data: dataOf('passages'),
    tokenizer: unigram,
  },
  {
    objective: { kind: 'sequence-classification' },
    models: [...encoders, 'gpt2', 'llama', 'bart'],
    data: dataOf('record'),
    tokenizer: bytes,
  },
  {
    objective: { kind: 'multi-label-classification' },
    models: ['bert', 'distilbert'],
    data: dataOf('record'),
    tokenizer: wordPiece,
  },
  {
    objective: { kind: 'regression' },
    models: ['bert', 'roberta'],
    data: dataOf('record', { second: 'other' }),
    tokenizer: wordPiece,
  },
  { objective: { kind: 'token-classification' }, models: encoders, data: dataOf('spans'), tokenizer: wordPiece },
  {
    objective: { kind: 'question-answering' },
    models: [...encoders, 'bart'],
    data: dataOf('questions'),
    tokenizer: wordPiece,
  },
  {
    objective: { kind: 'span-selection', removed: 0.5, evidence: 2 },
    models: [...encoders, 'bart'],
    data: dataOf('passages'),
    tokenizer: wordPiece,
  },
  {
    objective: { kind: 'sequence-to-sequence', labelSmoothing: 0, generate: 0 },
    models: ['t5', 'bart', 'marian'],
    data: dataOf('pairs'),
    tokenizer: unigram,
  },
  { objective: { kind: 'instruction' }, models: ['gpt2', 'llama'], data: dataOf('instructions'), tokenizer: bytes },
  {
    objective: { kind: 'contrastive' },
    models: ['bert', 'roberta', 't5'],
    data: dataOf('record', { second: 'other' }),
    tokenizer: bytes,
  },
];

const recipeFor = (c: Case, model: string, changes: Record<string, unknown> = {}): Recipe =>
  parseRecipe({
    name: 'tiny',
    data: { kind: 'rows', train: [{ files: ['rows'] }] },
    tokenizer: c.tokenizer,
    model: models[model],
    objective: c.objective,
    optimizer: { kind: 'adamw', learningRate: 4e-3, weightDecay: 0 },
    schedule: { kind: 'constant', warmupSteps: 10 },
    batch: 4,
    steps: 200,
    ...(c.context === undefined ? {} : { context: c.context }),
    ...changes,
  });

async function engineFor(recipe: Recipe, data: TrainingData): Promise<{ plan: Plan; engine: TrainingEngine }> {
  const plan = await planTraining({ recipe, data });
  const forms = formsOf(await plan.task.order.batch(0));
  const engine = await trainingEngine(runtime, recipe, plan.task.loss, forms, (step) => ({
    parameters: initialValues([...step.parameters, ...step.buffers], 3),
    state: step.initialState(),
  }));
  return { plan, engine };
}

describe('one batch is learnt by heart', () => {
  it.each(cases.flatMap((c) => c.models.map((model) => [c.objective.kind, model, c] as const)))(
    '%s by %s',
    async (_, model, c) => {
      const { plan, engine } = await engineFor(recipeFor(c, model), c.data);
      const batch = await plan.task.order.batch(0);
      const order = { rowsPerEpoch: 1, batch: () => batch };
      const first = (await engine.run(0, order)).loss;
      let last = first;
      for (let i = 1; i < 200 && last > 0.05 * first; i++) last = (await engine.run(i, order)).loss;
      await engine.dispose();
      expect(last).toBeLessThanOrEqual(0.05 * first);
    },
    60_000,
  );
});

/** One case of each objective. */
const each = cases.map((c) => [c.objective.kind, c] as const);

describe('a step', () => {
  it.each(each.filter(([kind]) => kind !== 'contrastive'))(
    '%s: eight rows at once, two runs of four, and two parts give the same loss and gradient',
    async (_, c) => {
      const results: { loss: number; gradientNorm: number }[] = [];
      for (const changes of [{ batch: 8 }, { batch: 4, accumulate: 2 }, { batch: 8, parts: 2 }]) {
        const { plan, engine } = await engineFor(recipeFor(c, c.models[0]!, changes), c.data);
        const { loss, gradientNorm } = await engine.run(0, plan.task.order);
        results.push({ loss, gradientNorm });
        await engine.dispose();
      }
      const [whole, runs, parts] = results as [(typeof results)[0], (typeof results)[0], (typeof results)[0]];
      for (const other of [runs, parts]) {
        expect(Math.abs(other.loss / whole.loss - 1)).toBeLessThan(2e-6);
        expect(Math.abs(other.gradientNorm / whole.gradientNorm - 1)).toBeLessThan(2e-5);
      }
    },
    60_000,
  );
});

describe('an evaluation', () => {
  it.each(each.filter(([kind]) => kind !== 'contrastive'))(
    '%s: loss and measures do not change with the batch size and the padding',
    async (_, c) => {
      const results: { loss: number; metrics: Record<string, number> }[] = [];
      for (const changes of [
        { batch: 3, buckets: 8 },
        { batch: 7, buckets: 1 },
      ]) {
        const { plan, engine } = await engineFor(recipeFor(c, c.models[0]!, changes), c.data);
        const evaluation = plan.task.evaluation();
        const found = await engine.evaluate(evaluation.batches, (batch, outputs) => evaluation.add?.(batch, outputs));
        const loss = found!.loss / found!.labels;
        const metrics = await evaluation.metrics(loss, { runtime, parameters: engine.parameters, seed: 0 });
        expect(Object.keys(metrics)).toEqual(plan.task.metrics);
        results.push({ loss, metrics });
        await engine.dispose();
      }
      const [a, b] = results as [(typeof results)[0], (typeof results)[0]];
      expect(Math.abs(a.loss / b.loss - 1)).toBeLessThan(2e-6);
      for (const [name, value] of Object.entries(a.metrics))
        expect(Math.abs(value - b.metrics[name]!), name).toBeLessThan(1e-5 * Math.max(1, Math.abs(value)));
    },
    60_000,
  );

  it('sequence-to-sequence: what is written is the likeliest text, not a drawn one', async () => {
    const c = cases.find(({ objective }) => objective.kind === 'sequence-to-sequence')!;
    if (c.data.kind !== 'rows') throw new Error('its data are rows');
    const [file] = c.data.validation!;
    const alike = { ...c.data, validation: [{ ...file!, rows: file!.rows.slice(0, 3).map(() => file!.rows[0]!) }] };
    const { plan, engine } = await engineFor(recipeFor(c, c.models[0]!), alike);
    for (let i = 0; i < 30; i++) await engine.run(i, plan.task.order); // untrained it writes nothing
    const { text } = (await plan.task.sample!({ runtime, parameters: engine.parameters, seed: 0 }))!;
    await engine.dispose();
    // Numbers that are drawn differ from row to row.
    const written = text.split('\n').filter((line) => line.startsWith('→ '));
    expect(written).toHaveLength(3);
    expect(written[0]!.length).toBeGreaterThan(3);
    expect(new Set(written).size).toBe(1);
  });
});
