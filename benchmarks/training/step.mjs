// One training step of a model by its size, compiled: what the benchmarks of a step run.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { columns, median } from './shared.mjs';

/** The built packages. */
export async function libraries() {
  const built = (path) => join(import.meta.dirname, '../../packages', path);
  const missing = ['core/dist/index.node.js', 'train/dist/index.node.js'].filter((p) => !existsSync(built(p)));
  if (missing.length > 0) throw new Error(`${missing.join(', ')} missing; build first: pnpm build`);
  return {
    core: await import(built('core/dist/index.node.js')),
    training: await import(built('train/dist/index.node.js')),
  };
}

/** config.json of each model, the loss on its inputs, and the inputs made of rows of one token more than a context. */
const models = {
  gpt2: {
    config: ({ hidden, layers, heads, context, vocabulary }) => ({
      model_type: 'gpt2',
      ...{ vocab_size: vocabulary, n_positions: context, n_embd: hidden, n_layer: layers, n_head: heads },
      ...{ embd_pdrop: 0, attn_pdrop: 0, resid_pdrop: 0 },
    }),
    inputs: (ids, context) => ({ input_ids: ids(context, 0), labels: ids(context, 1) }),
    loss: (core, architecture, config) => (scope, x) =>
      core.crossEntropySum(architecture.causalLm(scope, { inputIds: x.input_ids }, config).logits, x.labels),
  },
  bert: {
    config: ({ hidden, layers, heads, context, vocabulary }) => ({
      model_type: 'bert',
      ...{
        vocab_size: vocabulary,
        max_position_embeddings: context,
        hidden_size: hidden,
        intermediate_size: 4 * hidden,
      },
      ...{ num_hidden_layers: layers, num_attention_heads: heads, hidden_act: 'gelu' },
      ...{ hidden_dropout_prob: 0, attention_probs_dropout_prob: 0 },
    }),
    inputs: (ids, context) => {
      const places = Array.from({ length: context }, (_, t) => t).filter((t) => t % 7 === 3);
      const whole = ids(context, 0);
      return {
        input_ids: { ...whole, data: whole.data.map((id, i) => ((i % context) % 7 === 3 ? 1 : id)) },
        label_positions: {
          ...{ dtype: 'int32', shape: [whole.shape[0], places.length] },
          data: Int32Array.from({ length: whole.shape[0] * places.length }, (_, i) => places[i % places.length]),
        },
        labels: {
          ...{ dtype: 'int32', shape: [whole.shape[0], places.length] },
          data: whole.data.filter((_, i) => (i % context) % 7 === 3),
        },
      };
    },
    loss: (core, architecture, config) => (scope, x) => {
      const read = { input_ids: x.input_ids, label_positions: x.label_positions };
      return core.crossEntropySum(architecture.heads.BertForMaskedLM.build(scope, read, config).logits, x.labels);
    },
  },
  t5: {
    config: ({ hidden, layers, heads, vocabulary }) => ({
      model_type: 't5',
      ...{ vocab_size: vocabulary, d_model: hidden, d_kv: hidden / heads, d_ff: 4 * hidden, num_heads: heads },
      ...{ num_layers: layers, num_decoder_layers: layers, dropout_rate: 0, decoder_start_token_id: 0 },
    }),
    inputs: (ids, context) => {
      const target = ids(context, 1);
      const before = target.data.map((_, i) => (i % context === 0 ? 0 : target.data[i - 1]));
      return { input_ids: ids(context, 0), decoder_input_ids: { ...target, data: before }, labels: target };
    },
    loss: (core, architecture, config) => (scope, x) => {
      const encoded = architecture.encode(scope, { inputIds: x.input_ids }, config);
      const read = { inputIds: x.decoder_input_ids, encoderHiddenStates: encoded.hiddenStates.at(-1) };
      return core.crossEntropySum(architecture.decode(scope, read, config).logits, x.labels);
    },
  },
};

/** The graphs of a size's step, and what feeds them. */
async function stepOf(size, { threads, parts = 1, steps = 100 }) {
  const { core, training } = await libraries();
  const { context, batch } = size;
  const model = models[size.model];
  const json = model.config(size);
  const recipe = training.parseRecipe({
    name: 'benchmark',
    data: { kind: 'text', files: ['none'] },
    tokenizer: { kind: 'characters' },
    model: json,
    optimizer: { kind: 'adamw', learningRate: 1e-3, beta2: 0.95, weightDecay: 0.1 },
    ...{ batch, parts, steps, threads },
  });
  const architecture = core.familyFor(json);
  const feedsOf = (drawn) =>
    model.inputs(
      (length, from) => ({ dtype: 'int32', shape: [batch, length], data: columns(drawn, batch, length, from) }),
      context,
    );
  const forms = (feeds) =>
    Object.fromEntries(Object.entries(feeds).map(([name, { dtype, shape }]) => [name, { dtype, shape }]));
  const step = training.trainingStep({
    inputs: forms(feedsOf(new Int32Array(batch * (context + 1)))),
    loss: model.loss(core, architecture, architecture.readConfig(json)),
    recipe,
  });
  return { step, feedsOf };
}

