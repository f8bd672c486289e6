// The part that runs in a browser: integers in TensorFlow.js's shaders, and a shader that the GPU refuses.

import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-webgpu';
import { isYumoError } from '../../src/errors.ts';
import { add, argmax, cast, cumsum, matmul, sum, transpose } from '../../src/ops/build.ts';
import { tfjs } from '../../src/runtimes/tfjs.ts';
import { type Tensor, tensor } from '../../src/tensor.ts';
import { type Value, value } from '../../src/value.ts';

export interface TfjsWebGpuPage {
  /** Of integers `[2, 3, 2]`, 0 to 11: what moving and adding them gives. */
  integers(): Promise<Readonly<Record<string, readonly number[]>>>;
  /** The words about integers that a shader would round, fed and as a weight. */
  large(): Promise<readonly string[]>;
  /** The words about a run in which a shader does not compile, and about the same run once more. */
  broken(): Promise<readonly string[]>;
}

tf.enableProdMode();
tf.env().set('WEBGPU_CPU_FORWARD', false); // else small tensors are computed in JavaScript

interface Code {
  code: string;
}
const { prototype } = (globalThis as unknown as { GPUDevice: { prototype: { createShaderModule(d: Code): unknown } } })
  .GPUDevice;
const { createShaderModule } = prototype;
let breaks = false;
prototype.createShaderModule = function (shader) {
  return createShaderModule.call(this, breaks ? { ...shader, code: `${shader.code}\nnot WGSL` } : shader);
};

type Values = Readonly<Record<string, Value>>;

async function run(
  outputs: Readonly<Record<string, Tensor>>,
  inputs: readonly Tensor[],
  feeds: Values,
  constants: Values = {},
) {
  const runtime = await tfjs({ tf, backend: 'webgpu' });
  const program = await runtime.compile({ inputs, outputs }, { constants });
  try {
    const results = await program.run(feeds);
    return Object.fromEntries(Object.entries(results).map(([name, v]) => [name, [...(v.data as Int32Array)]]));
  } finally {
    await program.dispose();
  }
}

const told = (work: Promise<Readonly<Record<string, readonly number[]>>>): Promise<string> =>
  work.then(
    ({ y }) => `no error: ${y}`,
    (error) => (isYumoError(error) ? `${error.code} ${error.message}` : `not named: ${error}`),
  );

const page: TfjsWebGpuPage = {
  integers() {
    const x = tensor('x', 'int32', [2, 3, 2]);
    const outputs = {
      moved: transpose(x, [2, 0, 1]),
      'as floats': transpose(cast(x, 'float32'), [2, 0, 1]),
      'sums of floats': sum(cast(x, 'float32'), [1]),
      'sums of integers': sum(x, [1]),
      'running sums': cumsum(x, 0),
      'places of the largest': argmax(x, 1),
    };
    return run(outputs, [x], {
      x: value(
        'int32',
        [2, 3, 2],
        Array.from({ length: 12 }, (_, i) => i),
      ),
    });
  },
  large() {
    const x = tensor('x', 'int32', [2]);
    const values = { x: value('int32', [2], [3, -16777217]) };
    return Promise.all([told(run({ y: add(x, x) }, [x], values)), told(run({ y: add(x, x) }, [x], {}, values))]);
  },
  async broken() {
    const x = tensor('x', 'float32', [2, 2]);
    const feeds = { x: value('float32', [2, 2], [1, 2, 3, 4]) };
    const again = () => told(run({ y: add(matmul(x, x), 1) }, [x], feeds));
    breaks = true;
    const first = await again();
    breaks = false; // TensorFlow.js keeps what it made of the broken shader
    return [first, await again()];
  },
};
Object.assign(globalThis, { tfjsWebGpu: page });
