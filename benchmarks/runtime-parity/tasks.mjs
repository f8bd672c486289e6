// What runtime-parity measures, in Node and in a page: three graphs of one small model, against the interpreter in double precision.

const median = (xs) => xs.toSorted((a, b) => a - b)[xs.length >> 1];

/** Three graphs and what they are fed; the same numbers everywhere. */
function tasks(core) {
  const architecture = core.architectureFor({ model_type: 'gpt2' });
  const json = { n_layer: 2, n_head: 4, n_embd: 64, n_positions: 64, vocab_size: 96 };
  const config = architecture.readConfig(json);
  const [batch, length] = [4, 32];
  const scope = core.parameterScope();
  const inputIds = core.tensor('input_ids', 'int32', [batch, length]);
  const { logits } = architecture.causalLm(scope, { inputIds }, config);
  const { parameters } = scope;
  const weights = Object.fromEntries(
    parameters.map(({ name, shape }, p) => {
      const norm = /ln_.*weight/.test(name) ? 1 : 0;
      const data = Float32Array.from(
        { length: core.sizeOf(shape) },
        (_, i) => norm + 0.2 * (core.uniformAt(1, p, i) - 0.5),
      );
      return [name, { dtype: 'float32', shape, data }];
    }),
  );
  const drawn = (salt, count) =>
    Int32Array.from({ length: count }, (_, i) => Math.floor(96 * core.uniformAt(2, salt, i)));
  const ids = { dtype: 'int32', shape: [batch, length], data: drawn(0, batch * length) };
  const tensors = parameters.map((p) => p.tensor);

  const decoder = core.decoderGraph(architecture, config, { logits: 'last' });
  const cached = (salt) => ({
    dtype: 'float32',
    shape: [batch, 4, length, 16],
    data: Float32Array.from({ length: batch * 4 * length * 16 }, (_, i) => core.uniformAt(3, salt, i) - 0.5),
  });
  const past = Object.fromEntries(
    [0, 1].flatMap((i) => ['key', 'value'].map((part, k) => [`past_key_values.${i}.${part}`, cached(2 * i + k)])),
  );
  const int = (shape, data) => ({ dtype: 'int32', shape, data: Int32Array.from(data) });
  const step = {
    ...past,
    input_ids: int([batch, 1], drawn(1, batch)),
    attention_mask: int([batch, length + 1], new Array(batch * (length + 1)).fill(1)),
    position_ids: int([batch, 1], new Array(batch).fill(length)),
  };

  const loss = core.nextTokenLoss(logits, inputIds);
  const gradients = core.gradient(loss, tensors);
  const updated = parameters.map(({ name, tensor }, i) => [
    `new.${name}`,
    core.sub(tensor, core.mul(gradients[i], core.scalar(0.1))),
  ]);
  return {
    forward: {
      graph: { inputs: [inputIds, ...tensors], outputs: { logits } },
      constants: weights,
      feeds: { input_ids: ids },
    },
    'decoding step': { graph: decoder.graph, constants: weights, feeds: step },
    'training step': {
      graph: { inputs: [inputIds, ...tensors], outputs: { loss, ...Object.fromEntries(updated) } },
      feeds: { ...weights, input_ids: ids },
      purpose: 'training',
    },
  };
}

/**
 * @param core the module, of Node or of the browser
 * @param runs timed runs at most
 * @returns by task: largest difference, median and range of seconds
 */
export async function measure(core, runtime, runs) {
  const result = {};
  for (const [task, { graph, constants = {}, feeds, purpose = 'inference' }] of Object.entries(tasks(core))) {
    const options = { constants, purpose };
    const truth = await core.referenceRuntime.compile(graph, options);
    const wanted = await truth.run(feeds);
    const program = await runtime.compile(graph, options);
    let worst = 0;
    const got = await program.run(feeds);
    for (const [name, value] of Object.entries(wanted)) {
      const [a, b] = [core.toFloat64(got[name]), core.toFloat64(value)];
      for (let i = 0; i < b.length; i++) {
        const difference = Math.abs(a[i] - b[i]) / Math.max(1, Math.abs(b[i]));
        worst = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : Math.max(worst, difference);
      }
    }
    const seconds = [];
    const ends = performance.now() + 15_000; // software graphics take seconds a run
    for (let i = 0; i < runs && (i < 3 || performance.now() < ends); i++) {
      const began = performance.now();
      await program.run(feeds);
      seconds.push((performance.now() - began) / 1000);
    }
    await program.dispose();
    result[task] = { worst, seconds: median(seconds), spread: [Math.min(...seconds), Math.max(...seconds)] };
  }
  return { description: runtime.description, result };
}