/**
 * A compiled step with its numbers.
 * @param size as in `sizes`
 * @param options `threads`, `parts` of a batch, `steps` of the schedule, `profile`: what the files with the times of all operations begin with
 * @returns `run(drawn, i)`: the loss of step i on `batch × (context + 1)` tokens; `start`: the first weights; `parameters` and `flopsPerStep`
 */
export async function compiledStep(size, { profile, ...options }) {
  const { core, training } = await libraries();
  const { step, feedsOf } = await stepOf(size, options);
  const runtime = await core.onnxruntimeNode({ threads: options.threads, ...(profile ? { profile } : {}) });
  const program = await runtime.compile(step.whole, { purpose: 'training' });
  const start = training.initialValues(step.parameters, 1);
  const held = { ...start, ...step.initialState() };
  const into = Object.fromEntries(Object.keys(held).map((name) => [training.next(name), held[name]]));
  return {
    start,
    parameters: step.parameters.reduce((n, p) => n + core.sizeOf(p.shape), 0),
    flopsPerStep: productsOf(core, step.whole).reduce((n, p) => n + p.count * p.flops, 0),
    run: async (drawn, i) => {
      const out = await program.run({ ...held, ...step.scalars(i), ...feedsOf(drawn) }, { into });
      return out.loss.data[0];
    },
    dispose: () => program.dispose(),
  };
}

/** The matrix products of a graph: of each form how many, and the multiplications and additions of one. */
function productsOf(core, graph) {
  const found = new Map();
  for (const node of core.topological(Object.values(graph.outputs))) {
    if (node.kind !== 'op' || node.op !== 'matmul') continue;
    const { transposeA, transposeB } = node.attrs;
    const [a, b] = node.inputs.map((t) => t.shape);
    const key = JSON.stringify([a, b, transposeA, transposeB]);
    const known = found.get(key);
    const flops = 2 * core.sizeOf(node.results[0].shape) * a.at(transposeA ? -2 : -1);
    found.set(key, { a, b, transposeA, transposeB, flops, count: (known?.count ?? 0) + 1 });
  }
  return [...found.values()];
}

/**
 * The matrix products of a step alone, each form in a program of its own, without what a program takes that computes nothing.
 * @returns `secondsPerStep` of all of them, and the `flopsPerSecond` of the fastest
 */
export async function productsAlone(size, { threads, runs = 15 }) {
  const { core } = await libraries();
  const { step } = await stepOf(size, { threads });
  const runtime = await core.onnxruntimeNode({ threads });
  const filled = (shape) => ({ dtype: 'float32', shape, data: new Float32Array(core.sizeOf(shape)).fill(0.5) });
  async function secondsOf(graph) {
    const program = await runtime.compile(graph, { purpose: 'training' });
    const feeds = Object.fromEntries(graph.inputs.map((t) => [t.node.name, filled(t.shape)]));
    const into = { c: filled(graph.outputs.c.shape) };
    const times = [];
    for (let i = 0; i < runs + 3; i++) {
      const began = performance.now();
      await program.run(feeds, { into });
      if (i >= 3) times.push((performance.now() - began) / 1000);
    }
    await program.dispose();
    return median(times);
  }
  const one = core.tensor('a', 'float32', [1]);
  const nothing = await secondsOf({ inputs: [one], outputs: { c: core.add(one, 1) } });
  let [secondsPerStep, flopsPerSecond] = [0, 0];
  for (const { a, b, transposeA, transposeB, flops, count } of productsOf(core, step.whole)) {
    const inputs = [core.tensor('a', 'float32', a), core.tensor('b', 'float32', b)];
    const product = core.matmul(...inputs, { transposeA, transposeB });
    const seconds = Math.max(0, (await secondsOf({ inputs, outputs: { c: product } })) - nothing);
    secondsPerStep += count * seconds;
    // Of small products the difference to an empty run is no measure.
    if (seconds > nothing) flopsPerSecond = Math.max(flopsPerSecond, flops / seconds);
  }
  return { secondsPerStep, flopsPerSecond };
}
