// The peer of train-vs-typescript: one training step of GPT-2 in @jax-js/jax, on WebAssembly. Prints one line of JSON.
//
// As its users write it: the whole step is one jit, with valueAndGrad inside. An array is consumed where it is used; `.ref` keeps it.
// In Node it has one thread: its threads need the browser's Worker.
import { columns, reportSteps } from '../training/shared.mjs';
import { readWeights, startOptions } from './gpt2_start.mjs';

const options = startOptions();
const { hidden, layers, heads, context, batch, vocabulary } = options;
const [learningRate, beta1, beta2, decay, largestNorm] = [1e-3, 0.9, 0.95, 0.1, 1];
// What jax-js asks for and Node has only from version 21 and 22 on: a navigator, and map and filter of iterators.
globalThis.navigator ??= { hardwareConcurrency: options.threads };
const iterators = Object.getPrototypeOf(Object.getPrototypeOf([].values()));
iterators.map ??= function* (f) {
  for (const x of this) yield f(x);
};
iterators.filter ??= function* (f) {
  for (const x of this) if (f(x)) yield x;
};
const { defaultDevice, init, jit, nn, numpy: np, tree, valueAndGrad } = await import('@jax-js/jax');
if (!(await init('wasm')).includes('wasm')) throw new Error('jax-js cannot start its backend wasm');
defaultDevice('wasm');

const rows = batch * context;
const size = hidden / heads;
const layerNorm = (x, p, name) => nn.standardize(x).mul(p[`${name}.weight`]).add(p[`${name}.bias`]);
const dense = (x, p, name) => np.matmul(x, p[`${name}.weight`]).add(p[`${name}.bias`]);

function attention(x, p, name) {
  const [query, key, value] = np
    .split(dense(x, p, `${name}.c_attn`), 3, 1)
    .map((t) => t.reshape([batch, context, heads, size]));
  const mixed = nn.dotProductAttention(query, key, value, { isCausal: true });
  return dense(mixed.reshape([rows, hidden]), p, `${name}.c_proj`);
}
/** Every parameter is read once, and so consumed; the tied embedding twice. */
function loss(p, ids, labels) {
  // The gradient of take fails under jit where a reshape follows it ("routine primitive scatter input is not imm"): the places are tiled instead.
  let x = np.take(p['wte.weight'].ref, ids, 0).add(np.tile(p['wpe.weight'], [batch, 1]));
  for (let i = 0; i < layers; i++) {
    x = x.ref.add(attention(layerNorm(x, p, `h.${i}.ln_1`), p, `h.${i}.attn`));
    const wide = nn.gelu(dense(layerNorm(x.ref, p, `h.${i}.ln_2`), p, `h.${i}.mlp.c_fc`), { approximate: true });
    x = x.add(dense(wide, p, `h.${i}.mlp.c_proj`));
  }
  const logits = np.matmul(layerNorm(x, p, 'ln_f'), p['wte.weight'].transpose());
  return nn.logSoftmax(logits).mul(nn.oneHot(labels, vocabulary)).sum(-1).mean().neg();
}

/** AdamW after clipping by the norm of all gradients. `unbias1`, `unbias2`: 1 / (1 − βᵗ). */
const step = jit((p, first, second, ids, labels, unbias1, unbias2) => {
  const [value, gradients] = valueAndGrad(loss)(tree.ref(p), ids, labels);
  const squares = Object.values(gradients).map((g) => np.square(g.ref).sum());
  const norm = np.sqrt(squares.reduce((a, b) => a.add(b)));
  const scale = np.minimum(np.array(largestNorm).div(norm.add(1e-6)), 1);
  const next = { p: {}, first: {}, second: {} };
  for (const name of Object.keys(p)) {
    const g = gradients[name].mul(scale.ref);
    const m = first[name].mul(beta1).add(g.ref.mul(1 - beta1));
    const v = second[name].mul(beta2).add(np.square(g).mul(1 - beta2));
    const change = m.ref.mul(unbias1.ref).div(np.sqrt(v.ref.mul(unbias2.ref)).add(1e-8));
    const kept = p[name].ndim >= 2 ? p[name].mul(1 - learningRate * decay) : p[name];
    next.p[name] = kept.sub(change.mul(learningRate));
    next.first[name] = m;
    next.second[name] = v;
  }
  scale.dispose();
  unbias1.dispose();
  unbias2.dispose();
  return [value, next.p, next.first, next.second];
});

const start = Object.entries(readWeights(options.weights)).map(([name, w]) => [name.replace('transformer.', ''), w]);
let p = Object.fromEntries(start.map(([name, { shape, data }]) => [name, np.array(data, { shape })]));
const zeros = () => Object.fromEntries(start.map(([name, { shape }]) => [name, np.zeros(shape)]));
let [first, second] = [zeros(), zeros()];
const integers = (data) => np.array(data, { shape: [rows], dtype: np.int32 });

async function run(drawn, i) {
  const [ids, labels] = [0, 1].map((from) => integers(columns(drawn, batch, context, from)));
  const [unbias1, unbias2] = [beta1, beta2].map((b) => np.array(1 / (1 - b ** (i + 1)), { dtype: np.float32 }));
  let value;
  [value, p, first, second] = step(p, first, second, ids, labels, unbias1, unbias2);
  const [result] = await value.data();
  await Promise.all(Object.values(p).map((w) => w.blockUntilReady()));
  return result;
}
const parameters = start.reduce((n, [, { data }]) => n + data.length, 0);
await reportSteps(options, run, { version: '0.1.25', parameters });
