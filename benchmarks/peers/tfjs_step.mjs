// The peer of train-vs-typescript: one training step of GPT-2 in TensorFlow.js, on WebAssembly or in plain JavaScript. One line of JSON.
//
// As its users write it: variables, variableGrads and the library's Adam inside tidy, weight decay and clipping by hand. Rows of a batch are
// flattened before a product with a matrix. The gradient of gather is written here, because that of the library asks for an operation
// (UnsortedSegmentSum) that its WebAssembly has not and that is slow in JavaScript; scatterND is there and adds.
import * as tf from '@tensorflow/tfjs';
import { setThreadsCount } from '@tensorflow/tfjs-backend-wasm';
import { columns, reportSteps } from '../training/shared.mjs';
import { readWeights, startOptions } from './gpt2_start.mjs';

const options = startOptions({ backend: { type: 'string', default: 'wasm' } });
const { hidden, layers, heads, context, batch, vocabulary, threads } = options;
const [learningRate, decay, largestNorm] = [1e-3, 0.1, 1];
tf.enableProdMode();
if (options.backend === 'wasm') setThreadsCount(threads);
if (!(await tf.setBackend(options.backend)))
  throw new Error(`TensorFlow.js cannot start its backend ${options.backend}`);
await tf.ready();

const weights = new Map(
  Object.entries(readWeights(options.weights)).map(([name, { shape, data }]) => [
    name,
    tf.variable(tf.tensor(data, shape), true, name),
  ]),
);
const weight = (name) => weights.get(`transformer.${name}`);
const rows = batch * context;
const size = hidden / heads;
const future = tf.tidy(() => tf.mul(tf.sub(1, tf.linalg.bandPart(tf.ones([context, context]), -1, 0)), -1e9));

const embedding = tf.customGrad((table, ids, save) => {
  save([ids]);
  const spread = (dy, [saved]) => [tf.scatterND(tf.reshape(saved, [rows, 1]), dy, table.shape), tf.zerosLike(saved)];
  return { value: tf.gather(table, ids), gradFunc: spread };
});
function layerNorm(x, name) {
  const { mean, variance } = tf.moments(x, -1, true);
  const unit = tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, 1e-5)));
  return tf.add(tf.mul(unit, weight(`${name}.weight`)), weight(`${name}.bias`));
}
const dense = (x, name) => tf.add(tf.matMul(x, weight(`${name}.weight`)), weight(`${name}.bias`));
// x · sigmoid(2u) = x (1 + tanh u) / 2, u = √(2/π) (x + 0.044715 x³)
const gelu = (x) =>
  tf.mul(x, tf.sigmoid(tf.mul(tf.mul(x, tf.add(tf.mul(tf.square(x), 0.044715), 1)), 2 * Math.sqrt(2 / Math.PI))));

function attention(x, name) {
  const [query, key, value] = tf
    .split(dense(x, `${name}.c_attn`), 3, 1)
    .map((t) => tf.transpose(tf.reshape(t, [batch, context, heads, size]), [0, 2, 1, 3]));
  const scores = tf.add(tf.mul(tf.matMul(query, key, false, true), 1 / Math.sqrt(size)), future);
  const mixed = tf.transpose(tf.matMul(tf.softmax(scores), value), [0, 2, 1, 3]);
  return dense(tf.reshape(mixed, [rows, hidden]), `${name}.c_proj`);
}
function loss(ids, labels) {
  const places = tf.reshape(weight('wpe.weight'), [1, context, hidden]);
  const tokens = tf.reshape(embedding(weight('wte.weight'), ids), [batch, context, hidden]);
  let x = tf.reshape(tf.add(tokens, places), [rows, hidden]);
  for (let i = 0; i < layers; i++) {
    x = tf.add(x, attention(layerNorm(x, `h.${i}.ln_1`), `h.${i}.attn`));
    const wide = gelu(dense(layerNorm(x, `h.${i}.ln_2`), `h.${i}.mlp.c_fc`));
    x = tf.add(x, dense(wide, `h.${i}.mlp.c_proj`));
  }
  const logits = tf.matMul(layerNorm(x, 'ln_f'), weight('wte.weight'), false, true);
  // On WebAssembly the dtype of oneHot only names the type: the ones would be integers read as floats.
  return tf.losses.softmaxCrossEntropy(tf.cast(tf.oneHot(labels, vocabulary), 'float32'), logits);
}

const optimizer = tf.train.adam(learningRate, 0.9, 0.95, 1e-8);
async function step(drawn) {
  const value = tf.tidy(() => {
    const ids = tf.tensor1d(columns(drawn, batch, context, 0), 'int32');
    const labels = tf.tensor1d(columns(drawn, batch, context, 1), 'int32');
    const { value, grads } = tf.variableGrads(() => loss(ids, labels));
    const norm = tf.sqrt(tf.addN(Object.values(grads).map((g) => tf.sum(tf.square(g)))));
    const scale = tf.minimum(1, tf.div(largestNorm, tf.add(norm, 1e-6)));
    for (const name of Object.keys(grads)) grads[name] = tf.mul(grads[name], scale);
    for (const w of weights.values()) if (w.rank >= 2) w.assign(tf.mul(w, 1 - learningRate * decay));
    optimizer.applyGradients(grads);
    return value;
  });
  const [result] = await value.data();
  value.dispose();
  return result;
}
const parameters = [...weights.values()].reduce((n, w) => n + w.size, 0);
await reportSteps(options, step, { version: tf.version_core, parameters });
